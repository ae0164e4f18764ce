"""Finds users by what callers know of them, and lets the controls change them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

from emulators.duo import seed
from emulators.duo.users import User

AUTO_ANSWERS = ("approve", "deny", "fraud", "timeout", "ignore")


@dataclass(frozen=True)
class Script:
    """How a user's phone answers by itself: one of AUTO_ANSWERS, so many seconds after the push came."""

    answer: str
    after_seconds: float = 0


def simple_name(name: str) -> str:
    """A name without `DOMAIN\\` before it and `@suffix` behind it ("simple" normalisation, fact sheet 2.8)."""
    return name.strip().rpartition("\\")[2].partition("@")[0]


class Directory:
    """The account's users, behind one lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Back to the seed."""
        with self._lock:
            self._users: dict[str, User] = {user.user_id: user for user in seed.users()}
            self._scripts: dict[str, Script] = {}

    def all(self) -> list[User]:
        """Every user, in a fixed order."""
        with self._lock:
            return list(self._users.values())

    def get(self, user_id: str) -> User | None:
        """The user with this id."""
        with self._lock:
            return self._users.get(user_id)

    def named(self, name: str, *, simple: bool = False) -> User | None:
        """The user with this username or alias; with `simple`, both sides are cut to the simple name before."""
        wanted = simple_name(name) if simple else name
        for user in self.all():
            if user.is_called(wanted):
                return user
            if simple and any(simple_name(each).lower() == wanted.lower() for each in (user.username, *user.aliases)):
                return user
        return None

    def with_email(self, email: str) -> list[User]:
        """The users with this e-mail address: none, one or several."""
        return [user for user in self.all() if user.email and user.email.lower() == email.strip().lower()]

    def matching(self, who: str) -> list[User]:
        """The users whose id, username, alias or e-mail address is `who`."""
        return [
            user
            for user in self.all()
            if user.user_id == who or user.is_called(who) or (user.email and user.email.lower() == who.strip().lower())
        ]

    def change(self, user_id: str, **values: Any) -> None:
        """Set fields of a user. Raises KeyError where there is none."""
        with self._lock:
            self._users[user_id] = replace(self._users[user_id], **values)

    def script(self, user_id: str) -> Script | None:
        """How the user's phone answers by itself; None where a person is to press."""
        with self._lock:
            return self._scripts.get(user_id)

    def set_script(self, user_id: str, script: Script | None) -> None:
        """Say how the phone answers the pushes to come; None leaves it to a person."""
        with self._lock:
            if script:
                self._scripts[user_id] = script
            else:
                self._scripts.pop(user_id, None)
