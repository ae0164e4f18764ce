"""The one account that this mail server knows, its name and its limits: all invented."""

from __future__ import annotations

SMTP_USER = "support@northgate.example"
SMTP_PASSWORD = "demo-mail-password-0001"

SERVER_NAME = "mail.larkfield.example"
MAILER_DAEMON = f"MAILER-DAEMON@{SERVER_NAME}"

SIZE_LIMIT = 1024 * 1024
IDLE_SECONDS = 60.0

# What a recipient's local part does, whatever the domain; `slow` is done by `reception`.
REFUSED_RECIPIENTS = {
    "bounce": "550 5.1.1 The mailbox does not exist",
    "defer": "451 4.3.0 The mail system is busy, try again later",
    "full": "552 5.2.2 The mailbox is full",
}
SLOW_RECIPIENT = "slow"
