"""The history is chained, signed, and provable from the file alone."""

from __future__ import annotations

import io
import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from seeds import NOON, Seeds
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from podserver.database import db, writing
from podserver.history import chain, evidence
from podserver.history.models import HistoryCheckpoint, HistoryEvent, HistorySeal
from podserver.history.service import Entry, Kind, Subject, record
from podserver.tenancy import bind_tenant, bound_tenant


@pytest.fixture
def northgate(app: Flask) -> Seeds:
    return Seeds(db.session())


def add_events(seeds: Seeds, count: int) -> None:
    with writing(seeds.session) as session:
        entries = [
            Entry(Kind.REQUESTED, Subject(ticket=str(n), contact_name="Zoë “Z” Ünal\n"), "Sam", {"n": n})
            for n in range(count)
        ]
        record(session, NOON, *entries)


def exported(seeds: Seeds) -> tuple[bytes, str]:
    chain.seal_pending(seeds.session, NOON, whole=True)
    bind_tenant(seeds.session, seeds.tenant.id)
    _private, public = chain.signing_key(seeds.session)
    return b"".join(evidence.export(seeds.session, NOON)), public


def test_an_export_proves_itself_with_the_public_key_alone(northgate: Seeds, tmp_path: Path) -> None:
    add_events(northgate, 50)
    raw, public = exported(northgate)
    file = tmp_path / "history.jsonl"
    file.write_bytes(raw)
    done = subprocess.run(
        [sys.executable, "-m", "podserver", "history", "verify", str(file), "--public-key", public],
        env={"PATH": "/usr/bin:/bin"},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "Genuine: 52 events" in done.stdout


def test_a_thousand_random_mutations_are_all_found(northgate: Seeds) -> None:
    add_events(northgate, 40)
    raw, public = exported(northgate)
    assert evidence.verify(io.BytesIO(raw), public) == 42
    chance = random.Random(20260302)
    lines = raw.splitlines(keepends=True)

    def mutate() -> bytes:
        kind = chance.randrange(9)
        position = chance.randrange(len(raw))
        a, b = chance.sample(range(len(lines)), 2)
        changed = list(lines)
        if kind == 0:
            return raw[:position] + bytes([raw[position] ^ (1 << chance.randrange(8))]) + raw[position + 1 :]
        if kind == 1:
            return raw[:position]
        if kind == 2:
            return raw[:position] + raw[position + 1 + chance.randrange(4) :]
        if kind == 3:
            return raw[:position] + bytes([chance.randrange(256)]) + raw[position:]
        if kind == 4:
            del changed[a]
        elif kind == 5:
            changed[a], changed[b] = changed[b], changed[a]
        elif kind == 6:
            changed.insert(a, changed[b])
        elif kind == 7:
            changed = changed[: max(1, a)]
        else:
            changed[a] = changed[a].replace(b":", b": ", 1)
        return b"".join(changed)

    tried = 0
    while tried < 1000:
        forged = mutate()
        if forged == raw:
            continue
        tried += 1
        with pytest.raises(evidence.Tampered):
            evidence.verify(io.BytesIO(forged), public)


def test_the_first_wrong_event_is_named(northgate: Seeds) -> None:
    add_events(northgate, 20)
    raw, public = exported(northgate)
    forged = raw.replace(b'"ticket":"7"', b'"ticket":"8"')
    assert forged != raw
    with pytest.raises(evidence.Tampered, match=r"event 10\) was changed"):
        evidence.verify(io.BytesIO(forged), public)


def test_a_file_signed_by_another_key_is_no_evidence(northgate: Seeds) -> None:
    raw, _public = exported(northgate)
    southgate = Seeds(northgate.session, "Southgate IT")
    _raw, other = exported(southgate)
    with pytest.raises(evidence.Tampered, match="another public key"):
        evidence.verify(io.BytesIO(raw), other)
    with pytest.raises(evidence.Tampered, match="not an Ed25519 key"):
        evidence.verify(io.BytesIO(raw), "nonsense")


def test_the_database_itself_refuses_to_change_the_history(northgate: Seeds) -> None:
    chain.seal_pending(northgate.session, NOON, whole=True)
    for table in ("history_events", "history_seals", "history_checkpoints"):
        for statement in (f"UPDATE {table} SET tenant_id = tenant_id", f"DELETE FROM {table}"):
            with pytest.raises(DBAPIError, match="the history only grows"), writing(northgate.session) as session:
                session.connection().execute(text(statement))


def test_each_tenant_has_a_chain_of_its_own(northgate: Seeds) -> None:
    southgate = Seeds(northgate.session, "Southgate IT")
    bind_tenant(northgate.session, northgate.tenant.id)
    add_events(northgate, 3)
    raw, public = exported(northgate)
    other, other_public = exported(southgate)
    assert evidence.verify(io.BytesIO(raw), public) == 5
    assert evidence.verify(io.BytesIO(other), other_public) == 2
    assert b"Southgate" not in raw


def test_sealing_again_adds_nothing_and_new_events_go_on_where_the_chain_ended(northgate: Seeds) -> None:
    chain.seal_pending(northgate.session, NOON, whole=True)
    bind_tenant(northgate.session, northgate.tenant.id)
    before = northgate.session.scalar(select(func.max(HistorySeal.position)))
    assert chain.seal_pending(northgate.session, NOON) == timedelta(0)
    bind_tenant(northgate.session, northgate.tenant.id)
    add_events(northgate, 2)
    chain.seal_pending(northgate.session, NOON)
    bind_tenant(northgate.session, northgate.tenant.id)
    assert northgate.session.scalar(select(func.max(HistorySeal.position))) == (before or 0) + 2


def test_an_event_that_committed_late_with_a_low_id_is_still_sealed(northgate: Seeds) -> None:
    """Ids are given out before the commit, so a slow transaction's event appears behind newer ones."""
    with writing(northgate.session) as session:
        record(session, NOON, Entry(Kind.REQUESTED, actor="early"))
        top = session.scalar(select(func.max(HistoryEvent.id))) or 0
        late = HistoryEvent(id=top + 5, at=NOON, kind="requested", actor="fast", detail={}, ticket="", contact="",
                            contact_name="", company_name="", destination="", method="")  # fmt: skip
        session.add(late)
    chain.seal_pending(northgate.session, NOON)
    bind_tenant(northgate.session, northgate.tenant.id)
    with writing(northgate.session) as session:
        session.add(HistoryEvent(id=top + 2, at=NOON, kind="requested", actor="slow", detail={}, ticket="", contact="",
                                 contact_name="", company_name="", destination="", method=""))  # fmt: skip
    chain.seal_pending(northgate.session, NOON)
    raw, public = exported(northgate)
    assert b'"actor":"slow"' in raw
    evidence.verify(io.BytesIO(raw), public)


def test_a_checkpoint_is_signed_every_thousand_events_and_every_hour(northgate: Seeds) -> None:
    def checkpoints() -> int:
        bind_tenant(northgate.session, northgate.tenant.id)
        return northgate.session.scalar(select(func.count()).select_from(HistoryCheckpoint)) or 0

    chain.seal_pending(northgate.session, NOON)
    assert checkpoints() == 1
    add_events(northgate, 999)
    chain.seal_pending(northgate.session, NOON)
    assert checkpoints() == 1
    add_events(northgate, 1)
    chain.seal_pending(northgate.session, NOON)
    assert checkpoints() == 2
    add_events(northgate, 1)
    chain.seal_pending(northgate.session, NOON + timedelta(hours=1))
    assert checkpoints() == 3


def test_the_sealer_says_how_far_it_lags(northgate: Seeds) -> None:
    assert chain.seal_pending(northgate.session, NOON + timedelta(seconds=9)) == timedelta(seconds=9)
    assert bound_tenant(northgate.session) == northgate.tenant.id
