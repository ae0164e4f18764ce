"""The web server of somebody who places calls: answers with TwiML, takes the callbacks, checks every signature."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Gather, VoiceResponse

from emulators.twilio import AUTH_TOKEN


@dataclass(frozen=True)
class Page:
    """An answer: by default TwiML that hangs up at once."""

    body: str = "<Response/>"
    status: int = 200
    content_type: str | None = "text/xml"
    delay: float = 0


@dataclass(frozen=True)
class Asked:
    """A request that came with a good signature."""

    method: str
    path: str
    fields: dict[str, str]
    headers: dict[str, str]
    at: float


@dataclass
class VoiceServer:
    """`pages` maps paths to answers, or to what makes one of the fields; other paths are answered with 204."""

    port: int
    pages: dict[str, Page | Callable[[dict[str, str]], Page]] = field(default_factory=dict)
    requests: list[Asked] = field(default_factory=list)
    forged: list[str] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def says(self, path: str, *words: str, **values: Any) -> None:
        """`path` answers with one <Say> for each of `words`."""
        response = VoiceResponse()
        for each in words:
            response.say(each)
        self.pages[path] = Page(str(response), **values)

    def answers(self, path: str, response: VoiceResponse) -> None:
        self.pages[path] = Page(str(response))

    def asked(self, path: str) -> list[Asked]:
        """The requests for `path`, in the order of their arrival."""
        return [each for each in self.requests if each.path == path]

    def events(self, path: str = "/status") -> list[tuple[str, int]]:
        """(CallStatus, SequenceNumber) of the progress callbacks, in the order of their arrival."""
        return [(each.fields["CallStatus"], int(each.fields["SequenceNumber"])) for each in self.asked(path)]

    def statuses(self) -> list[str]:
        return [status for status, _ in self.events()]


def menu(action: str, words: str = "Press 1 to hear your code.", **values: Any) -> VoiceResponse:
    """Asks for one key and hangs up without one."""
    response = VoiceResponse()
    gather = Gather(**{"num_digits": 1, "timeout": 8, "action": action, **values})
    gather.say(words)
    response.append(gather)
    response.hangup()
    return response


@contextlib.contextmanager
def serve() -> Iterator[VoiceServer]:
    """The server on a free port of 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.take("GET", "")

        def do_POST(self) -> None:
            self.take("POST", self.rfile.read(int(self.headers["Content-Length"])).decode())

        def take(self, method: str, form: str) -> None:
            posted = dict(parse_qsl(form, keep_blank_values=True, strict_parsing=True) if form else [])
            signature = self.headers.get("X-Twilio-Signature", "")
            if not RequestValidator(AUTH_TOKEN).validate(here.url(self.path), posted, signature):
                here.forged.append(self.path)
                self.answer(Page("", 403))
                return
            parts = urlsplit(self.path)
            fields = posted | dict(parse_qsl(parts.query, keep_blank_values=True))
            headers = {name.lower(): value for name, value in self.headers.items()}
            here.requests.append(Asked(method, parts.path, fields, headers, time.monotonic()))
            page = here.pages.get(parts.path, Page("", 204, None))
            self.answer(page if isinstance(page, Page) else page(fields))

        def answer(self, page: Page) -> None:
            time.sleep(page.delay)
            with contextlib.suppress(OSError):  # whoever asked has given up
                self.send_response(page.status)
                if page.content_type:
                    self.send_header("Content-Type", page.content_type)
                self.end_headers()
                self.wfile.write(page.body.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    here = VoiceServer(server.server_port)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield here
    server.shutdown()
    server.server_close()
