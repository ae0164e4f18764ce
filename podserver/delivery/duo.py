"""Pushes through Duo: one channel asks, another hears what the user pressed.

Asking is not idempotent: a push whose answer was lost may ring a phone, so it is never sent again by itself. Hearing
is: it is done again and again until the user has pressed something, on threads of its own.
"""

from __future__ import annotations

import http.client
import ssl
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.database import writing
from podserver.delivery import duo_words as words
from podserver.delivery.credentials import DuoKeys, DuoPerson
from podserver.delivery.outbox import Accepted, Job, Outcome, Refused, TryLater, Unknown
from podserver.history.service import Entry, Kind, Subject, record
from podserver.logs import logger
from podserver.security import sealing
from podserver.security.trust import bundle
from podserver.tenancy import bind_tenant, tenant_upsert

log = logger(__name__)

CHANNEL: Final = "duo"
ANSWERS: Final = "duo_answer"
AUTH, ADMIN, WEB = "auth", "admin", "web"
_LONGEST_WAIT = timedelta(seconds=10)
_SOON = timedelta(milliseconds=200)
# What duo-client lets through where no usable answer came.
_SILENCE = (OSError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class Person:
    """Whom to ask: by id where the Admin API knows them, else by the name they may have."""

    user_id: str
    username: str
    found_by: str

    def named(self) -> dict[str, str]:
        """The parameter that names them to Duo."""
        return {"user_id": self.user_id} if self.user_id else {"username": self.username}


class Refusal(Exception):
    """Duo cannot ask this person; the message is a technician's sentence."""


class DuoChannel:
    """Payload: ``{email, contact, integration_id, shown: [[name, value]...], life}``."""

    repeatable = False
    holds = False
    patient = False

    def __init__(self, ca_file: Path | None, lease: timedelta) -> None:
        self._ca_file = ca_file
        # Up to five calls; all of them together end inside the lease.
        self._timeout = min(_LONGEST_WAIT, lease * 0.16).total_seconds()

    def hand_over(self, session: Session, job: Job) -> Outcome:
        """Find the person, see whether they can be asked, and ask."""
        keys = keys_of(session, job.tenant_id)
        if AUTH not in keys:
            return Refused("Duo is not set up, an admin adds it under Duo")
        auth = auth_client(keys[AUTH], self._ca_file, self._timeout)
        try:
            person = self._find(session, job, keys)
            ready = auth.preauth(**person.named(), client_supports_verified_push="1")
            device = _device(ready)
        except Refusal as error:
            return Refused(str(error))
        except RuntimeError as error:
            return _not_begun(error)
        except _SILENCE:
            return TryLater("Duo cannot be reached, trying again", timedelta(seconds=3))
        if person.user_id and person.found_by != "known":
            self._remember(session, job, person)
        return self._ask(auth, job, person, ready, device)

    def look_up(self, session: Session, job: Job) -> Accepted | None:
        """Duo does not tell of a push whose transaction is not known."""
        return None

    def _ask(self, auth: Any, job: Job, person: Person, ready: Mapping[str, Any], device: str) -> Outcome:
        code = str(ready.get("verification_code") or "")
        known = {"txid": ready["txid"]} if code and ready.get("txid") else {}
        shown = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in job.payload["shown"])
        try:
            begun = auth.auth(
                factor="push",
                device=device,
                async_txn=True,
                type="Help desk",
                pushinfo=shown,
                **person.named(),
                **known,
            )
        except RuntimeError as error:
            if words.http_status(error) >= 500 or not words.error_code(error):
                return Unknown("Duo had a fault, the push may have been sent")
            return _not_begun(error)
        except (ConnectionRefusedError, ssl.SSLError):
            return TryLater("Duo cannot be reached, trying again", timedelta(seconds=3))
        except _SILENCE:
            return Unknown("Duo did not answer, the push may have been sent")
        txid = str(begun.get("txid", ""))
        if not txid:
            return Unknown("Duo's answer was not understood, the push may have been sent")
        return Accepted(txid, "pushed", also={"verified": bool(code), "read_out": code})

    def _find(self, session: Session, job: Job, keys: Mapping[str, DuoKeys]) -> Person:
        """The person behind an e-mail address. Raises Refusal."""
        email = job.payload["email"].casefold()
        where = (
            DuoPerson.integration_id == job.payload["integration_id"],
            DuoPerson.contact == job.payload["contact"],
            DuoPerson.email_hash == sealing.fingerprint(email),
        )
        known = session.execute(select(DuoPerson.user_id, DuoPerson.username).where(*where)).one_or_none()
        session.rollback()
        if ADMIN not in keys:
            return Person(known.user_id, known.username, "known") if known else Person("", email, "preauth")
        admin = admin_client(keys[ADMIN], self._ca_file, self._timeout)
        if known is not None:
            found = list(admin.get_users_by_ids([known.user_id]))
            if len(found) == 1:
                return _usable(found[0], "known")
        for found_by, look in _ways(admin):
            found = list(look(email))
            if len(found) > 1:
                raise Refusal(words.AMBIGUOUS)
            if found:
                return _usable(found[0], found_by)
        raise Refusal(words.NOT_FOUND)

    @staticmethod
    def _remember(session: Session, job: Job, person: Person) -> None:
        at = datetime.now(UTC)
        with writing(session):
            statement = tenant_upsert(
                session,
                DuoPerson,
                [
                    {
                        "integration_id": job.payload["integration_id"],
                        "contact": job.payload["contact"],
                        "email_hash": sealing.fingerprint(job.payload["email"].casefold()),
                        "user_id": person.user_id,
                        "username": person.username,
                        "found_by": person.found_by,
                        "found_at": at,
                    }
                ],
            )
            new = statement.excluded
            session.execute(
                statement.on_conflict_do_update(
                    index_elements=["tenant_id", "integration_id", "contact"],
                    set_={
                        "email_hash": new.email_hash, "user_id": new.user_id, "username": new.username,
                        "found_by": new.found_by, "found_at": new.found_at,
                    },
                )
            )  # fmt: skip
            subject = Subject(integration_id=job.payload["integration_id"], contact=job.payload["contact"])
            record(session, at, Entry(Kind.DUO_LINKED, subject, detail={"found by": person.found_by}))


class DuoAnswers:
    """Payload: ``{reference: the transaction, verified: whether a code was read out, ...}``."""

    repeatable = True
    holds = False
    patient = True

    def __init__(self, ca_file: Path | None, lease: timedelta) -> None:
        self._ca_file = ca_file
        # Duo answers when something changes, or says after some seconds that nothing has.
        self._timeout = min(_LONGEST_WAIT, lease * 0.4).total_seconds()

    def hand_over(self, session: Session, job: Job) -> Outcome:
        """Ask once what the user pressed."""
        keys = keys_of(session, job.tenant_id)
        if AUTH not in keys:
            return Refused("Duo is not set up any more")
        try:
            said = auth_client(keys[AUTH], self._ca_file, self._timeout).auth_status(job.payload["reference"])
        except RuntimeError as error:
            # 40002 is how a long look ends without news (fact sheet 2.6).
            refused = words.error_code(error) in (40101, 40102, 40103, 40301)
            return Refused(words.explain(error)) if refused else TryLater("still waiting", timedelta(seconds=1))
        except TimeoutError:
            return TryLater("still waiting", _SOON)
        except _SILENCE:
            return TryLater("Duo cannot be reached, asking again", timedelta(seconds=2))
        status = str(said.get("status", ""))
        if said.get("waiting") and status != "push_failed":
            return TryLater("still waiting", _SOON)
        result, reason = words.ENDS.get(status, ("refused", "Duo ended the request in a way that is not known"))
        if result == "approved" and not said.get("success"):
            result, reason = "refused", "Duo contradicts itself about this request"
        if result == "approved" and job.payload.get("verified"):
            result = "verified"
        return Accepted(job.payload["reference"], result, reason)

    def look_up(self, session: Session, job: Job) -> Accepted | None:
        """Hearing is repeated, never unknown."""
        return None


def keys_of(session: Session, tenant_id: int) -> dict[str, DuoKeys]:
    """The tenant's Duo keys by kind; no transaction is left open."""
    bind_tenant(session, tenant_id)
    found = {row.kind: row for row in session.scalars(select(DuoKeys))}
    for row in found.values():
        session.expunge(row)
    session.rollback()
    return found


def auth_client(keys: DuoKeys, ca_file: Path | None, timeout: float) -> Any:
    """A client of the Auth API that does not sleep; ``timeout`` is in seconds."""
    from duo_client import Auth

    return _awake(Auth(**_at(keys, ca_file, timeout)))


def admin_client(keys: DuoKeys, ca_file: Path | None, timeout: float) -> Any:
    """A client of the Admin API that does not sleep; ``timeout`` is in seconds."""
    from duo_client import Admin

    return _awake(Admin(**_at(keys, ca_file, timeout)))


def _at(keys: DuoKeys, ca_file: Path | None, timeout: float) -> dict[str, Any]:
    host, _, port = keys.host.partition(":")
    known: dict[str, Any] = {"ikey": keys.key, "skey": keys.secret, "host": host, "timeout": timeout}
    if port:
        known["port"] = int(port)
    if ca_file is not None:
        from duo_client.client import DEFAULT_CA_CERTS

        known["ca_certs"] = bundle(ca_file, DEFAULT_CA_CERTS)
    return known


def _awake(client: Any) -> Any:
    # On a 429 the package would sleep for a minute inside the call; the outbox waits better (fact sheet 2.5).
    client._MAX_BACKOFF_WAIT_SECS = 0
    return client


def _ways(admin: Any) -> tuple[tuple[str, Callable[[str], list[dict[str, Any]]]], ...]:
    # By name finds aliases too (fact sheet 2.7).
    return (("e-mail", admin.get_user_by_email), ("username or alias", admin.get_users_by_name))


def _usable(user: Mapping[str, Any], found_by: str) -> Person:
    status = str(user.get("status", ""))
    if status in words.BLOCKED:
        raise Refusal(words.BLOCKED[status])
    return Person(str(user["user_id"]), str(user.get("username", "")), found_by)


def _device(ready: Mapping[str, Any]) -> str:
    """The device to push to. Raises Refusal where the user cannot be asked."""
    result = str(ready.get("result", ""))
    if result != "auth":
        raise Refusal(words.BLOCKED.get(result, "Duo's answer was not understood"))
    if not any("push" in device.get("capabilities", ()) for device in ready.get("devices", ())):
        raise Refusal(words.NO_PUSH_DEVICE)
    return "auto"


def _not_begun(error: RuntimeError) -> Outcome:
    if words.error_code(error) == words.TOO_MANY:
        return TryLater("Duo asks to slow down, trying again", timedelta(seconds=10))
    if words.http_status(error) >= 500 or not words.error_code(error):
        return TryLater("Duo has a fault, trying again", timedelta(seconds=5))
    return Refused(words.explain(error), str(words.error_code(error)))


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")
