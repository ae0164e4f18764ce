"""The pushes that are out: who was asked, since when, and what the person did. Also codes that wait to be typed."""

from __future__ import annotations

import datetime as dt
import secrets
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from emulators.entra.clock import now
from emulators.entra.faults import Faults
from emulators.entra.people import CODE_METHODS, PUSH_METHOD, User

STATE_OF_ANSWER = {"approve": "approved", "deny": "denied", "fraud": "fraud"}
_WRONG_CODES = 3


@dataclass(frozen=True)
class Outcome:
    """A Result/Value with its AuthenticationResult: "true", "false", "challenge", or None where it is nil."""

    value: str
    authenticated: str | None = "false"

    @classmethod
    def read(cls, text: str) -> Outcome:
        """From the spelling of the faults: `PhoneAppDenied`, `Success/false`, `Success/absent`."""
        value, _, authenticated = text.partition("/")
        if not authenticated:
            return cls(value, "true" if value == "Success" else "false")
        return cls(value, None if authenticated == "absent" else authenticated)


APPROVED = Outcome("Success", "true")
STARTED = Outcome("Success", None)
CHALLENGED = Outcome("Success", "challenge")
PENDING = Outcome("AuthenticationPending", None)
OUTCOME_OF_STATE = {
    "approved": APPROVED,
    "denied": Outcome("PhoneAppDenied"),
    "fraud": Outcome("PhoneAppFraudReported"),
    "no_answer": Outcome("PhoneAppNoResponse"),
}


@dataclass
class Push:
    """One session of the push service. `forced` is an outcome that a fault or the method has decided beforehand."""

    upn: str
    tenant: str
    tenant_name: str
    method: str
    patience: float
    life: float
    forced: Outcome | None = None
    answer_by_script: tuple[str, float] | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    sent_at: dt.datetime = field(default_factory=now)
    started: float = field(default_factory=time.monotonic)
    answer: str | None = None
    code: str = ""
    wrong_codes: int = 0

    @property
    def on_the_phone(self) -> bool:
        """Whether a person sees it: a real push, neither a code nor a session that a fault has decided."""
        return self.method == PUSH_METHOD and self.forced is None

    @property
    def age(self) -> float:
        """Seconds since Begin."""
        return time.monotonic() - self.started

    @property
    def state(self) -> str:
        """waiting, approved, denied, fraud or no_answer."""
        if self.answer:
            return STATE_OF_ANSWER.get(self.answer, self.answer)
        age = self.age
        if self.answer_by_script and self.answer_by_script[1] <= min(age, self.patience):
            return STATE_OF_ANSWER[self.answer_by_script[0]]
        return "no_answer" if age >= self.patience else "waiting"

    @property
    def next_change(self) -> float:
        """In how many seconds `state` changes by itself."""
        ends = [self.patience] + ([self.answer_by_script[1]] if self.answer_by_script else [])
        return max(min(ends) - self.age, 0.001)

    @property
    def outcome(self) -> Outcome:
        """What End says at this moment."""
        if self.forced:
            return self.forced
        return PENDING if self.code else OUTCOME_OF_STATE.get(self.state, PENDING)

    def to_json(self) -> dict[str, str]:
        """For the handset."""
        return {
            "session": self.id,
            "upn": self.upn,
            "tenant": self.tenant,
            "tenant_name": self.tenant_name,
            "sent_at": self.sent_at.isoformat(),
            "state": self.state,
        }


class ClosedError(Exception):
    """The push has an answer, or its time is over."""


class StillOpenError(Exception):
    """The phone shows a push already."""


class Pushes:
    """All sessions since the last reset; safe to use from several threads."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._changed = threading.Condition()
        self._sessions: dict[str, Push] = {}
        self._blocked: set[str] = set()

    def clear(self) -> None:
        """Forget every session; calls that wait for a person end as without an answer."""
        with self._changed:
            for push in self._sessions.values():
                push.answer = push.answer or "no_answer"
            self._sessions.clear()
            self._blocked.clear()
            self._changed.notify_all()

    def open(self, user: User, tenant_name: str, method: str, forced: Outcome | None = None) -> Push:
        """A new session for `user`; one of a code method gets its code.

        Raises StillOpenError where another push to the same phone has no answer yet.
        """
        verb, _, seconds = self._faults.of("script", user.upn).partition(":")
        push = Push(
            user.upn,
            user.tenant,
            tenant_name,
            method,
            patience=self._faults.seconds("no_answer_seconds"),
            life=self._faults.seconds("session_seconds"),
            forced=forced,
            answer_by_script=(verb, float(seconds or 0)) if verb else None,
            code=f"{secrets.randbelow(1_000_000):06d}" if method in CODE_METHODS and not forced else "",
        )
        with self._changed:
            if push.on_the_phone and any(each.state == "waiting" for each in self.shown(user.upn)):
                raise StillOpenError
            self._sessions[push.id] = push
        return push

    def find(self, session: str, upn: str | None, tenant: str) -> Push | None:
        """The session, if it is one of `tenant`, of `upn` where that is said, and not too old."""
        with self._changed:
            push = self._sessions.get(session)
        if push is None or push.tenant != tenant or push.age > push.life:
            return None
        return push if upn is None or upn.lower() == push.upn.lower() else None

    def is_blocked(self, upn: str) -> bool:
        """Whether `upn` has reported fraud while the fault `fraud_blocks` was on."""
        with self._changed:
            self._block_those_who_reported()
            return upn in self._blocked

    def shown(self, upn: str | None = None) -> list[Push]:
        """The pushes that phones show, newest first."""
        return [push for push in self._newest_first() if push.on_the_phone and _is(push, upn)]

    def codes(self, upn: str | None = None) -> list[Push]:
        """The sessions that wait for a code, newest first."""
        return [push for push in self._newest_first() if push.code and _is(push, upn)]

    def _newest_first(self) -> Iterator[Push]:
        with self._changed:
            return reversed(list(self._sessions.values()))

    def answer(self, session: str, answer: str) -> Push:
        """The person presses approve, deny or fraud. Raises KeyError for no such push, ClosedError for a late one."""
        with self._changed:
            push = self._sessions.get(session)
            if push is None or not push.on_the_phone:
                raise KeyError(session)
            if push.state != "waiting":
                raise ClosedError
            push.answer = answer
            self._changed.notify_all()
            return push

    def wait(self, push: Push) -> Outcome:
        """Until the person answers or the time is over; at once where the outcome is decided."""
        with self._changed:
            while push.forced is None and push.outcome == PENDING:
                self._changed.wait(push.next_change)
            return push.outcome

    def enter_code(self, push: Push, text: str) -> Outcome:
        """Somebody types `text` for a session that waits for a code."""
        texted = push.method != "PhoneAppOTP"
        with self._changed:
            if push.answer:
                return Outcome("InvalidSession" if texted else "OathCodeDuplicate")
            if push.wrong_codes >= _WRONG_CODES and texted:
                return Outcome("SMSAuthFailedMaxAllowedCodeRetryReached")
            if text != push.code:
                push.wrong_codes += 1
                return Outcome("SMSAuthFailedWrongCodeEntered" if texted else "OathCodeIncorrect")
            push.answer = "approve"
            return APPROVED

    def _block_those_who_reported(self) -> None:
        if self._faults.on("fraud_blocks"):
            self._blocked.update(push.upn for push in self._sessions.values() if push.state == "fraud")


def _is(push: Push, upn: str | None) -> bool:
    return upn is None or push.upn.lower() == upn.lower()
