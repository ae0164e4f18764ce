"""Who calls: three headers, checked in Autotask's order, and a lock after too many wrong secrets."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from werkzeug.datastructures import Headers

from emulators.autotask.errors import bad_code, refused, unauthorized
from emulators.autotask.faults import Faults
from emulators.autotask.rights import Rights
from emulators.autotask.seed import CUSTOM_CODE, SECRET, VENDOR_CODE
from emulators.autotask.store import Store


@dataclass(frozen=True)
class Caller:
    """An API user at work: its tenant, its tracking identifier and its rights."""

    store: Store
    code: str
    rights: Rights

    @property
    def by_vendor(self) -> bool:
        """Whether the tracking identifier is that of a listed vendor."""
        return self.code == VENDOR_CODE


class Gate:
    """The check of credentials over all tenants."""

    def __init__(self, stores: Sequence[Store], faults: Faults) -> None:
        self._stores, self._faults = stores, faults
        self._lock = threading.Lock()
        self._failures: dict[str, int] = {}

    def store_of(self, user: str) -> Store | None:
        """The tenant of a user name in any letter case, or None."""
        return next((each for each in self._stores if each.tenant.user.lower() == user.strip().lower()), None)

    def unlock(self) -> None:
        """What a tenant's administrator does for a locked user."""
        with self._lock:
            self._failures.clear()

    def admit(self, headers: Headers, *, moved_away: bool) -> Caller:
        """The caller behind the headers. Raises 401, or 500 for a bad tracking identifier."""
        store = self.store_of(headers.get("UserName", ""))
        if store is None:
            if self._faults.text("unknown_user_status") == "500":
                raise refused("The username is invalid.")
            raise unauthorized()
        if moved_away:
            raise unauthorized()
        right = headers.get("Secret", "") == SECRET and not self._faults.on("wrong_keys")
        limit = int(self._faults.number("lock_after"))
        with self._lock:
            failures = self._failures.get(store.tenant.user, 0)
            locked = limit > 0 and failures >= limit
            if not right and not locked:
                self._failures[store.tenant.user] = failures + 1
            elif right and not locked:
                self._failures.pop(store.tenant.user, None)
        if locked or not right:
            raise unauthorized()
        code = headers.get("ApiIntegrationCode", "")
        if code not in (VENDOR_CODE, CUSTOM_CODE):
            raise bad_code()
        return Caller(store, code, Rights(self._faults.missing()))
