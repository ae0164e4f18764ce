"""What the methods share whose answer comes from a page of ours: the token, its address, and the typed number.

A token has 256 bits and is known to its message alone: the database keeps a fingerprint. The typed number is derived
from the tenant's key and the verification, so that every technician's pod shows the same one and nothing stores it.
"""

from __future__ import annotations

import unicodedata

from podserver.security import sealing
from podserver.verification.methods.base import Proof

LINK_PATH = "/v/"
NUMBER_DIGITS = 2
_LEAST = 10 ** (NUMBER_DIGITS - 1)


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
    """The two digits that the technician reads out and the user types.

    None begins with 0: a program that fills forms with zeros is never right, and "oh seven" is not typed as 7.
    """
    known = sealing.keyed_hash(hash_key, "typed number", verification)
    return str(_LEAST + int(known[:16], 16) % (9 * _LEAST))


def read_number(typed: str) -> str:
    """The number as typed, in ASCII digits; blanks between them are forgiven.

    Raises ValueError, with a sentence for the user, where it cannot be one: that is no wrong try.
    """
    digits = [unicodedata.decimal(c, -1) for c in typed if not c.isspace()]
    if len(digits) != NUMBER_DIGITS or -1 in digits:
        raise ValueError("Type the two digits that you are told on the phone.")
    return "".join(map(str, digits))
