"""What is read of a client's directory through Microsoft Graph, with the permissions that its administrator granted.

Calls and fields: push-and-login fact sheet 4.1. Nothing is ever written there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from podserver.delivery import microsoft_words as words
from podserver.delivery.microsoft import Cloud, Line, NotReached, ask

_PERSON: Final = "id,userPrincipalName,mail,proxyAddresses,accountEnabled,userType"
_APP: Final = "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod"
# What the service does not decide by: no default, or one that this list of Microsoft's did not know yet.
_SAYS_NOTHING: Final = frozenset({"", "none", "unknownFutureValue"})
PUSH: Final = "push"


class GraphRefused(Exception):
    """Graph refused a read; ``status`` is the HTTP status, ``code`` Graph's own word."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code

    @property
    def forbidden(self) -> bool:
        """Whether a permission is missing, and not the thing itself."""
        return self.status in (401, 403)


class Unsuitable(Exception):
    """It is not clear who is meant, or they cannot be asked; the message is a technician's sentence."""


@dataclass(frozen=True, slots=True)
class Person:
    """One account of a directory. ``addresses`` are its sign-in name and every mail address, in lower case."""

    id: str
    upn: str
    addresses: frozenset[str]
    member: bool
    enabled: bool


class Graph:
    """One directory, as an app with a token sees it."""

    def __init__(self, cloud: Cloud, token: str) -> None:
        self._line = Line(cloud)
        self._root = cloud.graph
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def get(self, path: str, **params: str) -> Mapping[str, Any]:
        """A read. Raises GraphRefused, NotReached."""
        query = {f"${name}": value for name, value in params.items()}
        answer = ask(self._line, "GET", f"{self._root}{path}", params=query, headers=self._headers)
        try:
            said = answer.json()
        except ValueError:
            raise NotReached from None
        if not isinstance(said, dict):
            raise NotReached
        if answer.status_code != 200:
            error = said.get("error")
            code = error.get("code", "") if isinstance(error, dict) else ""
            raise GraphRefused(answer.status_code, str(code)[:80])
        return said

    def person(self, object_id: str) -> Person:
        """The account with an object id. Raises GraphRefused (404 where there is none), NotReached."""
        return _person(self.get(f"/v1.0/users/{quote(object_id, safe='')}", select=_PERSON))

    def find(self, email: str) -> Person:
        """The one member behind an e-mail address, by sign-in name, mail address or alias.

        Raises Unsuitable, GraphRefused, NotReached.
        """
        text = email.replace("'", "''")
        found: dict[str, Person] = {}
        # Graph answers a filter over both kinds of fields only with a costlier sort of query.
        for wanted in (f"mail eq '{text}' or userPrincipalName eq '{text}'",
                       f"proxyAddresses/any(p:p eq 'smtp:{text}')"):  # fmt: skip
            rows = self.get("/v1.0/users", filter=wanted, select=_PERSON).get("value")
            for row in rows if isinstance(rows, list) else ():
                person = _person(row)
                found[person.id] = person
        return the_one(found.values())

    def has_app(self, object_id: str) -> bool:
        """Whether the Authenticator app is registered for somebody. Raises GraphRefused, NotReached."""
        rows = self.get(f"/v1.0/users/{quote(object_id, safe='')}/authentication/methods").get("value")
        return any(isinstance(row, dict) and row.get("@odata.type") == _APP for row in rows or ())

    def preferred(self, object_id: str) -> str:
        """Somebody's default sign-in method in Graph's word, empty where there is none that decides.

        It still decides for this kind of push where Microsoft prefers methods by itself (fact sheet 3.8). Raises
        GraphRefused, NotReached.
        """
        said = self.get(f"/beta/users/{quote(object_id, safe='')}/authentication/signInPreferences")
        method = str(said.get("userPreferredMethodForSecondaryAuthentication") or "")
        return "" if method in _SAYS_NOTHING else method

    def organisation(self) -> tuple[str, str]:
        """Id and name of the directory. Raises GraphRefused, NotReached."""
        rows = self.get("/v1.0/organization", select="id,displayName").get("value")
        row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
        return str(row.get("id", "")).lower(), str(row.get("displayName") or "")

    def anybody(self) -> str:
        """The object id of any account, empty where there is none. Raises GraphRefused, NotReached."""
        rows = self.get("/v1.0/users", top="1", select="id").get("value")
        return str(rows[0].get("id", "")) if isinstance(rows, list) and rows and isinstance(rows[0], dict) else ""


def the_one(people: Iterable[Person]) -> Person:
    """The only enabled member among them. Raises Unsuitable, with a sentence for each way not to be that."""
    everybody = list(people)
    members = [each for each in everybody if each.member]
    usable = [each for each in members if each.enabled]
    if len(usable) == 1:
        return usable[0]
    if usable:
        raise Unsuitable(words.SEVERAL)
    if members:
        raise Unsuitable(words.DISABLED)
    raise Unsuitable(words.GUEST if everybody else words.NOBODY)


def _person(row: Any) -> Person:
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise NotReached
    upn = str(row.get("userPrincipalName") or "")
    written = [upn, str(row.get("mail") or "")]
    for address in row.get("proxyAddresses") or ():
        kind, _, value = str(address).partition(":")
        if kind.lower() == "smtp":
            written.append(value)
    return Person(
        id=row["id"],
        upn=upn,
        addresses=frozenset(each.casefold() for each in written if each),
        member=str(row.get("userType") or "Member").casefold() != "guest",
        enabled=row.get("accountEnabled") is True,
    )
