"""What the methods share whose answer comes from a page of ours: the token, its address, and the typed number.

A token has 256 bits and is known to its message alone: the database keeps a fingerprint. The typed number is derived
from the tenant's key and the verification, so that every technician's pod shows the same one and nothing stores it.
"""

from __future__ import annotations

from podserver.security import sealing
from podserver.verification.methods.base import Proof

LINK_PATH = "/v/"
NUMBER_DIGITS = 2


class AnsweredLink:
    """A link with a token of its own."""

    proof = Proof.LINK
    waiting = "waiting for the user to answer on the page"
    carries = "link"

    @staticmethod
    def fresh(base_url: str) -> tuple[str, str]:
        """A new link and its fingerprint."""
        token = sealing.random_key()
        return f"{base_url}{LINK_PATH}{token}", sealing.fingerprint(token)


def typed_number(hash_key: str, verification: str) -> str:
    """The two digits that the technician reads out and the user types."""
    known = sealing.keyed_hash(hash_key, "typed number", verification)
    return str(int(known[:16], 16) % 10**NUMBER_DIGITS).zfill(NUMBER_DIGITS)
