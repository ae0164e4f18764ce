"""Structured logs, one JSON object a line, with a last sieve against secrets.

Nothing secret is handed to a logger in the first place; the sieve is for what libraries and tracebacks might carry:
tokens, keys, signatures of a frame's address, e-mail addresses, phone numbers and codes.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRETS = re.compile(
    r"(?P<signature>(?i:(?<![a-z])(?:hmac|signature|memberhash)(?:=|%3d)[^\s&\"'<>]+))"
    r"|(?P<jwt>eyJ[\w-]{8,}\.[\w-]+\.[\w-]+)"
    r"|(?P<fernet>gAAAA[\w=-]{40,})"
    r"|(?P<basic>(?:Basic|Bearer)\s+[\w+/=.-]{8,})"
    r"|(?P<phone>(?:(?<![\w.:-])\+?|%2B)\d[\d ().-]{8,18}\d(?![\w.:-]))"
    r"|(?P<mail>[\w.+-]+@[\w-]+\.[\w.-]+)"
    r"|(?P<code>(?<![\w.:-])\d{6,8}(?![\w.:-]))"
)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x80-\x9f\u2028\u2029]")


def redact(text: str) -> str:
    """The text without anything that looks like a secret or a person's address, and without control characters."""
    return _CONTROL.sub(" ", _SECRETS.sub(lambda match: f"[{match.lastgroup}]", text))


class Sieve(logging.Filter):
    """The same sieve for a logger that is not ours, such as the web server's."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything through, redacted."""
        record.msg, record.args = redact(record.getMessage()), None
        return True


def _sieve(_logger: Any, _name: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in entry.items():
        if isinstance(value, str) and key != "timestamp":
            entry[key] = redact(value)
    return entry


def configure(level: str) -> None:
    """Send every logger of the process through one JSON formatter on standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _sieve,
    ]
    structlog.configure(
        # What the level drops is dropped first, before it is stamped and sieved.
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _sieve,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Their INFO and DEBUG lines carry URLs with phone numbers (reference: channels fact sheet 1.3).
    logging.getLogger("twilio.http_client").setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    logging.getLogger("huey").setLevel(logging.WARNING)


def logger(name: str) -> Any:
    """A structured logger: ``logger(__name__).info("outbox.sent", delivery=...)``."""
    return structlog.stdlib.get_logger(name)
