"""The rows of the pod: shield, state, time left, what can be done."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.base import Contact
from podserver.pod import words
from podserver.pod.reaching import Reachable
from podserver.pod.standing import Telling
from podserver.policies.policy import Policy
from podserver.verification import limits
from podserver.verification.destinations import international
from podserver.verification.methods import METHODS
from podserver.verification.methods.base import Marks, Method, Proof, Target
from podserver.verification.methods.link import typed_number
from podserver.verification.models import Delivery, State
from podserver.verification.offers import Weighed, offered, weigh
from podserver.verification.strength import Strength

_SHOW_FAILURE = timedelta(minutes=60)
# What weighs as any number that is typed will.
_SOME_NUMBER = Target("", "phone", "+12025550100", "", marks=Marks(typed=True))


@dataclass(frozen=True, slots=True)
class Context:
    """What the rows of one pod share. ``ready`` are the tools that are set up."""

    policy: Policy
    ready: frozenset[str]
    hash_key: str
    ticket_ref: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """A row's shield and its line of state. ``left`` is in seconds, of the request or of what is verified.

    ``strength`` is the word for a proof and ``why`` its reason, empty where nothing is proven.
    """

    shield: str
    word: str
    left: int = 0
    detail: str = ""
    strength: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One destination as the template shows it.

    ``offers`` are the methods, the default first; on a pending row they are the other ways, and ``resends`` says
    whether this one can be used again, in ``resend_in`` seconds. ``refusal`` says why there is none. ``proof`` is how
    the pending request ends, ``to_do`` what the technician does about it; ``digits`` is what the user has to type
    ``typed_where``, if anything. ``marks`` speak against the destination. ``rank`` is its place in the list.
    ``version`` changes with whatever needs the row drawn anew, ``status_version`` with the line of state alone.
    """

    key: str
    destination_key: str
    number: str
    label: str
    said: Said
    verification: str
    resend_in: int
    resends: bool
    offers: Sequence[Weighed]
    refusal: str
    marks: Sequence[str]
    method: str
    proof: str
    to_do: str
    digits: str
    typed_where: str
    rank: int
    version: str
    status_version: str
    error: str = ""
    focus: bool = False

    @property
    def shield(self) -> str:
        """unverified, pending, verified, manual or failed."""
        return self.said.shield

    @property
    def in_words(self) -> str:
        """The line of state without its clock, to be read aloud."""
        return " · ".join(part for part in (self.said.word, self.said.strength, self.said.detail) if part)


def build(context: Context, destinations: Sequence[Reachable], verifications: Sequence[Telling]) -> list[Row]:
    """A row for each destination that can be used or says something, the policy's first choice on top.

    Verifications of what stands nowhere in the PSA (a number that was typed, the person) have rows of their own while
    they say something.
    """
    rows = [row_of(context, each, verifications) for each in [*destinations, *_unlisted(destinations, verifications)]]
    shown = [row for row in rows if row.offers or row.refusal or row.shield != "unverified"]
    return sorted(shown, key=lambda row: row.rank)


def folded(context: Context, rows: Sequence[Row]) -> bool:
    """Whether the rows wait behind a click: the policy wants it so, and none of them has anything to say."""
    return not context.policy.show_on_load and bool(rows) and all(row.shield == "unverified" for row in rows)


def why_none(context: Context, contact: Contact) -> str:
    """Why a contact has no row, and what to do about it, in a sentence or two."""
    name = contact.first_name or contact.name
    if not context.ready:
        return "No way to reach people is set up yet. An admin adds one under Messages, Mail or Duo."
    if not any(each.value.strip() for each in contact.destinations):
        return f"{name} has no phone number and no e-mail address in the PSA. Add one to the contact, then retry."
    return (
        f"{name} cannot be reached in a way that this client's policy allows and that is set up."
        " Add another number or address in the PSA, or ask an admin to look at Policies."
    )


def typed_offers(context: Context) -> list[Weighed]:
    """What can be done with a number that is not on file; nothing where the policy takes none."""
    return list(offered(_SOME_NUMBER, context.policy, context.ready)) if context.policy.adhoc_number else []


def _unlisted(destinations: Sequence[Reachable], verifications: Sequence[Telling]) -> list[Reachable]:
    known = {each.target.key for each in destinations}
    rest = {v.destination_key: v for v in reversed(verifications) if v.destination_key not in known}
    return [unlisted(verification) for verification in rest.values()]


def unlisted(verification: Telling) -> Reachable:
    """The destination of a verification, where the PSA does not hold it."""
    by_hand = METHODS[verification.method].proof == Proof.WORD
    target = Target(verification.destination_key, "person" if by_hand else "unlisted", "", verification.masked)
    return Reachable(target, verification.masked, "" if by_hand else "not on file", "In person" if by_hand else "")


def row_of(
    context: Context,
    destination: Reachable,
    verifications: Sequence[Telling],
    *,
    error: str = "",
    focus: bool = False,
) -> Row:
    """The row of one destination. ``verifications`` are newest first; ``error`` is the sentence of a refused action."""
    at, target = context.at, destination.target
    current = _current([v for v in verifications if v.destination_key == target.key], context)
    said = _said(current, context)
    pending = current if said.shield == "pending" else None
    weighed = weigh(target, context.policy, context.ready)
    usable = [each for each in weighed if each.offered and each.method.proof != Proof.WORD]
    offers = _first_choice(usable, current)
    if pending is not None:
        offers = [each for each in offers if each.method.name != pending.method]
    refusal = _refusal(target, weighed, context)
    digits = _digits(pending, context) if pending is not None else ""
    return Row(
        key=target.key[:16],
        destination_key=target.key,
        number=_name(destination),
        label=destination.labels,
        said=said,
        verification=current.id if current is not None else "",
        resend_in=_resend_in(pending, at) if pending is not None else 0,
        resends=pending is not None and len(offers) < len(usable),
        offers=offers,
        refusal=refusal,
        marks=words.marks(target, texted=any(each.method.needs == "sms" for each in usable)),
        method=current.method if current is not None else "",
        proof=METHODS[pending.method].proof.value if pending is not None else "",
        to_do=words.to_do(pending, destination.name) if pending is not None else "",
        digits=digits,
        typed_where=f"in {destination.name}" if destination.name else "on the page",
        rank=_rank(usable, context),
        version=_version(current, said, offers, refusal, digits),
        status_version=_status_version(pending, at) if pending is not None else "",
        error=error,
        focus=focus,
    )


def _name(destination: Reachable) -> str:
    target = destination.target
    if target.kind == "phone" and target.address:
        return international(target.address)
    return destination.name or destination.written


def _rank(usable: Sequence[Weighed], context: Context) -> int:
    methods = context.policy.methods
    return min((methods.index(each.method.name) for each in usable), default=len(methods))


def _digits(pending: Telling, context: Context) -> str:
    """What the user has to type: the number of a link's page, or the code that a provider of pushes gave."""
    return typed_number(context.hash_key, pending.id) if pending.digits else pending.read_out or ""


def _version(current: Telling | None, said: Said, offers: Sequence[Weighed], refusal: str, digits: str) -> str:
    detail = "" if said.shield == "pending" else f"{said.detail} {said.strength}"
    ways = [each.method.name for each in offers]
    known = (current.id if current else "", said.shield, detail, refusal, ways, bool(digits))
    return f"{zlib.crc32(repr(known).encode()):08x}"


def _status_version(pending: Telling, at: datetime) -> str:
    return f"{pending.delivery}-{words.is_silent(pending, at)}-{pending.wrong_guesses}"


def _first_choice(offers: list[Weighed], current: Telling | None) -> list[Weighed]:
    """The offers, another channel first where the last message could not arrive: a landline is better called."""
    if current is None or current.state != State.FAILED or current.delivery != Delivery.UNDELIVERED:
        return offers
    failed = METHODS[current.method].needs
    return sorted(offers, key=lambda offer: offer.method.needs == failed)


def _refusal(target: Target, weighed: Sequence[Weighed], context: Context) -> str:
    """Why a number or an address cannot be used, where that is worth a row: something is wrong with it itself."""
    if target.kind not in ("phone", "email") or any(each.offered for each in weighed) or not context.ready:
        return ""
    own = next((each.method.refusal(target) for each in weighed if each.method.refusal(target)), "")
    return own or (weighed[0].why if target.kind == "phone" else "")


def _current(mine: Sequence[Telling], context: Context) -> Telling | None:
    """The verification that a row tells of: the newest, but a proof that counts before a newer one that does not."""
    saying = [v for v in mine if _says_something(v, context)]
    if not saying or saying[0].state != State.VERIFIED or not _shortcoming(saying[0], context):
        return saying[0] if saying else None
    return next((v for v in saying if v.state == State.VERIFIED and not _shortcoming(v, context)), saying[0])


def _says_something(verification: Telling, context: Context) -> bool:
    at = context.at
    if verification.state == State.PENDING:
        return True
    if verification.state == State.VERIFIED:
        return _counts_until(verification, context) > at
    if verification.state in (State.CANCELLED, State.SUPERSEDED):
        return False
    return verification.ended_at is not None and verification.ended_at > at - _SHOW_FAILURE


def _counts_until(verification: Telling, context: Context) -> datetime:
    if verification.green_until is not None:
        return verification.green_until
    # A technician's word is shown as long as a proof would be, and is never green.
    assert verification.ended_at is not None
    return verification.ended_at + timedelta(minutes=context.policy.minutes_green)


def _said(current: Telling | None, context: Context) -> Said:
    if current is None:
        return Said("unverified", "Unverified")
    at, method = context.at, METHODS[current.method]
    by = f"by {current.technician.split()[0]}" if current.technician.split() else ""
    where = f" on #{current.ticket}" if current.ticket else ""
    if current.state == State.VERIFIED:
        return _verified(current, method, f"{by}{where}", context)
    if current.state == State.PENDING and current.expires_at > at:
        by += where if current.ticket_ref != context.ticket_ref else ""
        left = int((current.expires_at - at).total_seconds()) + 1
        return Said("pending", "Pending", left, f"{words.delivery(current, at)} · {by}")
    return Said("failed", "Failed", detail=words.failure(current))


def _verified(current: Telling, method: Method, by: str, context: Context) -> Said:
    shortcoming = _shortcoming(current, context)
    if shortcoming:
        return Said("unverified", "Unverified", detail=shortcoming)
    left = int((_counts_until(current, context) - context.at).total_seconds())
    if method.proof == Proof.WORD:
        return Said("manual", "Recorded by hand", left, f"{by} · no proof")
    why = f"{current.worth[:1].upper()}{current.worth[1:]}."
    return Said("verified", "Verified", left, f"{method.label} · {by}", Strength(current.strength).word, why)


def _shortcoming(verified: Telling, context: Context) -> str:
    """Why a verification does not count here; empty where it does, and for a word, which never counts."""
    if verified.ticket_ref != context.ticket_ref and not context.policy.counts_elsewhere:
        place = f"on #{verified.ticket}" if verified.ticket else "on the contact's own page"
        return f"verified {place}, which does not count here"
    strength, minimum = Strength(verified.strength), context.policy.minimum_strength
    if METHODS[verified.method].proof == Proof.WORD or strength.meets(minimum):
        return ""
    return f"verified, but only {strength.word}; this client's policy asks for {minimum.word}"


def _resend_in(current: Telling, at: datetime) -> int:
    left = (current.created_at + limits.RESEND_AFTER - at).total_seconds()
    return max(0, int(left + 0.999))
