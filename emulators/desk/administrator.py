"""What a client's administrator did at Microsoft before the demo begins. Microsoft's stand-in forgets it at its end."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

PUSH_TENANT = "larkfield.example"
PUSH_SECRET = "demo-push-secret-larkfield-0001"


def give_push_secret(emulators: str, secret: str = PUSH_SECRET) -> None:
    """Let podserver send pushes in Larkfield's directory with `secret`. Raises OSError where that did not work."""
    asked = urllib.request.Request(  # noqa: S310 - the address is ours
        f"{emulators}/_emulator/entra/credentials",
        data=json.dumps({"tenant": PUSH_TENANT, "secret": secret}).encode(),
        headers={"Content-Type": "application/json"},
    )
    # No proxy from the environment may stand between us and this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(asked, timeout=10).close()
    except urllib.error.HTTPError as error:
        error.close()
        raise OSError(f"Microsoft's stand-in answered {error.code}.") from None
