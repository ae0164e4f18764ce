"""What must hold after every run, whatever broke in it: I1 to I6 of the assurance tables."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests
from sqlalchemy import MetaData
from trial import OUTSIDER, OUTSIDERS, OUTSIDERS_ACCOUNT, Trial
from world import wait_for

from podserver.history.chain import GENESIS, digest

FINAL = frozenset({"verified", "denied", "expired", "superseded", "locked", "cancelled", "failed"})
WITH_NOTE = FINAL - {"superseded"}
_REFERENCE = re.compile(r"Ref (PV-[A-Z2-7]{26})")


class Broken(AssertionError):
    """An invariant does not hold for one verification."""

    def __init__(self, verification: str, what: str) -> None:
        super().__init__(f"{what} ({verification})")
        self.verification = verification


@dataclass
class Facts:
    """Everything that a run left behind, read once."""

    verifications: list[dict[str, Any]]
    events: list[dict[str, Any]]
    outbox: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    notes: list[dict[str, Any]]

    def events_of(self, verification: str) -> list[dict[str, Any]]:
        """A verification's events, in the order of the chain."""
        return [event for event in self.events if event["verification"] == verification]


def hold(trial: Trial, *, prove: bool = False, seconds: float = 45) -> None:
    """Wait until nothing is under way, then check everything; ``prove`` also by the operator's own commands."""
    trial.settle(seconds)
    facts = gather(trial)
    try:
        proofs_match(trial, facts)
        one_end_each(facts)
        nothing_is_sent_or_noted_twice(facts)
    except Broken as broken:
        # Told once; the tests that come after share this world.
        trial.condemned.add(broken.verification)
        raise
    chain_is_whole(facts)
    no_canary_sings(trial, facts)
    borders_hold(trial, facts)
    if prove:
        history_is_genuine(trial, facts)


def gather(trial: Trial) -> Facts:
    """Read everything that the runs left behind, but for verifications that failed a check before."""
    every = trial.rows("SELECT * FROM verifications ORDER BY created_at")
    return Facts(
        verifications=[v for v in every if v["id"] not in trial.condemned],
        events=wait_for("the sealer", lambda: _sealed(trial)),
        outbox=trial.rows("SELECT * FROM outbox"),
        messages=trial.messages(),
        notes=requests.get(f"{trial.emulators}/_emulator/connectwise/notes", timeout=10).json(),
    )


def _sealed(trial: Trial) -> list[dict[str, Any]]:
    """Every event with its place, or nothing while one has none: a receipt may just have come."""
    rows = trial.rows(
        "SELECT e.*, s.position, s.previous, s.digest FROM history_events e"
        " LEFT JOIN history_seals s ON s.event_id = e.id ORDER BY s.position, e.id"
    )
    return rows if all(row["position"] is not None for row in rows) else []


def expect(holds: bool, verification: str, what: str) -> None:
    """Raise Broken, naming the verification, where something does not hold."""
    if not holds:
        raise Broken(verification, what)


def proofs_match(trial: Trial, facts: Facts) -> None:
    """I1: whoever is verified was verified once, by the code that was texted."""
    posted = defaultdict(set)
    for entry in trial.ledger.posted:
        posted[entry.verification].add(entry.code)
    sms = {row["subject"]: row for row in facts.outbox if row["channel"] == "sms"}
    for v in facts.verifications:
        accepted = [event for event in facts.events_of(v["id"]) if event["kind"] == "verified"]
        expect(len(accepted) == (v["state"] == "verified"), v["id"], f"I1: {v['state']} with {len(accepted)} successes")
        if not accepted:
            continue
        sid = sms[v["id"]]["provider_ref"]
        number = trial.callers[v["contact"]].number
        texted = {_code(m) for m in facts.messages if m["to"] == number and (not sid or m["sid"] == sid)}
        expect(bool(posted[v["id"]] & texted), v["id"], "I1: verified by a code that was never texted")


def _code(message: dict[str, Any]) -> str:
    match = re.search(r"Code: (\d{6})", message["body"])
    assert match, "an SMS without a code"
    return match[1]


def one_end_each(facts: Facts) -> None:
    """I2: each verification has one beginning and, once it is over, one end and one end event."""
    for v in facts.verifications:
        kinds = Counter(event["kind"] for event in facts.events_of(v["id"]))
        ends = [kind for kind in kinds.elements() if kind in FINAL]
        over = v["state"] != "pending"
        expect(kinds["requested"] == 1, v["id"], f"I2: requested {kinds['requested']} times")
        expect(ends == [v["state"]] * over, v["id"], f"I2: {v['state']}, but the history tells of {ends}")
        expect((v["ended_at"] is not None) == over, v["id"], f"I2: {v['state']}, ended at {v['ended_at']}")
        expect(kinds["wrong code"] == v["wrong_guesses"], v["id"], f"I2: {v['wrong_guesses']} counted, told {kinds}")


def chain_is_whole(facts: Facts) -> None:
    """I3: every event has its place, and every place follows the one before."""
    heads: dict[int, tuple[int, str]] = defaultdict(lambda: (0, GENESIS))
    for event in facts.events:
        assert event["position"] is not None, f"I3: event {event['id']} has no place in the chain"
    # Ids are given out before the commit, so places follow the commits and not the ids.
    for event in sorted(facts.events, key=lambda each: (each["tenant_id"], each["position"])):
        position, head = heads[event["tenant_id"]]
        assert event["position"] == position + 1, f"I3: place {position + 1} is missing"
        assert event["previous"] == head, f"I3: place {event['position']} does not follow"
        said = _said(event)
        assert event["digest"] == digest(head, position + 1, said), f"I3: place {event['position']} was changed"
        heads[event["tenant_id"]] = (position + 1, event["digest"])


def _said(event: dict[str, Any]) -> dict[str, Any]:
    at = event["at"] if isinstance(event["at"], datetime) else datetime.fromisoformat(event["at"])
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    detail = event["detail"] if isinstance(event["detail"], dict) else json.loads(event["detail"])
    plain = ("id", "kind", "actor", "verification", "ticket", "contact", "contact_name", "company_name", "destination",
             "method")  # fmt: skip
    return {
        **{name: event[name] for name in plain},
        "at": at.isoformat(timespec="microseconds"),
        "integration": event["integration_id"],
        "detail": detail,
    }


def nothing_is_sent_or_noted_twice(facts: Facts) -> None:
    """I4: at most one SMS for each request, no text twice, and each outcome's note once in its ticket."""
    asked = sum(event["kind"] == "requested" for event in facts.events)
    doubled = [text for text, times in Counter((m["to"], m["body"]) for m in facts.messages).items() if times > 1]
    assert not doubled, f"I4: {len(doubled)} texts were sent twice"
    assert len(facts.messages) <= asked, f"I4: {len(facts.messages)} SMS for {asked} requests"
    references = Counter(ref for note in facts.notes for ref in _REFERENCE.findall(note["text"] or ""))
    tickets = {ref: str(n["ticketId"]) for n in facts.notes for ref in _REFERENCE.findall(n["text"] or "")}
    again = [ref for ref, times in references.items() if times > 1]
    assert not again, f"I4: notes posted twice: {again}"
    for v in facts.verifications:
        wanted = int(v["state"] in WITH_NOTE and v["ticket_ref"] != "")
        ref = f"PV-{v['id'].upper()}"
        expect(references[ref] == wanted, v["id"], f"I4: {v['state']} with {references[ref]} notes")
        expect(not wanted or tickets[ref] == v["ticket_ref"], v["id"], "I4: its note is on another ticket")


def canaries(trial: Trial, facts: Facts) -> tuple[set[str], set[str], set[str]]:
    """The codes that were sent, the numbers they went to, and every other secret of a world."""
    passwords = {sign_in["password"] for sign_in in trial.demo["sign_ins"]}
    keys = {"demoPrivateKey01", "demo-auth-token-0001", OUTSIDERS_ACCOUNT[1], OUTSIDER[1]}
    keys |= set(trial.environment["PODSERVER_SECRET_KEYS"].split(","))
    # A token travels whole; its signature alone would be as good as the key.
    tokens = {part for secret in trial.ledger.secrets for part in (secret, secret.rpartition(".")[2])}
    codes = {_code(message) for message in facts.messages}
    return codes, {caller.number for caller in trial.callers.values()}, passwords | keys | tokens


def _codes_in(text: str, codes: set[str]) -> set[str]:
    # Not inside longer words and numbers: microseconds and hashes hold six digits by chance.
    return codes & set(re.findall(r"(?<![\w.:/+-])\d{6}(?![\w.:/+-])", text)) if codes else set()


def _numbers_in(text: str, numbers: set[str]) -> set[str]:
    runs = re.findall(r"\d[\d ().+-]{7,}\d", text)
    digits = {re.sub(r"\D", "", run) for run in runs}
    return {number for number in numbers if any(number[2:] in run for run in digits)}


def leaks(text: str, found: tuple[set[str], set[str], set[str]]) -> set[str]:
    """Which of the canaries occur in a text."""
    codes, numbers, secrets = found
    return _codes_in(text, codes) | _numbers_in(text, numbers) | {secret for secret in secrets if secret in text}


def no_canary_sings(trial: Trial, facts: Facts) -> None:
    """I5: no code, number, key, token, hash or password in logs, notes, events, URLs, or in clear in the database."""
    found = canaries(trial, facts)
    places = {
        "a log": trial.logs(),
        "a note": "\n".join(n["text"] or "" for n in facts.notes if _REFERENCE.search(n["text"] or "")),
        "an event": "\n".join(json.dumps(_said(event)) for event in facts.events),
        "a URL": urls_seen(trial),
        "the database": dump(trial),
    }
    for place, text in places.items():
        leaked = leaks(text, found)
        assert not leaked, f"I5: {len(leaked)} secrets in {place}, such as {min(leaked)!r}{_around(text, min(leaked))}"
    opaque = [row["receipt_key"] for row in facts.outbox] + [trial.pod_url.partition("?")[0].rpartition("/")[2]]
    logged = [key for key in opaque if key in places["a log"]]
    assert not logged, f"I5: {len(logged)} opaque keys of URLs in a log"


def _around(text: str, secret: str) -> str:
    at = text.find(secret[-10:])
    return f": ...{text[max(at - 200, 0) : at + 60]}..." if at >= 0 else ""


def urls_seen(trial: Trial) -> str:
    """Every URL that the outside world was called at, and was told to call."""
    lines = []
    for part, log in (("twilio", "requests"), ("twilio", "callbacks"), ("connectwise", "requests")):
        answer = requests.get(f"{trial.emulators}/_emulator/{part}/{log}", timeout=10).json()
        entries = answer if isinstance(answer, list) else answer[log]
        lines += [entry.get("path") or entry.get("url") or "" for entry in entries]
    return "\n".join(lines)


def dump(trial: Trial) -> str:
    """Every column of every table as text, as a stolen back-up would show it."""
    tables = MetaData()
    tables.reflect(trial.engine)
    lines = []
    for table in sorted(tables.tables):
        for row in trial.rows(f'SELECT * FROM "{table}"'):
            lines += [f"{table}.{column} = {value} ;" for column, value in row.items()]
    return "\n".join(lines)


def borders_hold(trial: Trial, facts: Facts) -> None:
    """I6: the other MSP sees, finishes and ends nothing of this one, though both look at the same ticket."""
    tenants = {v["tenant_id"] for v in facts.verifications} | {row["tenant_id"] for row in facts.outbox}
    assert len(tenants) <= 1, f"I6: rows of tenants {tenants}"
    strangers = [e for e in facts.events if e["verification"] and e["tenant_id"] not in tenants]
    assert not strangers, f"I6: {len(strangers)} events stand in another tenant's chain"
    if not facts.verifications:
        return
    newest = facts.verifications[-1]
    pod = trial.outsiders_pod(trial.callers[newest["contact"]])
    assert pod.row.shield == "unverified", f"I6: the other MSP sees {pod.row}"
    assert newest["id"][:10] not in pod.history(), "I6: the other MSP sees this one's history"
    for act in ("check", "cancel"):
        form = {"code": "000000", "request_id": "f" * 32}
        status = pod.send("POST", f"/pod/verifications/{newest['id']}/{act}", form).status_code
        assert status == 404, f"I6: {act} by the other MSP got {status}"


def history_is_genuine(trial: Trial, facts: Facts) -> None:
    """I3 as an auditor checks it: export, then prove the file with the public key alone."""
    files = {name: trial.state / f"history {name}.jsonl" for name in ("Northgate IT", OUTSIDERS)}
    exports = [("history", "export", "--tenant", name, "--output", str(file)) for name, file in files.items()]
    keys = trial.commands(*exports, *(("history", "key", "--tenant", name) for name in files))
    for (name, file), key in zip(files.items(), keys, strict=True):
        said = trial.run("history", "verify", str(file), "--public-key", key)
        exported = file.read_text()
        ours = name == "Northgate IT"
        assert said.startswith("Genuine: "), said
        for v in facts.verifications:
            told = exported.count(f'"verification":"{v["id"]}"')
            # Receipts may still come in while this is checked.
            whole = told >= len(facts.events_of(v["id"])) if ours else told == 0
            assert whole, f"I3: the export of {name} tells {told} events of {v['id']}"
