"""The one Duo account this emulator knows: three applications with invented keys.

Each Duo API has an application, and so a pair of keys, of its own (push-and-login fact sheet 2.1).
"""

from __future__ import annotations

from dataclasses import dataclass

WEB_SDK_CLIENT_ID = "DIEMULATOR0000000001"
WEB_SDK_CLIENT_SECRET = "demo-web-sdk-secret-00000000000000000001"
AUTH_IKEY = "DIEMULATOR0000000002"
AUTH_SKEY = "demo-auth-api-secret00000000000000000002"
ADMIN_IKEY = "DIEMULATOR0000000003"
ADMIN_SKEY = "demo-admin-api-skey-00000000000000000003"

ACCOUNT_NAME = "Northgate IT"


@dataclass(frozen=True)
class Application:
    """A Duo application: which API its keys open, what they are, and what the phone calls it."""

    api: str
    key: str
    secret: str
    name: str


WEB_SDK = Application("oauth", WEB_SDK_CLIENT_ID, WEB_SDK_CLIENT_SECRET, "Northgate IT pods")
AUTH_API = Application("auth", AUTH_IKEY, AUTH_SKEY, "Northgate IT help desk")
ADMIN_API = Application("admin", ADMIN_IKEY, ADMIN_SKEY, ACCOUNT_NAME)

APPLICATIONS: dict[str, Application] = {each.key: each for each in (WEB_SDK, AUTH_API, ADMIN_API)}
