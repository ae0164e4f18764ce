"""The ledger in Redis, for processes on many machines. Each step is one script, so that none is half done."""

from __future__ import annotations

import secrets
from typing import Any, Final

from connectors.ledger import Hold

# The server's own clock: machines that ask the same PSA need not agree on the time.
_NOW: Final = "local t = redis.call('TIME'); local now = t[1] + t[2] / 1000000 "
_ENTER: Final = (
    _NOW
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[3])
redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[2] * 1000) + 1000)
return 1
"""
)
_SPEND: Final = (
    _NOW
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
local allowed = tonumber(ARGV[1])
local row = redis.call('ZREVRANGE', KEYS[1], allowed - 1, allowed - 1, 'WITHSCORES')
if row[2] then return tostring(row[2] + ARGV[2] - now) end
redis.call('ZADD', KEYS[1], now, ARGV[3])
redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[2] * 1000) + 1000)
return '0'
"""
)
_COUNT: Final = "local n = redis.call('INCR', KEYS[1]); redis.call('PEXPIRE', KEYS[1], ARGV[1]); return n"
_HOLD: Final = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[1]) end
return 1
"""


class RedisLedger:
    """See :class:`connectors.ledger.Ledger`. ``client`` is a ``redis.Redis``; ``prefix`` begins every key."""

    def __init__(self, client: Any, prefix: str = "psa:") -> None:
        self._redis = client
        self._prefix = prefix
        self._enter = client.register_script(_ENTER)
        self._spend = client.register_script(_SPEND)
        self._count = client.register_script(_COUNT)
        self._hold = client.register_script(_HOLD)

    def enter(self, key: str, places: int, longest: float) -> str:
        """See :class:`~connectors.ledger.Ledger`."""
        ticket = secrets.token_hex(8)
        return ticket if self._enter(keys=[self._name(key)], args=[places, longest, ticket]) else ""

    def leave(self, key: str, ticket: str) -> None:
        """See :class:`~connectors.ledger.Ledger`."""
        self._redis.zrem(self._name(key), ticket)

    def spend(self, key: str, allowed: int, window: float) -> float:
        """See :class:`~connectors.ledger.Ledger`."""
        wait = float(self._spend(keys=[self._name(key)], args=[allowed, window, secrets.token_hex(8)]))
        return max(0.001, wait) if wait else 0.0

    def count(self, key: str, life: float) -> int:
        """See :class:`~connectors.ledger.Ledger`."""
        return int(self._count(keys=[self._name(key)], args=[_milliseconds(life)]))

    def count_of(self, key: str) -> int:
        """See :class:`~connectors.ledger.Ledger`."""
        return int(self._redis.get(self._name(key)) or 0)

    def hold(self, key: str, seconds: float, words: str) -> None:
        """See :class:`~connectors.ledger.Ledger`."""
        self._hold(keys=[self._name(key)], args=[_milliseconds(seconds), words])

    def held(self, key: str) -> Hold | None:
        """See :class:`~connectors.ledger.Ledger`."""
        words, left = self._redis.pipeline().get(self._name(key)).pttl(self._name(key)).execute()
        if words is None or left <= 0:
            return None
        return Hold(left / 1000, words.decode() if isinstance(words, bytes) else words)

    def claim(self, key: str, seconds: float) -> bool:
        """See :class:`~connectors.ledger.Ledger`."""
        return bool(self._redis.set(self._name(key), "1", nx=True, px=_milliseconds(seconds)))

    def clear(self, key: str) -> None:
        """See :class:`~connectors.ledger.Ledger`."""
        self._redis.delete(self._name(key))

    def _name(self, key: str) -> str:
        return self._prefix + key


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
