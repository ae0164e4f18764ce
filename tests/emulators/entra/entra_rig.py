"""What the tests of the Entra emulator hold in their hands: the running emulator, msal's client, a browser of sorts."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import jwt
import msal
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from emulators.entra import CLIENT_ID, CLIENT_SECRET, LARKFIELD_TENANT, PUSH_CLIENT_ID

DANA = "dana@larkfield.example"
GRAPH_SCOPE = "https://graph.microsoft.com/.default"
PUSH_RESOURCE = "https://adnotifications.windowsazure.com/StrongAuthenticationService.svc/Connector"
PUSH_SCOPE = f"{PUSH_RESOURCE}/.default"
PUSH_ROOT = "/StrongAuthenticationService.svc/Connector"
CALLBACK = "http://localhost:5000/entra/callback"
SECRET = "push-secret-of-larkfield"


@dataclass
class Answer:
    """What the push service answered: Result/Value, AuthenticationResult (None where nil), and the parsed document."""

    value: str
    authenticated: str | None
    session: str | None
    document: ElementTree.Element


@dataclass
class Entra:
    """The running emulator and short ways to it."""

    origin: str
    authority_file: Path
    http: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.http.trust_env = False
        self.http.verify = str(self.authority_file)

    # Controls

    def control(self, name: str, **values: Any) -> requests.Response:
        return self.http.post(f"{self.origin}/_emulator/entra/{name}", json=values, timeout=5)

    def faults(self, **values: Any) -> None:
        answer = self.control("faults", **values)
        assert answer.status_code == 200, answer.text

    def look(self, name: str) -> Any:
        return self.http.get(f"{self.origin}/_emulator/entra/{name}", timeout=5).json()

    def pushes(self, upn: str = DANA) -> list[dict[str, Any]]:
        return list(self.look(f"pushes.json?upn={upn}")["pushes"])

    def press(self, session: str, answer: str) -> requests.Response:
        return self.control(f"pushes/{session}", answer=answer)

    def tenant(self, key: str) -> dict[str, Any]:
        return next(each for each in self.look("tenants")["tenants"] if key in (each["id"], each["domain"]))

    # msal

    def app(
        self, tenant: str = LARKFIELD_TENANT, client_id: str = CLIENT_ID, credential: Any = CLIENT_SECRET
    ) -> msal.ConfidentialClientApplication:
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.authority_file)
        return msal.ConfidentialClientApplication(
            client_id,
            authority=f"{self.origin}/{tenant}",
            client_credential=credential,
            instance_discovery=False,
            http_client=session,
        )

    def app_token(self, tenant: str, scope: str, client_id: str = CLIENT_ID, credential: Any = CLIENT_SECRET) -> str:
        answer = self.app(tenant, client_id, credential).acquire_token_for_client([scope])
        assert "access_token" in answer, answer
        return str(answer["access_token"])

    # Sign-in

    def choose(self, page: str, **form: str) -> dict[str, str]:
        """Press a button of the page at `page`; returns the query that the browser is led back with."""
        assert self.http.get(page, timeout=5).status_code == 200
        answer = self.http.post(page, data=form, timeout=5, allow_redirects=False)
        assert answer.status_code == 302, answer.text
        return query_of(answer.headers["Location"])

    def user_id(self, upn: str) -> str:
        users = (user for tenant in self.look("tenants")["tenants"] for user in tenant["users"])
        return next(str(user["id"]) for user in users if user["upn"] == upn)

    # Push

    def push(self, operation: str, body: str | bytes, token: str, slash: str = "/", **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/xml"}
        url = f"{self.origin}{PUSH_ROOT}{slash}{operation}"
        return self.http.post(url, data=body, headers=headers, timeout=more.get("timeout", 5))

    def begin(self, upn: str, token: str, *, sync: bool = False, **more: str) -> Answer:
        return read(self.push("BeginTwoWayAuthentication", begin_body(upn, sync=sync, **more), token, timeout=10))

    def end(self, session: str, upn: str, token: str, code: str | None = None) -> Answer:
        typed = f"<AdditionalAuthData>{code}</AdditionalAuthData>" if code else ""
        body = (
            f"<EndTwoWayAuthenticationRequest><Version>1.0</Version><SessionId>{session}</SessionId>"
            f"<ContextId>{uuid.uuid4()}</ContextId>{typed}<UserPrincipalName>{upn}</UserPrincipalName>"
            "</EndTwoWayAuthenticationRequest>"
        )
        return read(self.push("EndTwoWayAuthentication", body, token))


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def begin_body(upn: str, *, sync: bool = False, method: str = "PhoneAppNotification", otp: str = "") -> str:
    number = (
        '<AuthenticationMethodProperties xmlns:a="http://schemas.microsoft.com/2003/10/Serialization/Arrays">'
        "<a:KeyValueOfstringstring><a:Key>OverrideNumberMatchingWithOTP</a:Key>"
        f"<a:Value>{otp}</a:Value></a:KeyValueOfstringstring></AuthenticationMethodProperties>"
    )
    return (
        "<BeginTwoWayAuthenticationRequest><Version>1.0</Version>"
        f"<UserPrincipalName>{upn}</UserPrincipalName><Lcid>en-us</Lcid>"
        + (f"<AuthenticationMethodId>{method}</AuthenticationMethodId>" if method else "")
        + (number if otp else "")
        + f"<ContextId>{uuid.uuid4()}</ContextId><SyncCall>{'true' if sync else 'false'}</SyncCall>"
        "<RequireUserMatch>true</RequireUserMatch><CallerName>radius</CallerName><CallerIP>UNKNOWN:</CallerIP>"
        "</BeginTwoWayAuthenticationRequest>"
    )


def read(response: requests.Response) -> Answer:
    assert response.status_code == 200, response.text
    root = ElementTree.fromstring(response.content)
    return Answer(
        root.findtext("./Result/Value") or "",
        root.findtext("./AuthenticationResult") or None,
        root.findtext("./SessionId") or None,
        root,
    )


@dataclass
class KeyPair:
    """A key, a self-signed certificate for it, and both as PEM."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, name: str = "podserver push", key: Any = None) -> KeyPair:
        key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        at = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(at - dt.timedelta(hours=1))
            .not_valid_after(at + dt.timedelta(days=30))
            .sign(key, hashes.SHA256())
        )
        return cls(key, certificate)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> str:
        plain = serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()

    def credential(self) -> dict[str, str]:
        """As msal takes it: PS256 with the SHA-256 thumbprint."""
        return {"private_key": self.key_pem, "public_certificate": self.pem}

    def old_credential(self) -> dict[str, str]:
        """As msal takes it: RS256 with the SHA-1 thumbprint."""
        return {"private_key": self.key_pem, "thumbprint": self.certificate.fingerprint(hashes.SHA1()).hex()}

    def assertion(self, audience: str, client_id: str = PUSH_CLIENT_ID, **claims: Any) -> str:
        at = int(time.time())
        body = {"aud": audience, "iss": client_id, "sub": client_id, "exp": at + 300, "nbf": at, "jti": "1", **claims}
        thumbprint = jwt.utils.base64url_encode(self.certificate.fingerprint(hashes.SHA256())).decode()
        return jwt.encode(body, self.key, algorithm="PS256", headers={"x5t#S256": thumbprint})


def wait_for(what: Callable[[], Any], seconds: float = 5) -> Any:
    """The first true value of `what`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return found
