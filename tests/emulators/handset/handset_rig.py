"""All stand-ins on real sockets, and short ways to let something come to somebody's phone."""

from __future__ import annotations

import smtplib
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import duo_client
import requests
from flask import Flask
from werkzeug.serving import make_server

from emulators.__main__ import QuietHandler, tls_server
from emulators.app import create_app
from emulators.duo import AUTH_IKEY, AUTH_SKEY
from emulators.entra import LARKFIELD_TENANT, PUSH_CLIENT_ID
from emulators.mail import SMTP_PASSWORD, SMTP_USER
from emulators.tls import certificates
from emulators.twilio import ACCOUNT_SID, AUTH_TOKEN, FROM_NUMBER

DANA, MARCUS, INGRID, THEO, WEI, LUCIA = 77, 78, 79, 80, 84, 85
DANA_MOBILE, DANA_DESK, MARCUS_MOBILE = "+12025550142", "+12025550177", "+12025550118"
DANA_MAIL = "dana@larkfield.example"
PUSH_SECRET = "push-secret-of-larkfield"
PUSH_SCOPE = "https://adnotifications.windowsazure.com/StrongAuthenticationService.svc/Connector/.default"


@dataclass
class StandIns:
    """Where they listen, and whom to trust."""

    origin: str
    tls_port: int
    smtp_port: int
    authority: Path

    def reset(self) -> None:
        """The first day of all of them; Larkfield's administrator has given a secret for the push."""
        for part in ("connectwise", "twilio", "mail", "duo", "entra"):
            requests.post(f"{self.origin}/_emulator/{part}/reset", timeout=5).raise_for_status()
        self.control("entra/credentials", tenant=LARKFIELD_TENANT, secret=PUSH_SECRET)
        self.control("twilio/pace", queued=0.01, sending=0.01, delivery=0.01, dialing=0.01, pick_up=0.01)

    def control(self, path: str, **values: Any) -> Any:
        """Post to a control of a stand-in."""
        answer = requests.post(f"{self.origin}/_emulator/{path}", json=values, timeout=5)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def look(self, path: str) -> Any:
        """Read JSON."""
        answer = requests.get(self.origin + path, timeout=5)
        assert answer.ok, answer.text
        return answer.json()

    def news(self, contact: int = DANA) -> Any:
        """What the phone's page polls."""
        return self.look(f"/handset/news.json?contact={contact}")

    # --- What comes -------------------------------------------------------------------------------------------------

    def text(self, to: str = DANA_MOBILE, body: str = "Your code is 870412") -> None:
        """Send a text."""
        self._twilio("Messages", To=to, From=FROM_NUMBER, Body=body)

    def call(self, to: str = DANA_MOBILE) -> None:
        """Place a call that says something for a while."""
        self._twilio(
            "Calls", To=to, From=FROM_NUMBER, Twiml="<Response><Say>Hello.</Say><Pause length='60'/></Response>"
        )

    def _twilio(self, resource: str, **form: str) -> None:
        url = f"{self.origin}/2010-04-01/Accounts/{ACCOUNT_SID}/{resource}.json"
        answer = requests.post(url, data=form, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=5)
        assert answer.ok, answer.text

    def mail(self, to: str = DANA_MAIL, subject: str = "Are you on the phone with us?") -> None:
        """Send a letter with a link in both of its parts."""
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = "Northgate IT <support@northgate.example>", to, subject
        letter.set_content(f"Open {self.origin}/phone?number={DANA_MOBILE}")
        letter.add_alternative(f'<p>Open <a href="{self.origin}/phone">the page</a></p>', subtype="html")
        with smtplib.SMTP("localhost", self.smtp_port, timeout=5) as client:
            client.starttls(context=ssl.create_default_context(cafile=str(self.authority)))
            client.login(SMTP_USER, SMTP_PASSWORD)
            client.send_message(letter)

    def duo_push(self, username: str = "dana.w", shown: str = "Ticket=%2348213+Webmail&Technician=Sam") -> str:
        """Push to a user of Duo; returns the code of a Verified Duo Push, empty for a plain one."""
        reach = {"host": "localhost", "port": self.tls_port, "ca_certs": str(self.authority), "timeout": 5}
        auth = duo_client.Auth(AUTH_IKEY, AUTH_SKEY, **reach)
        ready = auth.preauth(username=username, client_supports_verified_push="1")
        known = {"txid": ready["txid"]} if "txid" in ready else {}
        auth.auth("push", username=username, device="auto", async_txn=True, type="Help desk", pushinfo=shown, **known)
        return str(ready.get("verification_code", ""))

    def authenticator_push(self, upn: str = DANA_MAIL) -> None:
        """Push to a user of Larkfield's directory."""
        tls = f"https://localhost:{self.tls_port}"
        asked = {"grant_type": "client_credentials", "client_id": PUSH_CLIENT_ID, "client_secret": PUSH_SECRET}
        token_url = f"{tls}/{LARKFIELD_TENANT}/oauth2/v2.0/token"
        given = requests.post(token_url, data={**asked, "scope": PUSH_SCOPE}, verify=str(self.authority), timeout=5)
        assert given.ok, given.text
        body = (
            f"<BeginTwoWayAuthenticationRequest><Version>1.0</Version><UserPrincipalName>{upn}</UserPrincipalName>"
            "<AuthenticationMethodId>PhoneAppNotification</AuthenticationMethodId>"
            f"<ContextId>{uuid.uuid4()}</ContextId><SyncCall>false</SyncCall></BeginTwoWayAuthenticationRequest>"
        )
        answer = requests.post(
            f"{tls}/StrongAuthenticationService.svc/Connector/BeginTwoWayAuthentication",
            data=body,
            headers={"Authorization": f"Bearer {given.json()['access_token']}", "Content-Type": "application/xml"},
            verify=str(self.authority),
            timeout=5,
        )
        assert answer.ok and "<Value>Success</Value>" in answer.text, answer.text


def with_a_ticket_beside(app: Flask) -> Flask:
    """Adds a page that has a field to type in, and a phone in a frame."""
    page = f"<title>Ticket</title><input id='code'><iframe id='phone' src='/handset?contact={DANA}&embed=1'></iframe>"
    app.add_url_rule("/beside", view_func=lambda: page)
    return app


@contextmanager
def serve(state: Path) -> Iterator[StandIns]:
    """All stand-ins, in threads of this process."""
    certified = certificates(state)
    app = with_a_ticket_beside(create_app())
    plain = make_server("localhost", 0, app, threaded=True, request_handler=QuietHandler)
    tls = tls_server("localhost", 0, app, certified.server_context())
    mail = app.extensions["mail_emulator"]
    smtp_port = mail.serve("localhost", 0, certified.server_context()).plain
    for server in (plain, tls):
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield StandIns(f"http://localhost:{plain.port}", tls.port, smtp_port, certified.authority)
    finally:
        for server in (plain, tls):
            server.shutdown()
        mail.stop()


def wait_for(what: Callable[[], Any], seconds: float = 5) -> Any:
    """The first true value of `what`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found
