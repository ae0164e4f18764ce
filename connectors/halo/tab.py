"""The custom tab: what Halo fills into its address, and the signature that tells which agent opened it.

The signature is base64 of HMAC-SHA256 over the agent's id in decimal, keyed with the tab's secret: two independent
public implementations agree on it. It covers neither the ticket nor the time, so it says that *some* session of this
agent opened the tab *once*; how far that is trusted is for the caller to decide.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Final

TICKET_QUERY: Final = "id=$FAULTID&screen=ticket&agentId=$LOGGEDINAGENTID&hmac=$HMAC"
"""The query of a tab on the ticket's screen. Halo encodes nothing, so only ids stand in it, and the signature last."""

USER_QUERY: Final = "id=$USERID&screen=contact&agentId=$LOGGEDINAGENTID&hmac=$HMAC"
"""The same for the user's screen. That $USERID is the user's id is [inferred]: no document names it."""

_AGENT: Final = re.compile(r"[1-9][0-9]{0,8}")
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class TabSecrets:
    """The secrets of a custom tab: one, or two while one is replaced by another."""

    secrets: tuple[str, ...] = field(repr=False)

    def __bool__(self) -> bool:
        return any(self.secrets)

    def signed(self, agent_id: str, signature: str) -> bool:
        """Whether one of the secrets signed this agent's id. A ``+`` may have become a space on its way."""
        if not _AGENT.fullmatch(agent_id) or len(signature) > _LONGEST:
            return False
        given = signature.replace(" ", "+").encode()
        good = False
        for secret in filter(None, self.secrets):
            digest = hmac.new(secret.encode(), agent_id.encode(), hashlib.sha256).digest()
            good |= hmac.compare_digest(base64.b64encode(digest), given)
        return good
