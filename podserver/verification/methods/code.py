"""What the methods share whose code the caller reads out: how it is made, typed and judged."""

from __future__ import annotations

import unicodedata

from podserver.security import sealing
from podserver.verification.limits import CODE_DIGITS
from podserver.verification.methods.base import Proof


class SpokenCode:
    """Six digits; their keyed hash is bound to method and verification, so a code is good for nothing else."""

    name: str
    proof = Proof.CODE
    waiting = "as the caller reads it out"
    carries = "code"

    def fresh(self, hash_key: str, verification: str) -> tuple[str, str]:
        """A new code and its hash."""
        code = sealing.random_digits(CODE_DIGITS)
        return code, self._hash(hash_key, verification, code)

    def clean(self, answer: str) -> str:
        """Digits only; spaces and dashes between them are forgiven. Raises ValueError."""
        digits = "".join(
            str(unicodedata.digit(c))
            for c in answer
            if not (c.isspace() or c in "-–.") and unicodedata.digit(c, -1) >= 0
        )
        stray = [c for c in answer if not (c.isspace() or c in "-–.") and unicodedata.digit(c, -1) < 0]
        if stray or len(digits) != CODE_DIGITS:
            raise ValueError(f"A code has {CODE_DIGITS} digits. Ask the caller to read it again.")
        return digits

    def accepts(self, *, hash_key: str, verification: str, proof_hash: str, answer: str) -> bool:
        """Compare keyed hashes in constant time."""
        return sealing.same(self._hash(hash_key, verification, answer), proof_hash)

    def _hash(self, hash_key: str, verification: str, code: str) -> str:
        return sealing.keyed_hash(hash_key, self.name, verification, code)
