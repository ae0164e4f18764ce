"""Places calls and sees them through: queued, ringing, in-progress, completed; or busy, no-answer, failed, canceled.

Each call has a thread of its own, so that a slow webhook or a long speech holds up nobody else.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from typing import Any

from emulators.twilio.account import HANDSET_NAMES, MAGIC_SENDER
from emulators.twilio.call_hooks import CallHooks
from emulators.twilio.callee import Callee, read_script
from emulators.twilio.calls import CALLEE, CALLER, ENDED, Call
from emulators.twilio.conversation import Conversation
from emulators.twilio.errors import RefusedError
from emulators.twilio.faults import Faults
from emulators.twilio.live_call import Document, HungUpError, LiveCall, TimeUpError, TurnedError
from emulators.twilio.messages import now
from emulators.twilio.pace import Pace
from emulators.twilio.store import Store

LIVE = ("queued", "ringing", "in-progress")
RING_SLACK_SECONDS = 5  # Twilio lets it ring this much longer than Timeout says
# The SIP answers behind the ends of calls; which one Twilio reports for what is [inferred].
SIP_OK, SIP_NOT_FOUND, SIP_BUSY, SIP_GIVEN_UP, SIP_DECLINED = 200, 404, 486, 487, 603

log = logging.getLogger(__name__)


class NotPossibleError(Exception):
    """A handset cannot do that to this call; the text is a sentence."""


class Exchange:
    """The calls that are under way."""

    def __init__(self, store: Store, faults: Faults, hooks: CallHooks, pace: Pace) -> None:
        self._store = store
        self._calls = store.calls
        self._faults = faults
        self._hooks = hooks
        self._pace = pace
        # A status and its callback belong together: held while one changes and the other is given its number.
        self._moving = threading.RLock()
        self._lock = threading.Lock()
        self._live: dict[str, LiveCall] = {}

    def resume(self) -> None:
        """Carry on with the calls that were waiting or ringing when the state was saved; the others were cut off."""
        for call in reversed(self._calls.all()):
            if call.status == "in-progress":
                self._end(call.sid, "completed", SIP_OK)
            elif call.status not in ENDED:
                self.place(call)

    def clear(self) -> None:
        """Cut every line; nobody is told."""
        with self._lock:
            lines, self._live = list(self._live.values()), {}
        for live in lines:
            live.hang_up()

    def place(self, call: Call) -> None:
        """Start a call that has just been queued. Magic senders go no further, as with test credentials."""
        if call.sender == MAGIC_SENDER:
            return
        live = LiveCall()
        with self._lock:
            self._live[call.sid] = live
        self._start(lambda: self._see_through(call.sid, live), f"twilio-call-{call.sid[-4:]}")

    # From the REST API

    def update(self, sid: str, *, status: str | None, document: Document | None, values: dict[str, Any]) -> Call | None:
        """End the call, send it to another document, or change `values`; the call as it is then, None where it is gone.

        "canceled" leaves a call alone that was answered. Raises RefusedError (21220) where the state is a wrong one.
        """
        with self._moving:
            call = self._calls.get(sid)
            if call is None:
                return None
            if (status and call.status in ENDED) or (document and call.status != "in-progress"):
                raise RefusedError(21220)
            live = self._line(sid)
            if values:
                self._calls.change(sid, **values)
            if "time_limit" in values and live and call.answered:
                talked = (now() - call.answered).total_seconds()
                live.limit(max(values["time_limit"] * self._pace.second - talked, 0))
            if status == "completed":
                self._end(sid, "completed", SIP_OK, only=("in-progress",))
            if status:
                self._end(sid, "canceled", SIP_GIVEN_UP, only=("queued", "ringing"))
            if document and live:
                live.turn_to(document)
            return self._calls.get(sid)

    # From the handset

    def answer(self, sid: str) -> Call:
        """The person takes the call. Raises NotPossibleError."""
        call = self._calls.get(sid)
        taken = self._pick_up(sid, "person") if call and call.can_answer else None
        if taken is None:
            raise NotPossibleError("This phone does not ring, or nobody may answer it.")
        return taken

    def decline(self, sid: str) -> Call:
        """The person does not want the call. Raises NotPossibleError."""
        call = self._calls.get(sid)
        ended = self._end(sid, "busy", SIP_DECLINED, only=("ringing",)) if call and call.can_answer else None
        if ended is None:
            raise NotPossibleError("This phone does not ring, or nobody may answer it.")
        return ended

    def hang_up(self, sid: str) -> Call:
        """The person ends the call. Raises NotPossibleError."""
        self._talking(sid)
        ended = self._end(sid, "completed", SIP_OK, only=("in-progress",))
        if ended is None:
            raise NotPossibleError("The call is over.")
        return ended

    def press(self, sid: str, key: str) -> Call:
        """The person presses a key, whether or not one is wanted. Raises NotPossibleError."""
        call, live = self._talking(sid), self._line(sid)
        if live:
            self._calls.say(sid, CALLEE, f"Pressed {key}")
            live.press(key)
        return self._calls.get(sid) or call

    def _talking(self, sid: str) -> Call:
        call = self._calls.get(sid)
        if call is None or call.status != "in-progress":
            raise NotPossibleError("Nobody is talking on this phone.")
        if call.picked_up_by != "person":
            raise NotPossibleError(f"A {call.picked_up_by} has taken this call.")
        return call

    # The way of a call

    def _see_through(self, sid: str, live: LiveCall) -> None:
        try:
            self._carry_out(sid, live)
        except HungUpError:
            pass
        except TimeUpError:
            self._end(sid, "completed", SIP_OK)
        except Exception:
            # A mistake of ours must not leave a call that never ends.
            log.exception("a call of the emulator failed")
            self._end(sid, "failed", None)

    def _carry_out(self, sid: str, live: LiveCall) -> None:
        waiting = self._calls.get(sid)
        if waiting is None:
            return
        callee = self._callee(waiting.to)
        if waiting.status == "queued" and not self._dial(waiting, callee, live):
            return
        if callee.answers_by_itself:
            live.sleep(self._pace.pick_up)
            self._pick_up(sid, callee.picks_up_as)
        elif not live.ring((waiting.ring_seconds + RING_SLACK_SECONDS) * self._pace.second):
            self._end(sid, "no-answer", SIP_GIVEN_UP, only=("ringing",))
        answered = self._calls.get(sid)
        if answered is None or answered.status != "in-progress":
            return
        self._behave(sid, callee, live)
        first = Document(answered.url or "", answered.method, None if answered.url else answered.twiml)
        try:
            self._send_digits(answered, live)
            verdict = self._detect(answered, callee, live)
            if verdict:
                first = Document(first.url, first.method, first.twiml, {"AnsweredBy": verdict})
        except TurnedError as turned:
            first = turned.document
        Conversation(sid, live, self._store, self._hooks, self._pace).hold(first)
        self._end(sid, "completed", SIP_OK)

    def _dial(self, call: Call, callee: Callee, live: LiveCall) -> bool:
        """From the queue to the ring; whether it rings."""
        live.sleep(self._pace.queued + self._faults.seconds("queue_delay_seconds"))
        if call.started is None:
            moment = now()
            queue_ms = round((moment - call.created).total_seconds() * 1000)
            with self._moving:
                dialed = self._calls.change(call.sid, only=("queued",), started=moment, queue_ms=queue_ms)
                if dialed is None:
                    return False
                self._hooks.progress(dialed, "initiated")
        live.sleep(self._pace.dialing)
        if callee.kind in ("busy", "failed"):
            self._end(call.sid, callee.kind, SIP_BUSY if callee.kind == "busy" else SIP_NOT_FOUND)
            return False
        with self._moving:
            ringing = self._calls.ring(call.sid, for_person=callee.kind == "person")
            if ringing:
                self._hooks.progress(ringing, "ringing")
        return ringing is not None

    def _pick_up(self, sid: str, by: str) -> Call | None:
        """Somebody answers; None where it rings no more."""
        with self._moving:
            call = self._calls.change(sid, only=("ringing",), status="in-progress", answered=now(), picked_up_by=by)
            live = self._line(sid)
            if call is None or live is None:
                return None
            if by != "person":
                self._calls.say(sid, CALLEE, _greeting(call.to, by))
            self._hooks.progress(call, "answered")
        live.pick_up(call.time_limit * self._pace.second)
        return call

    def _behave(self, sid: str, callee: Callee, live: LiveCall) -> None:
        """Let a script do what a person would."""

        def press_keys() -> None:
            for key in callee.keys:
                if not live.await_wish() or live.await_end(callee.seconds):
                    return
                self._calls.say(sid, CALLEE, f"Pressed {key}")
                live.press(key)

        def hang_up() -> None:
            if not live.await_end(callee.seconds):
                self._end(sid, "completed", SIP_OK, only=("in-progress",))

        if callee.kind == "press":
            self._start(press_keys, "twilio-callee")
        elif callee.kind == "hang_up":
            self._start(hang_up, "twilio-callee")

    def _send_digits(self, call: Call, live: LiveCall) -> None:
        if call.send_digits:
            self._calls.say(call.sid, CALLER, f"(tones {call.send_digits})")
            waits = call.send_digits.count("w") * 0.5 + call.send_digits.count("W")
            live.sleep(waits * self._pace.second)

    def _detect(self, call: Call, callee: Callee, live: LiveCall) -> str | None:
        """Find out who answered, for the first request for TwiML; None where it was not asked for, or is told later."""
        if not call.detection or call.send_digits:
            return None
        verdict, seconds = callee.verdict(call)

        def tell() -> None:
            if not live.await_end(seconds * self._pace.second):
                known = self._calls.change(call.sid, only=("in-progress",), answered_by=verdict)
                if known:
                    self._hooks.verdict(known, round(seconds * 1000))

        if call.verdict_in_background:
            self._start(tell, "twilio-detection")
            return None
        live.sleep(seconds * self._pace.second)
        self._calls.change(call.sid, answered_by=verdict)
        return verdict

    def _end(self, sid: str, status: str, sip_code: int | None, only: Collection[str] = LIVE) -> Call | None:
        """End the call, unless somebody else did or its status is not among `only`."""
        with self._moving:
            call = self._calls.change(sid, only=only, status=status, ended=now(), sip_code=sip_code, wants_key=False)
            if call is None:
                return None
            with self._lock:
                live = self._live.pop(sid, None)
            if live:
                live.hang_up()
            self._hooks.progress(call, "completed")
        return call

    def _line(self, sid: str) -> LiveCall | None:
        with self._lock:
            return self._live.get(sid)

    def _callee(self, number: str) -> Callee:
        return read_script(self._store.call_script(number) or self._faults.text("call_script"))

    @staticmethod
    def _start(job: Callable[[], None], name: str) -> None:
        threading.Thread(target=job, name=name, daemon=True).start()


def _greeting(number: str, by: str) -> str:
    if by == "fax":
        return "(fax tone)"
    name = HANDSET_NAMES.get(number, number)
    return f"You have reached the voicemail of {name}. Leave a message after the tone. (beep)"
