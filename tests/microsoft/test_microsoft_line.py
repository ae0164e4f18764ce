"""How Microsoft is spoken to: whom to trust, when to stop, and what a failure means."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from microsoft_rig import Providers

from emulators.entra import CLIENT_ID, CLIENT_SECRET, LARKFIELD_TENANT
from emulators.tls import certificates
from podserver.delivery.microsoft import Cloud, Denied, NotReached, Tokens, ask, discover, within
from podserver.delivery.microsoft import Line as Wire
from podserver.delivery.microsoft_push import read


@pytest.fixture
def cloud(providers: Providers) -> Cloud:
    return Cloud(providers.tls, providers.tls, providers.tls, providers.authority)


@contextlib.contextmanager
def answering(providers: Providers, answer: Callable[[ssl.SSLSocket], None]) -> Iterator[str]:
    """A server over TLS that answers one connection as it pleases."""
    context = certificates(providers.authority.parent).server_context()
    with socket.create_server(("localhost", 0)) as listener:
        listener.settimeout(10)

        def serve() -> None:
            connection, _ = listener.accept()
            with context.wrap_socket(connection, server_side=True) as wire:
                wire.recv(65536)
                with contextlib.suppress(OSError):
                    answer(wire)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://localhost:{listener.getsockname()[1]}"
        thread.join(5)


def test_a_domain_leads_to_its_directory(cloud: Cloud, providers: Providers) -> None:
    found = discover(cloud, "larkfield.example")
    assert found.directory == LARKFIELD_TENANT
    assert found.consent_page == f"{providers.plain}/{LARKFIELD_TENANT}/v2.0/adminconsent"
    with pytest.raises(Denied) as refused:
        discover(cloud, "nobody.example")
    assert refused.value.number == 90002


def test_the_environment_changes_neither_trust_nor_way(
    cloud: Cloud, providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, "/nonexistent.pem")
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert Tokens(cloud).get(LARKFIELD_TENANT, CLIENT_ID, CLIENT_SECRET, cloud.graph_scope)


def test_a_certificate_that_nobody_vouches_for_lets_nothing_through(cloud: Cloud) -> None:
    with pytest.raises(NotReached) as failed:
        discover(replace(cloud, ca_file=None), "larkfield.example")
    assert not failed.value.sent


@pytest.mark.parametrize("how", [{}, {"verify": False}])
def test_nothing_switches_the_judging_of_certificates_off(
    cloud: Cloud, providers: Providers, monkeypatch: pytest.MonkeyPatch, how: dict[str, bool]
) -> None:
    found = socket.getaddrinfo
    # Another name for the same server, which its certificate does not hold.
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest: found("localhost" if host == "other.example" else host, *rest)
    )
    elsewhere = providers.tls.replace("localhost", "other.example")
    assert ask(Wire(cloud), "GET", providers.tls).status_code
    for trusting, address in ((cloud, elsewhere), (replace(cloud, ca_file=None), providers.tls)):
        line = Wire(trusting)
        line.verify = how.get("verify", True)
        with pytest.raises(NotReached) as failed:
            ask(line, "GET", address, **how)
        assert not failed.value.sent
        assert "CERTIFICATE_VERIFY_FAILED" in str(failed.value.__context__)


def test_a_port_where_nobody_listens_has_heard_nothing(cloud: Cloud) -> None:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        nobody = f"https://localhost:{probe.getsockname()[1]}"
    with pytest.raises(NotReached) as failed:
        ask(Wire(cloud), "POST", nobody)
    assert not failed.value.sent


@pytest.mark.parametrize(
    "answer",
    [
        lambda wire: time.sleep(1.5),
        lambda wire: None,
        lambda wire: wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
        lambda wire: wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 2_000_000),
        lambda wire: wire.sendall(b"nonsense\r\n\r\n"),
    ],
    ids=["silent", "hangs up", "half an answer", "too large", "nonsense"],
)
def test_an_answer_that_cannot_be_used_may_follow_a_request_that_was_carried_out(
    cloud: Cloud, providers: Providers, answer: Callable[[ssl.SSLSocket], None]
) -> None:
    with answering(providers, answer) as url, pytest.raises(NotReached) as failed, within(1):
        ask(Wire(cloud), "POST", url, data=b"<a/>")
    assert failed.value.sent


def test_everything_in_a_block_ends_with_it_however_slowly_it_drips(cloud: Cloud, providers: Providers) -> None:
    def drip(wire: ssl.SSLSocket) -> None:
        wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(40):
            wire.sendall(b"x")
            time.sleep(0.1)

    begun = time.monotonic()
    with answering(providers, drip) as url, pytest.raises(NotReached), within(0.8):
        ask(Wire(cloud), "GET", url)
    assert time.monotonic() - begun < 3
    with pytest.raises(NotReached) as failed, within(0.01):
        ask(Wire(cloud), "GET", url)
    assert not failed.value.sent


def test_a_redirect_is_not_followed(cloud: Cloud, providers: Providers) -> None:
    def elsewhere(wire: ssl.SSLSocket) -> None:
        wire.sendall(b"HTTP/1.1 302 Found\r\nLocation: https://localhost:1/\r\nContent-Length: 0\r\n\r\n")

    with answering(providers, elsewhere) as url:
        assert ask(Wire(cloud), "GET", url).status_code == 302


def test_a_busy_microsoft_is_left_alone_as_long_as_it_says(cloud: Cloud, providers: Providers) -> None:
    def busy(wire: ssl.SSLSocket) -> None:
        wire.sendall(b"HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")

    with answering(providers, busy) as url, pytest.raises(NotReached) as failed:
        ask(Wire(cloud), "GET", url)
    assert failed.value.wait == timedelta(seconds=7) and not failed.value.sent


def test_a_token_is_fetched_once_and_anew_where_it_was_refused(cloud: Cloud, providers: Providers) -> None:
    tokens = Tokens(cloud)
    first = tokens.get(LARKFIELD_TENANT, CLIENT_ID, CLIENT_SECRET, cloud.graph_scope)
    assert tokens.get(LARKFIELD_TENANT, CLIENT_ID, CLIENT_SECRET, cloud.graph_scope) == first
    assert providers.asked("/token") == 1
    tokens.forget(LARKFIELD_TENANT, CLIENT_ID, CLIENT_SECRET)
    tokens.get(LARKFIELD_TENANT, CLIENT_ID, CLIENT_SECRET, cloud.graph_scope)
    assert providers.asked("/token") == 2


def test_a_refusal_is_asked_again_and_not_remembered(cloud: Cloud, providers: Providers) -> None:
    tokens = Tokens(cloud)
    providers.faults(token_error=700016)
    with pytest.raises(Denied) as refused:
        tokens.get(LARKFIELD_TENANT, CLIENT_ID, CLIENT_SECRET, cloud.graph_scope)
    assert refused.value.number == 700016
    providers.faults(token_error=0)
    assert tokens.get(LARKFIELD_TENANT, CLIENT_ID, CLIENT_SECRET, cloud.graph_scope)


def test_a_national_cloud_has_a_graph_of_its_own() -> None:
    world = Cloud("https://login.microsoftonline.com", "https://graph.microsoft.com", "https://p.example", None)
    assert world.graph_scope == "https://graph.microsoft.com/.default"
    assert replace(world, graph="https://graph.microsoft.us").graph_scope == "https://graph.microsoft.us/.default"
    assert replace(world, graph="https://localhost:1").graph_scope == "https://graph.microsoft.com/.default"


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'.encode("utf-16"),
        b"<a>",
        b"",
        b"Our services aren't available right now",
    ],
)
def test_an_answer_that_is_no_plain_xml_is_none(body: bytes) -> None:
    with pytest.raises(NotReached):
        read(body)
