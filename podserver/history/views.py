"""The history page and its exports. Each view says in its decorator who may call it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from flask import Blueprint, Response, render_template, request
from sqlalchemy.orm import Session

from podserver.accounts.models import Role
from podserver.database import db, release
from podserver.history import evidence, service
from podserver.history.figures import OUTCOMES, by_day, figures
from podserver.history.models import HistoryEvent
from podserver.history.service import Filter, Kind
from podserver.portal.session import PortalVisit, portal_page
from podserver.tenancy import bind_tenant

blueprint = Blueprint("history", __name__, url_prefix="/history")

PAGE: Final = 50
_BATCH: Final = 500
PERIODS: Final = {
    "today": ("Today", 1),
    "7": ("Last 7 days", 7),
    "30": ("Last 30 days", 30),
    "90": ("Last 90 days", 90),
    "all": ("All time", None),
}
_COLUMNS: Final = ("time (UTC)", "event", "contact", "company", "destination", "method", "by", "ticket", "verification")
# What a spreadsheet takes for a formula; the wide ones are the same signs of East Asian keyboards.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def _asked(visit: PortalVisit) -> tuple[Filter, dict[str, str]]:
    """The filter that the query names, and the query in its clean form. A technician sees what is their own."""
    period = request.args.get("period", "")
    what = request.args.get("what", "")
    text = "".join(c for c in request.args.get("text", "") if c.isprintable()).strip()[:80]
    period = period if period in PERIODS else "30"
    what = what if what == "all" or what in list(Kind) else "outcomes"
    kinds = OUTCOMES if what == "outcomes" else frozenset[Kind]() if what == "all" else frozenset({Kind(what)})
    wanted = Filter(
        since=_since(visit.at, PERIODS[period][1]),
        kinds=kinds,
        text=text,
        actor=visit.user.name if visit.user.role == Role.TECHNICIAN else "",
    )
    return wanted, {"period": period, "what": what, "text": text}


def _since(at: datetime, days: int | None) -> datetime | None:
    if days is None:
        return None
    return at.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)


@blueprint.get("")
@portal_page(Role.ADMIN, Role.TECHNICIAN, Role.AUDITOR)
def history(visit: PortalVisit) -> Any:
    """What happened, newest first."""
    wanted, query = _asked(visit)
    before = request.args.get("before", type=int)
    if before is not None and not 0 < before < 2**62:
        before = None
    events = service.events(visit.session, wanted, limit=PAGE + 1, before=before)
    return render_template(
        "portal/history.html",
        visit=visit,
        events=events[:PAGE],
        older=events[PAGE - 1].id if len(events) > PAGE else None,
        before=before,
        query=query,
        periods=PERIODS,
        kinds=list(Kind),
        figures=figures(visit.session, wanted),
        days=by_day(visit.session, wanted, visit.at),
        public_key=service.public_key(visit.session),
    )


@blueprint.get("/export.jsonl")
@portal_page(Role.ADMIN, Role.AUDITOR)
def export_signed(visit: PortalVisit) -> Response:
    """The whole sealed history as lines of JSON with a signed end; `podserver history verify` proves it."""
    return _download(visit, lambda session: evidence.export(session, visit.at), "jsonl", "application/x-ndjson")


@blueprint.get("/export.csv")
@portal_page(Role.ADMIN, Role.AUDITOR)
def export_csv(visit: PortalVisit) -> Response:
    """What the filters let through, for a spreadsheet: UTF-8 with the mark that makes Excel read it so."""
    wanted, _query = _asked(visit)
    return _download(visit, lambda session: _csv(session, wanted), "csv", "text/csv; charset=utf-8")


def _download(visit: PortalVisit, lines: Any, ending: str, mimetype: str) -> Response:
    """Stream lines from a session of their own, which outlives the request's."""
    tenant_id, engine = visit.tenant.id, db.engine
    release(visit.session)

    def stream() -> Iterator[bytes]:
        with Session(engine) as session:
            bind_tenant(session, tenant_id)
            yield from lines(session)

    name = f"podserver-history-{visit.at:%Y-%m-%d}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(stream(), mimetype=mimetype, headers=headers)


def _csv(session: Session, wanted: Filter) -> Iterator[bytes]:
    yield ("\ufeff" + _line(_COLUMNS)).encode()
    before: int | None = None
    while events := service.events(session, wanted, limit=_BATCH, before=before):
        yield "".join(_line(_cells(event)) for event in events).encode()
        before = events[-1].id
        session.expunge_all()


def _cells(event: HistoryEvent) -> tuple[str, ...]:
    return (
        event.at.isoformat(timespec="seconds"), event.kind, event.contact_name, event.company_name, event.destination,
        event.method, event.actor, event.ticket, event.verification or "",
    )  # fmt: skip


def _line(cells: tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow([_harmless(cell) for cell in cells])
    return out.getvalue()


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
