"""The docs say what is so: numbers, commands, links and pictures."""

from __future__ import annotations

import re

from podserver import command
from podserver.accounts import service as accounts
from podserver.accounts.models import Tenant
from podserver.configuration import PROJECT
from podserver.security import failures, pod_token
from podserver.verification import limits

PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md")), *sorted(PROJECT.glob("[A-Z]*.md"))]


def minutes(span: object) -> int:
    return int(span.total_seconds() // 60)  # type: ignore[attr-defined]


def test_every_link_and_picture_in_the_docs_is_there() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} points to {target}"


def test_the_limits_in_the_docs_are_the_limits_in_the_code() -> None:
    said = re.sub(r"\s+", " ", (PROJECT / "docs" / "security.md").read_text())
    technician, company = Tenant.technician_sends_per_hour, Tenant.sends_per_hour
    for sentence in (
        f"| {limits.GUESSES}, then {minutes(limits.DESTINATION_LOCK)} minutes locked |",
        "| " + ", ".join(f"{wait.seconds} s" for wait in limits.WAITS[2:]) + " |",
        f"{limits.CONTACT_FAILURES_DAY} in 24 hours, {limits.CONTACT_FAILURES_MONTH} in 30 days",
        f"{limits.SENDS} in {minutes(limits.SENDS_WINDOW)} minutes, {limits.SENDS_DAY} a day",
        f"| {limits.CONTACT_SENDS_DAY} a day |",
        f"after {limits.RESEND_AFTER.seconds} seconds",
        f"{technician.default.arg} and {company.default.arg} an hour",
        f"Password: {accounts.SHORTEST_PASSWORD} characters or more",
        f"{failures.ACCOUNT.most} failures on an account and {failures.ADDRESS.most} from an address",
        f"lives {minutes(pod_token.LIFE)} minutes",
        f"ends {minutes(pod_token.LONGEST) // 60} hours after",
        f"lives {minutes(accounts.IDLE)} minutes idle, {minutes(accounts.LONGEST_SIGN_IN) // 60} hours at most",
    ):
        assert sentence in said, sentence


def test_the_commands_in_the_docs_exist() -> None:
    known = set(command.main.commands)
    for page in PAGES:
        for name in re.findall(r"`podserver ([a-z][a-z-]+)", page.read_text()):
            assert name in known, f"{page.name} speaks of `podserver {name}`"
