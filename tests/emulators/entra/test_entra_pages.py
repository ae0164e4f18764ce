"""The account page and the consent page in Chromium: a browser on plain HTTP, the clients on TLS, one application."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from entra_rig import GRAPH_SCOPE, Entra, query_of
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from emulators.entra import CLIENT_ID, HARBOR_TENANT, LARKFIELD_TENANT, create_app
from emulators.tls import certificates

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore:response_mode")]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entra]:
    """One application on two ports; the discovery document leads browsers to the plain one."""
    files, app = certificates(tmp_path_factory.mktemp("tls")), create_app()
    plain = make_server("localhost", 0, app, threaded=True)
    secure = make_server("localhost", 0, app, threaded=True, ssl_context=files.server_context())
    app.extensions["entra_emulator"].browser_origin = f"http://localhost:{plain.port}"
    for server in (plain, secure):
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield Entra(f"https://localhost:{secure.port}", files.authority)
    for server in (plain, secure):
        server.shutdown()


@pytest.fixture(scope="module")
def callback() -> Iterator[str]:
    """The product's callback: another origin, that says nothing but that it was reached."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>Back</title>")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/entra/callback"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(headless: Browser) -> Iterator[Page]:
    context = headless.new_context(viewport={"width": 520, "height": 760})
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []


def violations(page: Page) -> list[str]:
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in Axe().run(page).response["violations"]]


def test_a_browser_on_plain_http_signs_in_and_the_client_on_tls_gets_the_token(both, callback, page):
    app = both.app(LARKFIELD_TENANT)
    flow = app.initiate_auth_code_flow([], redirect_uri=callback, response_mode="query")
    assert flow["auth_uri"].startswith("http://localhost:")
    page.goto(flow["auth_uri"])
    page.get_by_role("button", name="Dana Whitfield").click()
    expect(page).to_have_title("Back")
    claims = app.acquire_token_by_auth_code_flow(flow, query_of(page.url))["id_token_claims"]
    assert claims["preferred_username"] == "dana@larkfield.example"
    assert claims["iss"] == f"{both.origin}/{LARKFIELD_TENANT}/v2.0"


def test_deny_leads_the_browser_back_with_an_error(both, callback, page):
    page.goto(both.app("organizations").initiate_auth_code_flow([], redirect_uri=callback)["auth_uri"])
    page.get_by_role("button", name="Deny").click()
    expect(page).to_have_title("Back")
    assert query_of(page.url)["error"] == "access_denied"


def consent_page(both: Entra, callback: str) -> str:
    query = {"client_id": CLIENT_ID, "redirect_uri": callback, "scope": GRAPH_SCOPE, "state": "s-1"}
    document = f"{both.origin}/{LARKFIELD_TENANT}/v2.0/.well-known/openid-configuration"
    origin = both.http.get(document, timeout=5).json()["authorization_endpoint"].partition(f"/{LARKFIELD_TENANT}")[0]
    return f"{origin}/organizations/v2.0/adminconsent?{urlencode(query)}"


def test_an_administrator_chooses_the_tenant_and_accepts(both, callback, page):
    page.goto(consent_page(both, callback))
    page.get_by_label("You are an administrator of").select_option(HARBOR_TENANT)
    page.get_by_role("button", name="Accept").click()
    expect(page).to_have_title("Back")
    assert query_of(page.url)["tenant"] == HARBOR_TENANT
    assert both.app_token(HARBOR_TENANT, GRAPH_SCOPE)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_have_no_accessibility_violation_and_fit_a_popup(both, callback, page, scheme):
    page.emulate_media(color_scheme=scheme)
    accounts = both.app("organizations").initiate_auth_code_flow([], redirect_uri=callback)["auth_uri"]
    for address in (accounts, consent_page(both, callback)):
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_refusal_is_a_page_with_its_number(both, page):
    answer = both.http.get(f"{both.origin}/{LARKFIELD_TENANT}/oauth2/v2.0/authorize", timeout=5)
    assert (answer.status_code, "AADSTS900144" in answer.text) == (400, True)
    page.set_content(answer.text)
    assert violations(page) == []
