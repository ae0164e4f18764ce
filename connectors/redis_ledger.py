"""The ledger in Redis, for processes on many machines. Each step is one script, so that none is half done.

While Redis is away each process keeps its own account: callers are still verified, only less evenly. The client's own
time-outs decide how long a Redis that hangs is waited for.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from redis import Redis, RedisError

from connectors.ledger import Hold, SqliteLedger

logger = logging.getLogger(__name__)
T = TypeVar("T")

# The server's own clock: machines that ask the same PSA need not agree on the time.
_NOW: Final = "local t = redis.call('TIME'); local now = t[1] + t[2] / 1000000 "
_ENTER: Final = (
    _NOW
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[3])
local life = math.ceil(ARGV[2] * 1000) + 1000
if redis.call('PTTL', KEYS[1]) < life then redis.call('PEXPIRE', KEYS[1], life) end
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
    """See :class:`connectors.ledger.Ledger`; ``prefix`` begins every key.

    A Redis that failed is not asked for ``pause`` seconds, as each of a call's questions would take as long to fail.
    """

    def __init__(self, client: Redis, prefix: str = "psa:", *, pause: float = 5.0) -> None:
        self._pause = pause
        self._away_until = 0.0
        self._redis: Any = client
        self._prefix = prefix
        self._alone = SqliteLedger()
        self._enter = client.register_script(_ENTER)
        self._spend = client.register_script(_SPEND)
        self._count = client.register_script(_COUNT)
        self._hold = client.register_script(_HOLD)

    def enter(self, key: str, places: int, longest: float) -> str:
        """See :class:`~connectors.ledger.Ledger`."""
        ticket = secrets.token_hex(8)
        return self._or_alone(
            lambda: ticket if self._enter(keys=[self._name(key)], args=[places, longest, ticket]) else "",
            lambda: self._alone.enter(key, places, longest),
        )

    def leave(self, key: str, ticket: str) -> None:
        """See :class:`~connectors.ledger.Ledger`."""
        self._alone.leave(key, ticket)
        self._or_alone(lambda: self._redis.zrem(self._name(key), ticket), lambda: None)

    def spend(self, key: str, allowed: int, window: float) -> float:
        """See :class:`~connectors.ledger.Ledger`."""

        def ask() -> float:
            wait = float(self._spend(keys=[self._name(key)], args=[allowed, window, secrets.token_hex(8)]))
            return max(0.001, wait) if wait else 0.0

        return self._or_alone(ask, lambda: self._alone.spend(key, allowed, window))

    def count(self, key: str, life: float) -> int:
        """See :class:`~connectors.ledger.Ledger`."""
        return self._or_alone(
            lambda: int(self._count(keys=[self._name(key)], args=[_milliseconds(life)])),
            lambda: self._alone.count(key, life),
        )

    def count_of(self, key: str) -> int:
        """See :class:`~connectors.ledger.Ledger`."""
        return self._or_alone(lambda: int(self._redis.get(self._name(key)) or 0), lambda: self._alone.count_of(key))

    def hold(self, key: str, seconds: float, words: str) -> None:
        """See :class:`~connectors.ledger.Ledger`."""
        self._or_alone(
            lambda: self._hold(keys=[self._name(key)], args=[_milliseconds(seconds), words]),
            lambda: self._alone.hold(key, seconds, words),
        )

    def held(self, key: str) -> Hold | None:
        """See :class:`~connectors.ledger.Ledger`."""

        def ask() -> Hold | None:
            words, left = self._redis.pipeline().get(self._name(key)).pttl(self._name(key)).execute()
            if words is None or left <= 0:
                return None
            return Hold(left / 1000, words.decode() if isinstance(words, bytes) else words)

        return self._or_alone(ask, lambda: self._alone.held(key))

    def claim(self, key: str, seconds: float) -> bool:
        """See :class:`~connectors.ledger.Ledger`."""
        return self._or_alone(
            lambda: bool(self._redis.set(self._name(key), "1", nx=True, px=_milliseconds(seconds))),
            lambda: self._alone.claim(key, seconds),
        )

    def clear(self, key: str) -> None:
        """See :class:`~connectors.ledger.Ledger`."""
        self._alone.clear(key)
        self._or_alone(lambda: self._redis.delete(self._name(key)), lambda: None)

    def _or_alone(self, shared: Callable[[], T], alone: Callable[[], T]) -> T:
        if time.monotonic() >= self._away_until:
            try:
                return shared()
            except RedisError as problem:
                self._away_until = time.monotonic() + self._pause
                logger.warning("Redis does not keep the account of PSA calls: %s", type(problem).__name__)
        return alone()

    def _name(self, key: str) -> str:
        return self._prefix + key


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
