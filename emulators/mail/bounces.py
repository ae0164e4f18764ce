"""The report that returns a message to its sender, a `multipart/report` as RFC 3462 and RFC 3464 write it.

Fields as the channel fact sheet 5.5 lists them. The report goes out with the null sender and is itself never answered.
"""

from __future__ import annotations

from datetime import datetime
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, make_msgid

from emulators.mail.account import MAILER_DAEMON, REFUSED_RECIPIENTS, SERVER_NAME

_ANSWER = REFUSED_RECIPIENTS["bounce"]
_STATUS = _ANSWER.split()[1]
_WIRE = compat32.clone(linesep="\r\n")


def report(original: bytes, sender: str, recipients: tuple[str, ...], received: datetime, at: datetime) -> bytes:
    """The report about `original` for its envelope sender: all `recipients` have failed for good, by 5.1.1.

    `received` is when the original was accepted, `at` the date of the report; both aware.
    """
    whole = MIMEMultipart("report")
    whole.set_param("report-type", "delivery-status")
    whole["From"] = f"Mail Delivery System <{MAILER_DAEMON}>"
    whole["To"] = sender
    whole["Subject"] = "Undelivered Mail Returned to Sender"
    whole["Date"] = format_datetime(at)
    whole["Message-ID"] = make_msgid(domain=SERVER_NAME)
    whole["Auto-Submitted"] = "auto-replied"
    whole.attach(MIMEText(_words(recipients)))
    whole.attach(_statuses(recipients, received))
    whole.attach(_original_headers(original))
    return whole.as_bytes(policy=_WIRE)


def _words(recipients: tuple[str, ...]) -> str:
    lost = "\n".join(f"<{each}>: {_ANSWER}" for each in recipients)
    return f"This is the mail system at {SERVER_NAME}.\n\nYour message could not be delivered to:\n\n{lost}\n"


def _statuses(recipients: tuple[str, ...], received: datetime) -> Message:
    about = Message()
    about["Reporting-MTA"] = f"dns; {SERVER_NAME}"
    about["Arrival-Date"] = format_datetime(received)
    blocks: list[Message | str] = [about]
    for each in recipients:
        block = Message()
        kind = "rfc822" if each.isascii() else "utf-8"
        block["Original-Recipient"] = f"{kind}; {each}"
        block["Final-Recipient"] = f"{kind}; {each}"
        block["Action"] = "failed"
        block["Status"] = _STATUS
        block["Diagnostic-Code"] = f"smtp; {_ANSWER}"
        blocks.append(block)
    status = Message()
    status["Content-Type"] = "message/delivery-status"
    status.set_payload(blocks)
    return status


def _original_headers(original: bytes) -> Message:
    # Only the headers: they name the message, and whatever secret its body holds does not travel twice.
    head = original.partition(b"\r\n\r\n")[0] + b"\r\n"
    part = Message()
    part["Content-Type"] = "text/rfc822-headers"
    part["Content-Transfer-Encoding"] = "7bit" if head.isascii() else "8bit"
    part.set_payload(head.replace(b"\r\n", b"\n").decode("ascii", "surrogateescape"))
    return part
