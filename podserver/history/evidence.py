"""Exported history: one JSON object a line, provable with nothing but the file and the public key.

A header, the events in the order of the chain, the checkpoints, and an end line whose signature covers every byte
before it. So a changed byte is found by the end line, and the chain names the first event that is wrong. A file
that begins after the first event is a part, and says so in its header.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.accounts.models import Tenant
from podserver.history.chain import GENESIS, canonical, checkpoint_content, content, decode, digest, encode, signing_key
from podserver.history.models import HistoryCheckpoint, HistoryEvent, HistorySeal
from podserver.tenancy import bound_tenant

FORMAT = "podserver-history-1"
_LONGEST_LINE = 1_000_000


class Tampered(Exception):
    """The file is not what was exported; the message names the first line that is wrong."""


def export(session: Session, at: datetime) -> Iterator[bytes]:
    """The bound tenant's sealed events as lines. Events that are not sealed yet are not in it."""
    tenant = session.get_one(Tenant, bound_tenant(session))
    private, public = signing_key(session)
    running = sha256()

    def line(value: dict[str, Any]) -> bytes:
        raw = canonical(value) + b"\n"
        running.update(raw)
        return raw

    yield line(
        {"format": FORMAT, "tenant": tenant.id, "msp": tenant.name, "public_key": public, "exported_at": _time(at)}
    )
    position, head = 0, GENESIS
    rows = session.execute(
        select(HistorySeal, HistoryEvent)
        .join(HistoryEvent, HistoryEvent.id == HistorySeal.event_id)
        .order_by(HistorySeal.position)
        .execution_options(yield_per=500)
    )
    for seal, event in rows:
        yield line(
            {"position": seal.position, "previous": seal.previous, "digest": seal.digest, "event": content(event)}
        )
        position, head = seal.position, seal.digest
    for mark in session.scalars(
        select(HistoryCheckpoint).where(HistoryCheckpoint.position <= position).order_by(HistoryCheckpoint.position)
    ):
        said = checkpoint_content(tenant.id, mark.position, mark.digest, mark.at)
        yield line({"checkpoint": said, "signature": mark.signature})
    end = {"purpose": "podserver export end", "tenant": tenant.id, "position": position, "digest": head,
           "file": running.hexdigest()}  # fmt: skip
    yield canonical({"end": end, "signature": encode(private.sign(canonical(end)))}) + b"\n"


def _time(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


def verify(file: BinaryIO, public_key: str) -> int:
    """Prove an exported file; return how many events it holds.

    ``public_key`` comes from where the auditor trusts it, never from the file. Raises Tampered.
    """
    try:
        key = Ed25519PublicKey.from_public_bytes(decode(public_key.strip()))
    except ValueError:
        raise Tampered("The public key is not an Ed25519 key as `podserver history key` prints it.") from None
    return _Proof(key, public_key.strip()).read(file)


class _Proof:
    """The state of one pass over a file."""

    def __init__(self, key: Ed25519PublicKey, public: str) -> None:
        self._key = key
        self._public = public
        self._running = sha256()
        self._position = 0
        self._head = GENESIS
        self._digests: dict[int, str] = {0: GENESIS}
        self._tenant: int | None = None
        self._ended = False
        self._checkpoints = 0

    def read(self, file: BinaryIO) -> int:
        number = 0
        while raw := file.readline(_LONGEST_LINE):
            number += 1
            try:
                self._line(number, raw)
            except (KeyError, TypeError, ValueError, RecursionError):
                raise Tampered(f"Line {number} is not a line that podserver writes.") from None
        if not self._ended:
            raise Tampered(f"The file breaks off after line {number}: its signed end is missing.")
        return self._position

    def _line(self, number: int, raw: bytes) -> None:
        if self._ended:
            raise Tampered(f"Line {number} stands after the signed end.")
        value = json.loads(raw)
        if canonical(value) + b"\n" != raw:
            raise Tampered(f"Line {number} is not written as podserver writes it.")
        if number == 1:
            self._header(value)
        elif "event" in value:
            self._event(number, value)
        elif "checkpoint" in value:
            self._checkpoint(number, value)
        else:
            self._end(number, value)
            return
        self._running.update(raw)

    def _header(self, value: dict[str, Any]) -> None:
        if value["format"] != FORMAT:
            raise Tampered(f"Line 1 does not begin a {FORMAT} file.")
        if value["public_key"] != self._public:
            raise Tampered("Line 1 names another public key than the one given.")
        self._tenant = value["tenant"]

    def _event(self, number: int, value: dict[str, Any]) -> None:
        if set(value) != {"position", "previous", "digest", "event"} or self._checkpoints:
            raise Tampered(f"Line {number} is not an event where one belongs.")
        position = self._position + 1
        if value["position"] != position:
            raise Tampered(f"Line {number} should hold event {position}, it holds event {value['position']}.")
        if value["previous"] != self._head:
            raise Tampered(f"Line {number} (event {position}) does not follow the event before it.")
        if value["digest"] != digest(self._head, position, value["event"]):
            raise Tampered(f"Line {number} (event {position}) was changed.")
        self._position, self._head = position, value["digest"]
        self._digests[position] = self._head

    def _checkpoint(self, number: int, value: dict[str, Any]) -> None:
        said = value["checkpoint"]
        if set(value) != {"checkpoint", "signature"} or said["tenant"] != self._tenant:
            raise Tampered(f"Line {number} is a checkpoint of something else.")
        if self._digests.get(said["position"]) != said["digest"]:
            raise Tampered(f"Line {number}: the checkpoint at event {said['position']} does not match the chain.")
        self._signature(number, said, value["signature"])
        self._checkpoints += 1

    def _end(self, number: int, value: dict[str, Any]) -> None:
        end = value["end"]
        if set(value) != {"end", "signature"} or end["purpose"] != "podserver export end":
            raise Tampered(f"Line {number} is neither event, checkpoint nor end.")
        self._signature(number, end, value["signature"])
        if end["tenant"] != self._tenant or end["position"] != self._position or end["digest"] != self._head:
            raise Tampered(
                f"Line {number}: the signed end tells of {end['position']} events, the file has {self._position}."
            )
        if end["file"] != self._running.hexdigest():
            raise Tampered(f"Something before line {number} was changed: the signed end does not match the file.")
        self._ended = True

    def _signature(self, number: int, said: dict[str, Any], signature: str) -> None:
        try:
            self._key.verify(decode(signature), canonical(said))
        except InvalidSignature:
            raise Tampered(f"Line {number}: the signature is not one of this key.") from None
