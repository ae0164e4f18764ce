"""SMS through Twilio.

Sending is not idempotent there: a call whose answer was lost may have sent. So only what certainly never left is
tried again; everything else ends as *unknown* and is looked for, never repeated (channels fact sheet 1.8).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import requests
from sqlalchemy import select
from sqlalchemy.orm import Session
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from podserver.delivery import twilio_errors
from podserver.delivery.models import SmsAccount
from podserver.delivery.outbox import Accepted, Job, Outcome, Refused, TryLater, Unknown
from podserver.logs import logger
from podserver.tenancy import bind_tenant

if TYPE_CHECKING:
    from twilio.rest import Client

log = logger(__name__)

_LONGEST_WAIT = timedelta(seconds=10)
STATUS_PATH = "/hooks/twilio/status/"


class SmsChannel:
    """Payload: ``{to: E.164, body: text, life: seconds}``."""

    repeatable = False
    holds = False
    patient = False

    def __init__(self, api_url: str, base_url: str, lease: timedelta) -> None:
        self._door = TwilioDoor(api_url, lease)
        self._base_url = base_url

    def hand_over(self, session: Session, job: Job) -> Outcome:
        """Send once."""
        from twilio.base.exceptions import TwilioException, TwilioRestException

        account = self._door.account(session, job.tenant_id)
        if account is None:
            return Refused("no SMS account is set up, an admin adds it under Messages")
        sender = {"messaging_service_sid" if account.sender.startswith("MG") else "from_": account.sender}
        try:
            message = self._door.client(account).messages.create(
                to=job.payload["to"],
                body=job.payload["body"],
                status_callback=f"{self._base_url}{STATUS_PATH}{job.receipt_key}",
                validity_period=max(int(job.payload["life"]), 5),
                smart_encoded=True,
                **sender,
            )
        except requests.exceptions.RequestException as error:
            if never_left(error):
                return TryLater("Twilio cannot be reached, trying again", timedelta(seconds=3))
            return Unknown("Twilio did not answer, the text may have been sent")
        except TwilioRestException as error:
            if error.status == 429:
                return TryLater("Twilio asks to slow down, trying again", timedelta(seconds=5))
            if error.status >= 500:
                return Unknown("Twilio had a fault, the text may have been sent")
            code = str(error.code or "")
            return Refused(twilio_errors.explain(code), code)
        except TwilioException:
            return Unknown("Twilio's answer was not understood, the text may have been sent")
        return Accepted(message.sid or "", str(message.status or "queued"))

    def look_up(self, session: Session, job: Job) -> Accepted | None:
        """Look for a message to this number with this body since the job was made."""
        from twilio.base.exceptions import TwilioException

        account = self._door.account(session, job.tenant_id)
        if account is None or "to" not in job.payload:
            return None
        try:
            messages = self._door.client(account).messages.list(
                to=job.payload["to"], date_sent_after=job.created_at - timedelta(minutes=1), limit=50
            )
        except (requests.exceptions.RequestException, TwilioException):
            log.info("sms.look_up_failed", outbox=job.id)
            return None
        for message in messages:
            if message.body == job.payload["body"]:
                return Accepted(message.sid or "", str(message.status or "queued"))
        return None


class TwilioDoor:
    """The tenant's way to Twilio, for texts and for calls."""

    def __init__(self, api_url: str, lease: timedelta) -> None:
        self._api_url = api_url
        # The wait for an answer ends well inside the lease, so that nobody else judges the row meanwhile.
        self._timeout = min(_LONGEST_WAIT, lease * 0.4).total_seconds()

    @staticmethod
    def account(session: Session, tenant_id: int) -> SmsAccount | None:
        """The tenant's account. No connection is held afterwards, while Twilio is spoken to."""
        bind_tenant(session, tenant_id)
        account = session.scalar(select(SmsAccount))
        if account is not None:
            session.expunge(account)
        session.rollback()
        return account

    def client(self, account: SmsAccount) -> Client:
        """Twilio's own client for the account."""
        # Imported where it is used: the package takes 30 MB, which web workers never need.
        from twilio.http.http_client import TwilioHttpClient
        from twilio.rest import Client

        client = Client(
            account.account_sid,
            account.auth_token,
            http_client=TwilioHttpClient(timeout=self._timeout, pool_connections=False),
            # A dictionary that is not empty keeps the package from reading TWILIO_REGION and the like.
            environment={"PODSERVER": "1"},
        )
        client.api.base_url = self._api_url
        return client


def never_left(error: requests.exceptions.RequestException) -> bool:
    """Whether the request certainly did not reach the other side."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    reason = error.args[0] if error.args else None
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)
