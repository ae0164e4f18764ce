"""Takes messages from the queue to the handset, with short waits in between, and tells the webhooks on the way."""

from __future__ import annotations

from collections.abc import Callable

from emulators.twilio.account import FROM_NUMBER, MAGIC_SENDER
from emulators.twilio.faults import Faults
from emulators.twilio.messages import FINAL, Message, now
from emulators.twilio.pace import Pace
from emulators.twilio.schedule import Schedule
from emulators.twilio.segments import count
from emulators.twilio.store import Store
from emulators.twilio.webhooks import Webhooks

EXPIRED_IN_QUEUE = 30036
HOSTED_BY_TWILIO = 30038


class Carrier:
    """The way of a message: (accepted) queued, sending, sent, delivered or undelivered; or failed."""

    def __init__(self, store: Store, faults: Faults, schedule: Schedule, webhooks: Webhooks, pace: Pace) -> None:
        self._store = store
        self._faults = faults
        self._schedule = schedule
        self._webhooks = webhooks
        self._pace = pace

    def resume(self) -> None:
        """Carry on with what was under way when the state was saved."""
        for message in reversed(self._store.all()):
            if message.status == "sent":
                if not self._store.is_on_handset(message.sid):
                    self._later(self._pace.delivery, self._arrive, message.sid)
            elif message.status == "sending":
                self._later(self._pace.sending, self._send, message.sid)
            elif message.status not in FINAL:
                self.accept(message)

    def accept(self, message: Message) -> None:
        """Start a message that has just got its first status. Magic senders go no further, as with test credentials."""
        if message.sender == MAGIC_SENDER:
            return
        wait = max((message.send_at - now()).total_seconds(), 0) if message.send_at else 0
        if message.status in ("accepted", "scheduled"):
            self._later(wait + self._pace.queued, self._choose_sender, message.sid)
        else:
            self._enqueue(message)

    def _later(self, delay: float, step: Callable[[str], None], sid: str) -> None:
        self._schedule.after(delay, lambda: step(sid))

    def _enqueue(self, message: Message) -> None:
        verb, argument = self._store.script(message.to)
        wait = self._pace.queued + self._faults.seconds("queue_delay_seconds")
        if verb == "slow":
            wait += float(argument)
        self._later(min(wait, message.validity_seconds), self._leave_queue, message.sid)

    def _choose_sender(self, sid: str) -> None:
        message = self._store.get(sid)
        if message is None or message.status not in ("accepted", "scheduled"):
            return
        sender = message.sender or FROM_NUMBER
        queued = self._store.change(sid, status="queued", sender=sender, segments=count(message.body))
        if queued:
            self._webhooks.status(queued)
            self._enqueue(queued)

    def _leave_queue(self, sid: str) -> None:
        message = self._store.get(sid)
        if message is None or message.status != "queued":
            return
        if (now() - (message.send_at or message.created)).total_seconds() >= message.validity_seconds:
            self._end(sid, "failed", EXPIRED_IN_QUEUE)
            return
        self._store.change(sid, status="sending")
        self._later(self._pace.sending, self._send, sid)

    def _send(self, sid: str) -> None:
        message = self._store.get(sid)
        if message is None:
            return
        verb, argument = self._store.script(message.to)
        if message.late_refusal or verb == "failed":
            self._end(sid, "failed", message.late_refusal or int(argument))
            return
        sent = self._store.change(sid, status="sent", sent=now())
        if sent is None:
            return
        if self._faults.callbacks == "reordered":
            self._schedule.after(self._pace.delivery + 0.3, lambda: self._webhooks.status(sent))
        else:
            self._webhooks.status(sent)
        self._later(self._pace.delivery, self._arrive, sid)

    def _arrive(self, sid: str) -> None:
        message = self._store.get(sid)
        if message is None or message.status != "sent":
            return
        verb, argument = self._store.script(message.to)
        code = int(argument) if verb == "undelivered" else self._faults.code("undelivered_code")
        if message.to == FROM_NUMBER:
            code = HOSTED_BY_TWILIO
        if code:
            self._end(sid, "undelivered", code)
            return
        self._store.put_on_handset(message.to, message.sender, message.body, sid=sid)
        if verb != "silent" and not self._faults.strikes("no_receipts"):
            self._end(sid, "delivered", None)

    def _end(self, sid: str, status: str, code: int | None) -> None:
        ended = self._store.change(sid, status=status, error_code=code)
        if ended:
            self._webhooks.status(ended)
