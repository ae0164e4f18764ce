"""What is known of the contact that a sign-in waits for, from the PSA's last answer, which the pod keeps."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.accounts.models import Tenant
from podserver.pod.models import PsaRecord
from podserver.pod.reaching import read_kept, targets
from podserver.verification.models import Verification


@dataclass(frozen=True, slots=True)
class Known:
    """The address that the link was sent to and the PSA's id of the company, each empty where it is not known."""

    address: str = ""
    company: str = ""


def known_of(session: Session, tenant: Tenant, verification: Verification) -> Known:
    """What the PSA last said of a verification's contact."""
    payload = session.scalar(
        select(PsaRecord.payload).where(
            PsaRecord.integration_id == verification.integration_id,
            PsaRecord.key == f"contact:{verification.contact}",
        )
    )
    if payload is None:
        return Known()
    contact = read_kept(payload).contact
    every = targets(contact, tenant=tenant, integration_id=verification.integration_id)
    address = next((each.target.address for each in every if each.target.key == verification.destination_key), "")
    return Known(address, contact.company.ref[:40] if contact.company else "")
