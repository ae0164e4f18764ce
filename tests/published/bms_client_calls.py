"""Lets the client that was generated from BMS' description sign in and make calls, and prints what its models read.

Run by the generator's Python with the client on its path; in comes `{"url": ..., "login": {...}, "calls": [{"call":
"tickets.get_ticket", "given": {...}, "body": ...}]}`.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any, get_args, get_type_hints

from bms_client.client import AuthenticatedClient, Client


def call(client: Client | AuthenticatedClient, name: str, given: dict[str, Any], body: Any = None) -> Any:
    """The parsed answer of a call; its body is built by the client's own model."""
    function = import_module(f"bms_client.api.{name}").sync
    if body is not None:
        model = get_type_hints(function)["body"]
        (each,) = get_args(model) or (model,)
        given["body"] = [each.from_dict(one) for one in body] if isinstance(body, list) else each.from_dict(body)
    return function(client=client, **given)


asked = json.load(sys.stdin)
token = call(Client(base_url=asked["url"]), "security.authenticate", {}, asked["login"]).result.access_token
known = AuthenticatedClient(base_url=asked["url"], token=token, raise_on_unexpected_status=True)
print(json.dumps([call(known, each["call"], each["given"], each["body"]).to_dict() for each in asked["calls"]]))
