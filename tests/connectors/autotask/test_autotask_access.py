"""Where the Autotask connector sends its keys, how often it tries them, and what it makes of each refusal."""

from __future__ import annotations

import inspect
import logging
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connectors import autotask as package
from connectors.autotask import Autotask, parse_zone
from connectors.autotask.address import Zone, named_zone
from connectors.base import (
    BadCredentials,
    Capability,
    MissingPermission,
    NotFound,
    RateLimited,
    Rejected,
    Unavailable,
)
from connectors.discipline import Gate, Limits
from connectors.ledger import SqliteLedger


def test_the_example_of_the_package_runs(autotask: Any) -> None:
    lines = inspect.getdoc(package).splitlines()  # type: ignore[union-attr]
    start = next(number for number, line in enumerate(lines) if line.endswith("::")) + 1
    end = next(number for number, line in enumerate(lines) if line.startswith("Every failure"))
    example = textwrap.dedent("\n".join(lines[start:end]))
    names: dict[str, Any] = {}
    exec(example.replace("ww14.autotask.net", autotask.url), names)
    assert names["mobile"].value == "2025550142"
    assert autotask.record("TicketNotes", int(names["note"].ref))["description"] == names["note"].text


@pytest.mark.parametrize(
    ("typed", "base"),
    [
        ("", ""),
        ("webservices14.autotask.net", "https://webservices14.autotask.net/ATServicesRest/"),
        ("https://WebServices14.autotask.net/ATServicesRest/", "https://webservices14.autotask.net/ATServicesRest/"),
        (" ww14.autotask.net ", "https://webservices14.autotask.net/ATServicesRest/"),
        ("https://ww31.autotask.net/", "https://webservices31.autotask.net/ATServicesRest/"),
        ("prde.autotask.net", "https://prde.autotask.net/ATServicesRest/"),
        ("http://localhost:8100", "http://localhost:8100/ATServicesRest/"),
    ],
)
def test_a_zone_is_read_as_an_admin_types_it(typed: str, base: str) -> None:
    assert parse_zone(typed).base == base


@pytest.mark.parametrize(
    "typed",
    [
        "autotask.net",
        "ww14.autotask.net.evil.example",
        "evil.example",
        "evilautotask.net",
        "https://user@ww14.autotask.net",
        "http://ww14.autotask.net",
        "ww14.autotask.net:8443",
        "ww14.autotask.net/other",
        "ww14.autotask.net?x=1",
        "a.b.autotask.net",
        "http://[::1",
        "ww14.autotask.net:x",
    ],
)
def test_a_zone_outside_autotask_is_refused_in_words(typed: str) -> None:
    with pytest.raises(Rejected, match=r"ww14\.autotask\.net"):
        parse_zone(typed)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://webservices29.autotask.net/ATServicesRest/", "https://webservices29.autotask.net/ATServicesRest/"),
        ("https://webservices29.autotask.net/atservicesrest", "https://webservices29.autotask.net/atservicesrest/"),
        ("http://webservices29.autotask.net/ATServicesRest/", ""),
        ("https://webservices29.autotask.net@evil.example/ATServicesRest/", ""),
        ("https://evil.example/ATServicesRest/", ""),
        ("http://127.0.0.1:1/ATServicesRest/", ""),
        (None, ""),
    ],
)
def test_keys_go_only_to_a_zone_of_autotask(url: object, base: str) -> None:
    assert named_zone(url, Zone("")) == base


def test_what_cannot_be_a_key_is_refused_before_anything_is_sent(autotask: Any, dial: Callable[..., Autotask]) -> None:
    for wrong in ({"user": ""}, {"secret": "two words"}, {"secret": "é"}, {"tracking_id": "a\nb"}):
        with pytest.raises(Rejected):
            dial(**wrong)
    assert autotask.asked() == []


def test_a_tenant_that_moved_is_followed_once(autotask: Any, northgate_at: Autotask) -> None:
    northgate_at.ticket("148213")
    autotask.faults(zone_moved=True)
    assert northgate_at.ticket("148213").ref == "148213"
    assert [each for each in autotask.asked() if " 401" in each] == ["GET /Tickets/148213 401"]
    assert northgate_at.contact("30683077").ref == "30683077"
    assert northgate_at.zone().endswith("/zone2/ATServicesRest/")
    assert len([each for each in autotask.asked() if "zoneInformation" in each]) == 1


def test_a_refused_secret_is_tried_once_and_locks_nobody(autotask: Any, dial: Callable[..., Autotask]) -> None:
    autotask.faults(lock_after=2)
    wrong = dial(secret="wrong", gate=Gate(SqliteLedger(), "k", "Autotask", Limits()))
    for _ in range(4):
        with pytest.raises(BadCredentials, match="locked"):
            wrong.ticket("148213")
    assert [each for each in autotask.asked() if " 401" in each] == ["GET /Tickets/148213 401"]
    assert dial().ticket("148213").ref == "148213"


def test_each_wrong_key_is_named_where_autotask_tells(autotask: Any, dial: Callable[..., Autotask]) -> None:
    with pytest.raises(BadCredentials, match="tracking identifier"):
        dial(tracking_id="SOMEBODYELSES").whoami()
    with pytest.raises(BadCredentials, match="secret"):
        dial(user="nobody@northgate.example").whoami()


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ({"html_500": True}, Unavailable, "HTTP 500"),
        ({"empty_500": True}, Unavailable, "HTTP 500"),
        ({"bad_gateway": True}, Unavailable, "HTTP 502"),
        ({"errors_with_200": True}, Rejected, "An error occurred"),
        ({"missing_item": "404"}, NotFound, "no such record"),
        ({"missing_rights": {"read Tickets": "not found"}}, NotFound, "no such record"),
        ({"missing_rights": {"read Tickets": "empty"}}, NotFound, "no such record"),
        ({"missing_rights": {"read Tickets": "403"}}, MissingPermission, "Tickets: view"),
        ({"missing_rights": {"read Tickets": "500"}}, MissingPermission, "Security Levels"),
    ],
)
def test_each_refusal_means_what_it_means(
    autotask: Any, northgate_at: Autotask, fault: dict[str, Any], error: type[Exception], words: str
) -> None:
    autotask.faults(**fault)
    with pytest.raises(error, match=words) as problem:
        northgate_at.ticket("999999" if "missing_item" in fault else "148213")
    assert "<" not in str(problem.value)


def test_too_many_at_once_is_a_wait_and_no_refusal(autotask: Any, dial: Callable[..., Autotask]) -> None:
    autotask.faults(used_requests=10000)
    with pytest.raises(RateLimited):
        dial().ticket("148213")


def test_a_500_is_never_repeated_and_a_502_on_a_read_once(autotask: Any, northgate_at: Autotask) -> None:
    autotask.faults(html_500=1)
    with pytest.raises(Unavailable):
        northgate_at.ticket("148213")
    assert len(autotask.asked()) == 1
    autotask.faults(bad_gateway=1)
    assert northgate_at.companies("Larkfield")
    assert autotask.asked()[1:] == ["POST /Companies/query 502", "POST /Companies/query 200"]
    autotask.faults(bad_gateway=1, scope="POST TicketNotes")
    with pytest.raises(Unavailable) as problem:
        northgate_at.post_note("148213", "x")
    assert problem.value.ambiguous
    assert [each for each in autotask.asked() if "Notes" in each] == ["POST /Tickets/148213/Notes 502"]


def test_no_more_than_two_are_at_one_part_at_once(autotask: Any, dial: Callable[..., Autotask]) -> None:
    gate = Gate(SqliteLedger(), "k", "Autotask", package.LIMITS)
    # Two ask, and one more may wait for its turn.
    connectors = [dial(gate=gate) for _ in range(3)]
    autotask.faults(slow_seconds=0.05, thread_overflow="500")
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda each: each.companies("Larkfield")[0].ref, connectors))
    assert found == ["175"] * 3
    assert max(each["running"] for each in autotask.control("requests")) <= 2


def test_the_keys_need_no_right_on_resources_to_be_good(autotask: Any, northgate_at: Autotask) -> None:
    assert northgate_at.whoami().ref == "29689999" and northgate_at.whoami().api_only
    autotask.faults(missing_rights={"read Resources": "500"})
    assert northgate_at.whoami().identifier == "podapi@northgate.example"
    assert [right.name for right in northgate_at.rights() if right.granted is False] == ["Resources: view"]


def test_nobody_is_confirmed_by_autotask(northgate_at: Autotask) -> None:
    assert Capability.CONFIRM_MEMBER not in northgate_at.capabilities
    with pytest.raises(Rejected, match="Sign in to podserver"):
        northgate_at.confirm_member("sam", "signature", "148213")


def test_no_key_is_in_a_log_line_a_message_or_a_repr(
    autotask: Any, dial: Callable[..., Autotask], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    connector = dial(insight_secret="demo-insight-secret")
    connector.contact(connector.ticket("148213").contact_ref)
    autotask.faults(missing_rights={"create TicketNotes": "500"})
    with pytest.raises(MissingPermission) as problem:
        connector.post_note("148213", "x")
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("connectors")]
    said = " ".join([*ours, str(problem.value), repr(connector), str(vars(connector))])
    for hidden in ("demo#Secret", "DEMOCUSTOM", "demo-insight-secret", "148213", "?"):
        assert hidden not in said
