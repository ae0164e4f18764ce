"""The emulator as one object: what it remembers, its carrier and exchange, its webhooks and its faults."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from emulators.twilio.account import FROM_NUMBER, MESSAGING_SERVICE_SID
from emulators.twilio.call_hooks import CallHooks
from emulators.twilio.carrier import Carrier
from emulators.twilio.exchange import Exchange
from emulators.twilio.faults import Faults
from emulators.twilio.keywords import REPLIES, keyword_in
from emulators.twilio.messages import Message, now
from emulators.twilio.pace import Pace
from emulators.twilio.schedule import Schedule
from emulators.twilio.segments import count
from emulators.twilio.store import Store, new_sid
from emulators.twilio.webhooks import Webhooks


class TwilioEmulator:
    """One Twilio account with one number, one messaging service, and every handset of the world."""

    def __init__(self, state_dir: Path | None = None, pace: Pace | None = None) -> None:
        self.schedule = Schedule()
        self.faults = Faults()
        self.store = Store(self.schedule, state_dir)
        self.webhooks = Webhooks(self.store, self.faults, self.schedule)
        self.call_hooks = CallHooks(self.store, self.faults, self.schedule)
        self._first_pace = pace or Pace()
        self.pace = replace(self._first_pace)
        self.carrier = Carrier(self.store, self.faults, self.schedule, self.webhooks, self.pace)
        self.exchange = Exchange(self.store, self.faults, self.call_hooks, self.pace)
        self.carrier.resume()
        self.exchange.resume()

    def reset(self) -> None:
        """Back to the first day: nothing sent, nobody called or opted out, no faults, the first pace."""
        self.schedule.clear()
        self.faults.clear()
        self.exchange.clear()
        self.call_hooks.clear()
        self.pace.restore(self._first_pace)
        self.store.clear()
        self.store.save()

    def receive(self, number: str, to: str, body: str) -> dict[str, Any]:
        """A person texts us from `number`. The keywords are answered here, and the webhook is called all the same.

        Returns the message resource, with `keyword` (STOP, START, HELP or None).
        """
        created = now()
        message = self.store.add(
            Message(
                sid=new_sid("SM"),
                to=to,
                sender=number,
                body=body,
                status="received",
                direction="inbound",
                segments=count(body),
                created=created,
                updated=created,
                sent=created,
            )
        )
        self.store.put_on_handset(number, to, body, sid=message.sid, outgoing=True)
        keyword = keyword_in(body)
        if keyword:
            self._obey(keyword, number, to)
        url = self.store.sms_url(to)
        if url:
            self.webhooks.inbound(message, url)
        return {**message.to_json(), "keyword": keyword}

    def _obey(self, keyword: str, number: str, to: str) -> None:
        senders = (to, MESSAGING_SERVICE_SID) if to == FROM_NUMBER else (to,)
        for ours in senders:
            if keyword == "STOP":
                self.store.opt_out(ours, number)
            elif keyword == "START":
                self.store.opt_in(ours, number)
        self.store.put_on_handset(number, to, REPLIES[keyword])
