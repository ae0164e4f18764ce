"""The script that a client's administrator runs once: it adds our public certificate to their push principal.

Changing the list of certificates replaces it, so the script reads what is there and sends it back with ours (trap 16
of the push-and-login fact sheet), or the client's own NPS servers would lose theirs.
"""

from __future__ import annotations

from flask import render_template

from podserver.delivery.credentials import MicrosoftDirectory
from podserver.delivery.microsoft import PUSH_CLIENT, PUSH_CONNECTOR
from podserver.microsoft import key_pair


def certificate_name(msp: str) -> str:
    """What the certificate is called, so that whoever finds it knows whose it is."""
    return f"podserver push, {_plain(msp)}".rstrip(", ")[:64]


def to_add(msp: str, row: MicrosoftDirectory) -> str:
    """The script for a client that has a key pair. It holds nothing secret."""
    return render_template(
        "microsoft/add-certificate.ps1",
        msp=_plain(msp),
        company=_plain(row.company_name),
        directory=row.directory,
        name=certificate_name(msp),
        certificate=key_pair.base64_of(row.certificate),
        thumbprint=key_pair.thumbprint(row.certificate),
        push_client=PUSH_CLIENT,
        push_connector=PUSH_CONNECTOR,
    )


def _plain(text: str) -> str:
    """A name that can neither end a comment nor a quoted word of PowerShell's, which knows curly quotes too."""
    return " ".join("".join(c if c.isalnum() or c in "-.,&()" else " " for c in text).split())
