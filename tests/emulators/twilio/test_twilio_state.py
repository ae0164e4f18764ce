"""What survives a restart."""

from __future__ import annotations

import stat
from pathlib import Path

from twilio_rig import DANA, wait_for
from werkzeug.datastructures import MultiDict

from emulators.twilio import FROM_NUMBER, Pace, TwilioEmulator
from emulators.twilio.faults import Faults
from emulators.twilio.validation import new_message


def send(emulator: TwilioEmulator) -> str:
    form = MultiDict({"To": DANA, "From": FROM_NUMBER, "Body": "Your code is 870412"})
    message = emulator.store.add(new_message(form, emulator.store, Faults()))
    emulator.carrier.accept(message)
    return message.sid


def test_messages_handsets_and_opt_outs_survive_a_restart(tmp_path: Path):
    first = TwilioEmulator(tmp_path, Pace.brisk())
    sid = send(first)
    wait_for(lambda: first.store.get(sid).status == "delivered")
    first.receive(DANA, FROM_NUMBER, "STOP")
    first.store.set_number("+12025550118", script="silent")
    file = tmp_path / "twilio.json"
    wait_for(lambda: file.exists() and "silent" in file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    second = TwilioEmulator(tmp_path, Pace.brisk())
    assert second.store.get(sid) == first.store.get(sid)
    assert second.store.texts(DANA) == first.store.texts(DANA)
    assert second.store.has_opted_out(FROM_NUMBER, DANA)
    assert second.store.script("+12025550118") == ("silent", "")


def test_a_message_under_way_is_carried_on_after_a_restart(tmp_path: Path):
    first = TwilioEmulator(tmp_path, Pace(queued=60))
    sid = send(first)
    first.store.save()
    second = TwilioEmulator(tmp_path, Pace.brisk())
    wait_for(lambda: second.store.get(sid).status == "delivered")
    assert len(second.store.texts(DANA)) == 1
    second.store.save()
    third = TwilioEmulator(tmp_path, Pace.brisk())
    assert len(third.store.texts(DANA)) == 1
