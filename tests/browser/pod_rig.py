"""A pod in its ticket as a technician sees it, and the data that a test puts into the world for itself."""

from __future__ import annotations

import itertools
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Frame, FrameLocator, Locator, Page
from product import Product
from small_servers import Road
from world import World, wait_for

# Words of the browser's console when a page breaks a Content Security Policy.
POLICY_WORDS = re.compile(r"Content Security Policy|violates the following")
_COUNTER = itertools.count(1)
# Of each, ninety numbers are nobody's. The seed data has its own at 202.
AREAS = (212, 303, 312, 415, 617)


@dataclass
class Person:
    """A contact of the PSA: its id, its numbers in E.164, and its address."""

    id: int
    name: str
    mobile: str
    direct: str = ""
    email: str = ""


@dataclass
class Case:
    """A company of its own, its people and a ticket of the first, so that no test meets another's limits."""

    company: int
    company_name: str
    people: list[Person]
    ticket: int

    @property
    def caller(self) -> Person:
        """The ticket's own contact."""
        return self.people[0]


@dataclass
class Stage:
    """The world with the road to its Twilio, podserver's services, and shortcuts to its data."""

    world: World
    road: Road
    product: Product
    _number: Iterator[tuple[int, int]] = field(default_factory=lambda: itertools.product(AREAS, range(110, 200)))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    # --- Data of the PSA ------------------------------------------------------------------------------------------

    def make(self, table: str, **record: Any) -> dict[str, Any]:
        """Create a row in the emulated PSA as its REST would."""
        answer = requests.post(f"{self.world.emulators}/_emulator/connectwise/{table}", json=record, timeout=5)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def post(self, path: str, **record: Any) -> dict[str, Any]:
        """Create a record through the PSA's REST, as its own people would."""
        return self._ask("POST", path, record)

    def patch(self, path: str, **values: Any) -> dict[str, Any]:
        """Replace properties of a record through the PSA's REST."""
        steps = [{"op": "replace", "path": name, "value": value} for name, value in values.items()]
        return self._ask("PATCH", path, steps)

    def _ask(self, method: str, path: str, body: Any) -> dict[str, Any]:
        answer = requests.request(
            method,
            f"{self.world.emulators}/v4_6_release/apis/3.0{path}",
            json=body,
            auth=("northgate+demoPublicKey01", "demoPrivateKey01"),
            headers={"clientId": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"},
            timeout=5,
        )
        assert answer.ok, answer.text
        changed: dict[str, Any] = answer.json()
        return changed

    def number(self) -> str:
        """The next number, in E.164. None comes twice: a number that others have is marked, and its proof weaker."""
        area, line = next(self._number)
        return f"+1{area}5550{line}"

    def person(self, company: int, name: str, *, direct: bool = False, email: bool = False) -> Person:
        """A contact with a mobile, and with a direct number or an address where a test wants them."""
        first, last = name.split()
        address = f"{first}.{last}.{next(_COUNTER)}@larkfield.example".lower() if email else ""
        mobile, other = self.number(), self.number() if direct else ""
        items = [{"type": {"id": 4}, "value": mobile.removeprefix("+1")}]
        if other:
            items.append({"type": {"id": 2}, "value": other.removeprefix("+1")})
        if address:
            items.append({"type": {"id": 1}, "value": address})
        made = self.make("contacts", firstName=first, lastName=last, company={"id": company}, communicationItems=items)
        return Person(made["id"], name, mobile, other, address)

    def ticket(self, company: int, contact: int | None, summary: str = "Cannot sign in") -> int:
        """A ticket; without a contact where that is None."""
        more = {"contact": {"id": contact}} if contact is not None else {}
        return int(self.make("tickets", summary=summary, company={"id": company}, board={"id": 1}, **more)["id"])

    def case(self, *names: str, direct: bool = False, email: bool = False, **policy: Any) -> Case:
        """A company with these people (one, if none are named), a ticket of the first, and what its policy changes."""
        count = next(_COUNTER)
        company_name = f"Example Works {count}"
        company = self.make("companies", identifier=f"EXAMPLE{count}", name=company_name)["id"]
        people = [self.person(company, name, direct=direct, email=email) for name in names or ("Ruth Calder",)]
        if policy:
            self.product.allow(company, company_name, **policy)
        return Case(company, company_name, people, self.ticket(company, people[0].id))

    # --- Data of podserver ----------------------------------------------------------------------------------------

    def sql(self, statement: str, **values: Any) -> list[Any]:
        """Run a statement on podserver's database."""
        path = self.world.environment["PODSERVER_DATABASE_URL"].removeprefix("sqlite:///")
        with sqlite3.connect(path, timeout=15) as connection:
            rows = connection.execute(statement, values).fetchall()
        connection.close()
        return rows

    def state(self, person: Person) -> str:
        """The state of the contact's newest verification."""
        return str(
            self.sql("SELECT state FROM verifications WHERE contact=:c ORDER BY created_at DESC", c=str(person.id))[0][
                0
            ]
        )

    def earlier(self, person: Person, **seconds: float) -> None:
        """Move times of the contact's pending verification back by so many seconds."""
        columns = ", ".join(seconds)
        row = self.sql(
            f"SELECT id, {columns} FROM verifications WHERE contact=:c AND state='pending'", c=str(person.id)
        )[0]
        for (column, by), text in zip(seconds.items(), row[1:], strict=True):
            moved = datetime.fromisoformat(text) - timedelta(seconds=by)
            self.sql(
                f"UPDATE verifications SET {column}=:at WHERE id=:id",
                at=moved.isoformat(" ", "microseconds"),
                id=row[0],
            )

    def ripen_notes(self) -> None:
        """Make every waiting note due now, in place of the 20 s that follow an answer nobody got."""
        self.sql("UPDATE outbox SET due_at=:at WHERE channel='psa_note' AND progress='ready'", at=stamp())

    def waiting_notes(self, case: Case) -> bool:
        """Whether a note of the case's callers was tried and waits for another try."""
        return self._rows_of(case.people, "psa_note", "ready", tries=1) > 0

    def settled_notes(self, case: Case) -> bool:
        """Whether a note of the case's callers is known to stand in the PSA."""
        return self._rows_of(case.people, "psa_note", "done", tries=1) > 0

    def tries_to_send(self, person: Person) -> bool:
        """Whether an SMS to the person was tried in vain and waits for another try."""
        return self._rows_of([person], "sms", "ready", tries=1) > 0

    def _rows_of(self, people: list[Person], channel: str, progress: str, tries: int) -> int:
        contacts = ",".join(str(person.id) for person in people)
        rows = self.sql(
            "SELECT count(*) FROM outbox JOIN verifications ON verifications.id = outbox.subject"
            f" WHERE contact IN ({contacts}) AND channel=:channel AND progress=:progress AND attempts>=:tries",
            channel=channel,
            progress=progress,
            tries=tries,
        )
        return int(rows[0][0])

    def no_wait_between_guesses(self, person: Person) -> None:
        """Lift the waits that stand between wrong codes, not the count of them."""
        self.sql("UPDATE guards SET next_guess_at=NULL WHERE contact=:c", c=str(person.id))

    def age_details(self, minutes: int) -> None:
        """Make what is kept of the PSA's answers older."""
        self.sql("UPDATE psa_records SET fetched_at=:at", at=stamp(-60 * minutes))

    # --- What came of it ------------------------------------------------------------------------------------------

    def texts(self, number: str) -> list[str]:
        """The bodies of every SMS to a number, oldest first."""
        return [message["body"] for message in self.world.messages(number)]

    def code(self, person: Person, of: str = "", count: int = 1) -> str:
        """The code of the ``count``-th SMS on the person's phone, as its own page shows it."""
        number = of or person.mobile
        texts = wait_for("an SMS", lambda: (found := self.texts(number)) and len(found) >= count and found)
        match = re.search(r"Code: (\d{6})$", texts[count - 1])
        assert match, texts
        return match[1]

    @contextmanager
    def tools(self, *ready: str) -> Iterator[None]:
        """Inside the block these ways to reach people are set up, and no other."""
        before = self.product.tools()
        self.product.set_tools(frozenset(ready))
        try:
            yield
        finally:
            self.product.set_tools(before)

    def notes(self, case: Case, count: int = 1) -> list[str]:
        """The ticket's notes by podserver, once there are so many."""
        ticket = str(case.ticket)
        wait_for("the note", lambda: len(self.world.notes(ticket)) >= count)
        return self.world.notes(ticket)

    def pod_url(self, record: int, screen: str = "ticket") -> str:
        """The pod's own address for a record, as the PSA would put it into the frame."""
        return str(self.world.demo["pod_url"]).replace("[cw_id]", str(record)).replace("[cw_screen]", screen)


def stamp(seconds: float = 0) -> str:
    """A time as the database holds it."""
    moment = datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=seconds)
    return moment.isoformat(" ", "microseconds")


def wrong(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


class Desk:
    """One technician's browser: a context of its own, and everything its pages wrote to the console."""

    def __init__(self, browser: Browser, stage: Stage, member: str, **options: Any) -> None:
        self.stage = stage
        self.member = member
        self.context: BrowserContext = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
        self.context.set_default_timeout(10_000)
        self.console: list[ConsoleMessage] = []
        self.errors: list[str] = []
        # Set by a test that wants a page to be refused.
        self.policy_tested = False
        self.context.on("page", self._listen)

    def _listen(self, page: Page) -> None:
        page.on("console", lambda message: self.console.append(message))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def policy_breaks(self) -> list[str]:
        """What the browser refused because of a Content Security Policy."""
        return [message.text for message in self.console if POLICY_WORDS.search(message.text)]

    def complaints(self) -> list[str]:
        """Errors and warnings of the console, and scripts that broke."""
        return [m.text for m in self.console if m.type in ("error", "warning")] + self.errors

    def open(self, record: int, screen: str = "ticket", control: str = "") -> Pod:
        """Open a record's screen in the PSA, with the pod in it."""
        page = self.context.new_page()
        page.goto(f"{self.stage.world.emulators}/connectwise/{screen}/{record}?member={self.member}&control={control}")
        return Pod(page, self.stage)

    def close(self) -> None:
        """Close every page."""
        self.context.close()


class Pod:
    """The pod in a PSA's screen, or in a tab of its own; found by the words on its controls."""

    def __init__(self, page: Page, stage: Stage, *, framed: bool = True) -> None:
        self.page = page
        self.stage = stage
        self.framed = framed
        self.root: FrameLocator | Page = page.frame_locator(".pod iframe") if framed else page

    @property
    def frame(self) -> Frame:
        """The frame itself, for scripts."""
        if not self.framed:
            return self.page.main_frame
        handle = self.page.wait_for_selector(".pod iframe")
        frame = handle.content_frame() if handle else None
        assert frame is not None
        return frame

    def row(self, person_or_number: Person | str) -> Locator:
        """The list item of a number, an address or an app, or of a person's mobile."""
        number = person_or_number if isinstance(person_or_number, str) else person_or_number.mobile
        name = self.root.locator("strong", has_text=spaced(number) if number[0] == "+" else number)
        return self.root.get_by_role("listitem").filter(has=name)

    def menu(self, person_or_number: Person | str) -> Locator:
        """Open the small menu of a row and return it."""
        self.row(person_or_number).get_by_role("button", name=re.compile("^(Other ways|Another way) to verify")).click()
        menu = self.row(person_or_number).get_by_role("form")
        menu.wait_for()
        return menu

    def choose(self, person_or_number: Person | str, control: str) -> None:
        """Verify by another way than the row's first."""
        self.menu(person_or_number).get_by_role("button", name=control).click()

    def button(self, name: str) -> Locator:
        """A button by its exact name."""
        return self.root.get_by_role("button", name=name, exact=True)

    def heading(self, name: str) -> Locator:
        """A heading by its exact words."""
        return self.root.get_by_role("heading", name=name, exact=True)

    def field(self, label: str = "Enter Code Here") -> Locator:
        """An input by its label."""
        return self.root.get_by_label(label, exact=True)

    def text(self, words: str | re.Pattern[str]) -> Locator:
        """Any text."""
        return self.root.get_by_text(words)

    def look(self) -> None:
        """Let the pod look at once, as it does when its technician comes back to the tab."""
        self.frame.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    def send(self, person_or_number: Person | str) -> None:
        """Click Send Code and wait for the code field."""
        row = self.row(person_or_number)
        row.get_by_role("button", name="Send Code").click()
        row.get_by_label("Enter Code Here").wait_for()

    def answer(self, code: str) -> None:
        """Type a code and click Verify."""
        self.field().fill(code)
        self.button("Verify").click()

    def sign_in(self, email: str, password: str) -> None:
        """Fill the sign-in form."""
        self.field("E-mail").fill(email)
        self.field("Password").fill(password)
        self.button("Sign in").click()

    def history(self) -> Locator:
        """Open the history and return its rows."""
        self.root.get_by_text("Verification history", exact=True).click()
        rows = self.root.locator("details[open] tbody tr")
        rows.first.wait_for()
        return rows


def spaced(number: str) -> str:
    """``+12025550142`` as the pod writes it: ``+1 202-555-0142``."""
    return f"+1 {number[2:5]}-{number[5:8]}-{number[8:]}"


@contextmanager
def counted(page: Page, part: str) -> Iterator[list[str]]:
    """The URLs with ``part`` in them that a page asks for inside the block."""
    asked: list[str] = []

    def note(request: Any) -> None:
        if part in request.url:
            asked.append(request.url)

    page.on("request", note)
    try:
        yield asked
    finally:
        page.remove_listener("request", note)
