"""Lets py-superops make the calls that come in as JSON, one after the other, and prints what each returns or raises.

Run by the Python that has it. Each line is a list of sign-ins, `{"settings": {...}, "subdomain": ..., "calls": [[path
of a method, ...arguments]]}`, and is answered by a line; the settings are those that it reads from the environment.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from py_superops import SuperOpsClient, SuperOpsConfig
from py_superops.auth import AuthHandler


class WithSubdomain(AuthHandler):
    """The library's own sign-in and the header that the published API asks for besides, for which it has no setting."""

    def __init__(self, config: SuperOpsConfig, subdomain: str) -> None:
        super().__init__(config)
        self._subdomain = subdomain

    async def get_headers(self) -> dict[str, str]:
        return {**await super().get_headers(), "CustomerSubDomain": self._subdomain}


async def call(client: SuperOpsClient, path: str, arguments: list[Any]) -> dict[str, Any]:
    method: Any = client
    for name in path.split("."):
        method = getattr(method, name)
    try:
        value = await method(*arguments)
    except Exception as problem:
        known = {name: getattr(problem, name, None) for name in ("status_code", "response_data", "retry_after")}
        return {"raised": type(problem).__name__, "message": str(problem), **known}
    return {"value": value}


async def signed_in(given: dict[str, Any]) -> list[dict[str, Any]]:
    os.environ.update(given["settings"])
    config = SuperOpsConfig.from_env()
    handler = WithSubdomain(config, given["subdomain"]) if given["subdomain"] else None
    async with SuperOpsClient(config, handler) as client:
        return [await call(client, path, arguments) for path, *arguments in given["calls"]]


async def answer(line: str) -> str:
    results = [result for given in json.loads(line) for result in await signed_in(given)]
    return json.dumps(results, default=repr)


for line in sys.stdin:
    print(asyncio.run(answer(line)), flush=True)
