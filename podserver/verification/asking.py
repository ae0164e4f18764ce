"""Who asks, and about whom."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asker:
    """The technician who acts."""

    user_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Caller:
    """The contact who is verified, and the ticket it is for.

    ``ticket`` is what people call it and ``ticket_ref`` the PSA's id of it, both empty on a contact's screen;
    ``company`` is the PSA's id of the client, ``summary`` the ticket's line.
    """

    integration_id: int
    contact: str
    contact_name: str
    company_name: str
    ticket: str
    ticket_ref: str
    company: str = ""
    summary: str = ""
