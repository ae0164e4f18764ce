"""What has come for a person, app by app, in one answer; and whose phone the newest of everything has come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from emulators.duo.emulator import DuoEmulator
from emulators.duo.users import User as DuoUser
from emulators.entra.emulator import EntraEmulator
from emulators.entra.people import User as EntraUser
from emulators.handset.accounts import about_duo, about_entra
from emulators.handset.people import People, Person
from emulators.mail.emulator import MailEmulator
from emulators.twilio.calls import Call
from emulators.twilio.emulator import TwilioEmulator

SHOWN = 20


@dataclass(frozen=True)
class Services:
    """The stand-ins that reach a phone."""

    twilio: TwilioEmulator
    mail: MailEmulator
    duo: DuoEmulator
    entra: EntraEmulator


def news(person: Person, people: People, services: Services) -> dict[str, Any]:
    """`apps`: what each app holds for `person`; `newest`: for each app the last thing that came to anybody.

    An app's `items` name what came, newest first, in words that mean nothing but stay the same; `waiting` counts what
    asks for an answer now. Messages also says which of the person's numbers it was (`number`).
    """
    return {
        "apps": {
            "messages": _messages(person, services.twilio),
            "mail": _mail(person, services.mail),
            "duo": _duo(person, services.duo),
            "authenticator": _authenticator(person, services.entra),
        },
        "newest": {name: look(people, services) for name, look in _NEWEST.items()},
    }


def _is_live(call: Call) -> bool:
    return call.can_answer or call.status == "in-progress"


def _messages(person: Person, twilio: TwilioEmulator) -> dict[str, Any]:
    calls = [call for call in twilio.store.calls.all() if call.to in person.numbers and call.mark]
    marks = {call.mark: call.to for call in calls}
    for number in person.numbers:
        marks |= {text.id: number for text in twilio.store.texts(number) if not text.outgoing}
    # A call that goes on keeps the phone to its number, whatever comes to another one meanwhile.
    live = next((call.to for call in calls if _is_live(call)), "")
    newest = sorted(marks, reverse=True)
    first = person.numbers[0] if person.numbers else ""
    return {
        "items": [str(mark) for mark in newest[:SHOWN]],
        "waiting": sum(call.can_answer for call in calls),
        "number": live or (marks[newest[0]] if newest else first),
    }


def _mail(person: Person, mail: MailEmulator) -> dict[str, Any]:
    found = [each for address in person.mails for each in mail.store.newest(address)[:SHOWN]]
    found.sort(key=lambda each: each.received, reverse=True)
    return {"items": [each.id for each in found[:SHOWN]], "waiting": 0}


def duo_users(person: Person, duo: DuoEmulator) -> list[DuoUser]:
    """The Duo users that the person's addresses find, as e-mail, username or alias."""
    found = [user for address in person.mails for user in duo.directory.matching(address)]
    return list(dict.fromkeys(found))


def entra_user(person: Person, entra: EntraEmulator) -> EntraUser | None:
    """The Microsoft account behind one of the person's addresses, which need not be its sign-in name."""
    with entra.directory.lock:
        users = [user for tenant in entra.directory.tenants.values() for user in tenant.users]
    return next((user for user in users for address in person.mails if address in _addresses(user)), None)


def _addresses(user: EntraUser) -> set[str]:
    return {each.lower() for each in (user.upn, user.mail or "", *user.aliases)} - {""}


def _duo(person: Person, duo: DuoEmulator) -> dict[str, Any]:
    users = duo_users(person, duo)
    ids = {user.user_id for user in users}
    pushes = [each.to_json() for each in duo.transactions.all() if each.delivered and each.user.user_id in ids]
    account, remark = about_duo(users)
    return _pushed(pushes, "txid", account, remark)


def _authenticator(person: Person, entra: EntraEmulator) -> dict[str, Any]:
    user = entra_user(person, entra)
    if user is None:
        return _pushed([], "session", *about_entra(None, ""))
    account, remark = about_entra(user, entra.faults.of("preferred", user.upn) or user.preferred)
    return _pushed([push.to_json() for push in entra.pushes.shown(user.upn)], "session", account, remark)


def _pushed(pushes: list[dict[str, Any]], key: str, account: str, remark: str) -> dict[str, Any]:
    return {
        "items": [push[key] for push in pushes[:SHOWN]],
        "waiting": sum(push["state"] == "waiting" for push in pushes),
        "account": account,
        "remark": remark,
        "pushes": pushes[:SHOWN],
    }


def _newest_message(people: People, services: Services) -> dict[str, str]:
    last = max(services.twilio.store.handsets(), key=lambda each: each["last"])
    return _came(str(last["last"]), people.with_number(last["number"]) if last["last"] else None)


def _newest_mail(people: People, services: Services) -> dict[str, str]:
    mail = next((each for each in services.mail.store.newest() if not each.bounced), None)
    return _came(mail.id, _first(map(people.with_mail, mail.arrival.recipients))) if mail else _came("", None)


def _newest_duo_push(people: People, services: Services) -> dict[str, str]:
    push = next((each for each in services.duo.transactions.all() if each.delivered), None)
    names = (push.user.email, push.user.username, *push.user.aliases) if push else ()
    return _came(push.txid if push else "", _first(map(people.with_mail, names)))


def _newest_authenticator_push(people: People, services: Services) -> dict[str, str]:
    push = next(iter(services.entra.pushes.shown()), None)
    user = services.entra.directory.user(push.upn) if push else None
    return _came(push.id if push else "", _first(map(people.with_mail, _addresses(user) if user else ())))


def _first(found: Iterable[Person | None]) -> Person | None:
    return next((person for person in found if person), None)


def _came(item: str, to: Person | None) -> dict[str, str]:
    return {"item": item, "phone": to.query if to else ""}


_NEWEST: dict[str, Callable[[People, Services], dict[str, str]]] = {
    "messages": _newest_message,
    "mail": _newest_mail,
    "duo": _newest_duo_push,
    "authenticator": _newest_authenticator_push,
}
