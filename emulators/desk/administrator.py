"""What administrators do by hand: Larkfield's at Microsoft before the demo begins, Northgate IT's in HaloPSA after."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from emulators.halo.tabs import TICKET_TABLE, USER_TABLE

PUSH_TENANT = "larkfield.example"
PUSH_SECRET = "demo-push-secret-larkfield-0001"
TAB_NAME = "Verify caller"


def give_push_secret(emulators: str, secret: str = PUSH_SECRET) -> None:
    """Let podserver send pushes in Larkfield's directory with `secret`, which Microsoft's stand-in forgets at its end.

    Raises OSError where that did not work.
    """
    _post("Microsoft", f"{emulators}/_emulator/entra/credentials", {"tenant": PUSH_TENANT, "secret": secret})


def make_tabs(emulators: str, pod_url: str, secret: str) -> None:
    """Show the pod on HaloPSA's tickets and users, as podserver's set-up page says; tabs that are there stay.

    Raises OSError where that did not work.
    """
    control = f"{emulators}/halo/_control"
    known = {row["url"] for row in _get("HaloPSA", f"{control}/records/tabs")}
    of_user = pod_url.replace("$FAULTID", "$USERID").replace("screen=ticket", "screen=contact")
    for table, url in ((TICKET_TABLE, pod_url), (USER_TABLE, of_user)):
        if url not in known:
            tab = {"name": TAB_NAME, "tableid": table, "url": url}
            secure = {"send_secure_url_parameter": True, "new_iframe_secret": secret}
            _post("HaloPSA", f"{control}/tabs", {**tab, **secure})


def _get(whose: str, url: str) -> Any:
    return json.loads(_answer(whose, urllib.request.Request(url)))  # noqa: S310 - the address is ours


def _post(whose: str, url: str, body: Mapping[str, Any]) -> None:
    headers = {"Content-Type": "application/json"}
    _answer(whose, urllib.request.Request(url, data=json.dumps(body).encode(), headers=headers))  # noqa: S310 - as above


def _answer(whose: str, asked: urllib.request.Request) -> bytes:
    # No proxy from the environment may stand between us and this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(asked, timeout=10) as answer:
            body: bytes = answer.read()
    except urllib.error.HTTPError as error:
        error.close()
        raise OSError(f"{whose}'s stand-in answered {error.code}.") from None
    return body
