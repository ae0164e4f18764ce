"""Calls through Twilio. Calling is not idempotent there, and ringing somebody twice is worse than texting twice.

Twilio fetches what to say when somebody answers (``call_views.py``), so a code that is no longer live is never read,
and the code is in no request of ours (channels fact sheet 1.9).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import requests
from sqlalchemy.orm import Session

from podserver.delivery import twilio_errors
from podserver.delivery.outbox import Accepted, Job, Outcome, Refused, TryLater, Unknown
from podserver.delivery.sms import TwilioDoor, never_left
from podserver.logs import logger

log = logger(__name__)

CHANNEL: Final = "voice"
ANSWER_PATH: Final = "/hooks/twilio/voice/"
CALL_PATH: Final = "/hooks/twilio/call/"
# Rings long enough for a person, and not long enough for most voicemail boxes.
_RING_SECONDS: Final = 25
_LONGEST_SECONDS: Final = 120


class VoiceChannel:
    """Payload: ``{to: E.164, extension, msp, technician, code, language, life: seconds}``.

    It is held until the call is over, as Twilio comes back for the words.
    """

    repeatable = False
    holds = True
    patient = False

    def __init__(self, api_url: str, base_url: str, lease: timedelta) -> None:
        self._door = TwilioDoor(api_url, lease)
        self._base_url = base_url

    def hand_over(self, session: Session, job: Job) -> Outcome:
        """Call once."""
        from twilio.base.exceptions import TwilioException, TwilioRestException

        account = self._door.account(session, job.tenant_id)
        if account is None or not account.voice_sender:
            return Refused("no number to call from is set up, an admin adds it under Messages")
        try:
            call = self._door.client(account).calls.create(
                to=job.payload["to"],
                from_=account.voice_sender,
                url=f"{self._base_url}{ANSWER_PATH}{job.receipt_key}",
                method="POST",
                status_callback=f"{self._base_url}{CALL_PATH}{job.receipt_key}",
                status_callback_event=["initiated", "ringing", "answered", "completed"],
                status_callback_method="POST",
                timeout=_RING_SECONDS,
                time_limit=_LONGEST_SECONDS,
                **_how(job.payload),
            )
        except requests.exceptions.RequestException as error:
            if never_left(error):
                return TryLater("Twilio cannot be reached, trying again", timedelta(seconds=3))
            return Unknown("Twilio did not answer, the call may have been made")
        except TwilioRestException as error:
            if error.status == 429:
                return TryLater("Twilio asks to slow down, trying again", timedelta(seconds=5))
            if error.status >= 500:
                return Unknown("Twilio had a fault, the call may have been made")
            code = str(error.code or "")
            return Refused(twilio_errors.explain_call(code), code)
        except TwilioException:
            return Unknown("Twilio's answer was not understood, the call may have been made")
        return Accepted(call.sid or "", "initiated")

    def look_up(self, session: Session, job: Job) -> Accepted | None:
        """Look for a call to this number since the job was made."""
        from twilio.base.exceptions import TwilioException

        account = self._door.account(session, job.tenant_id)
        if account is None or "to" not in job.payload:
            return None
        try:
            calls = self._door.client(account).calls.list(
                to=job.payload["to"], start_time_after=job.created_at - timedelta(minutes=1), limit=20
            )
        except (requests.exceptions.RequestException, TwilioException):
            log.info("voice.look_up_failed", outbox=job.id)
            return None
        ours = [call for call in calls if call.from_ == account.voice_sender]
        # Two calls to one number in these minutes: which is which cannot be said.
        return Accepted(ours[0].sid or "", "initiated") if len(ours) == 1 else None


def _how(payload: dict[str, Any]) -> dict[str, str]:
    """An extension is dialled, and then nobody can tell a machine from a person; else Twilio listens for machines."""
    if payload.get("extension"):
        return {"send_digits": f"ww{payload['extension']}#"}
    return {"machine_detection": "Enable"}
