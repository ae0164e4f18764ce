"""Putting the house together: the one place that knows every room."""

from __future__ import annotations

from datetime import timedelta
from logging import DEBUG
from typing import Any

from flask import Flask, Response, abort, g, jsonify, render_template, request
from flask_compress import Compress
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, TimeoutError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

import podserver.branding.models
import podserver.delivery.credentials
import podserver.pod.models
import podserver.policies.models
import podserver.ticketing.models  # noqa: F401  (their tables belong to the metadata)
from podserver import logs
from podserver.answering import views as answering_views
from podserver.branding.service import logo_of
from podserver.configuration import PROJECT, Settings, read_settings
from podserver.database import db, engine_options, now
from podserver.delivery import authenticator, call_views, duo, mail, mail_accounts, outbox, voice
from podserver.delivery import views as delivery_views
from podserver.delivery.microsoft import Cloud, Tokens
from podserver.delivery.microsoft_check import CHANNEL as MICROSOFT_CHECK
from podserver.delivery.microsoft_check import CredentialCheck
from podserver.delivery.models import WorkerPulse
from podserver.delivery.queue import Nudger, make_queue
from podserver.delivery.sms import SmsChannel
from podserver.integrations.connections import Connections, ledger_of
from podserver.integrations.notes import NoteChannel, NoteTopic
from podserver.microsoft import doors as microsoft_doors
from podserver.microsoft import push as microsoft_push
from podserver.pod import autotask as pod_autotask
from podserver.pod import connectwise as pod_connectwise
from podserver.pod import halo as pod_halo
from podserver.pod import views as pod_views
from podserver.pod import window_views as pod_window_views
from podserver.portal import install as install_portal
from podserver.security import frame_policy, sealing
from podserver.security.assets import install as install_assets
from podserver.security.form_session import FormSessions
from podserver.ticketing import tickets
from podserver.verification import deliveries, notes

log = logs.logger(__name__)


def create_app(settings: Settings | None = None, *, migrations: bool = True) -> Flask:
    """The application, ready to serve. Raises ConfigurationError where the environment is wrong.

    ``migrations`` False leaves out the migrations, which a web worker never runs and which take 8 MB of it.
    """
    settings = settings or read_settings()
    logs.configure(settings.log_level)
    sealing.install(settings.secret_keys)
    app = Flask(
        "podserver",
        root_path=str(PROJECT / "podserver"),
        template_folder=str(PROJECT / "templates"),
        static_folder=str(PROJECT / "static"),
    )
    app.config.update(
        SECRET_KEY=sealing.keyring().derived("portal forms")[0],
        SECRET_KEY_FALLBACKS=sealing.keyring().derived("portal forms")[1:],
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings),
        MAX_CONTENT_LENGTH=256 * 1024,
        MAX_FORM_MEMORY_SIZE=128 * 1024,
        SESSION_COOKIE_NAME="__Host-podserver" if settings.secure else "podserver",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        COMPRESS_MIMETYPES=["text/css", "text/javascript", "application/javascript"],
        # Zstandard, which the package would choose first, makes these files larger than deflate does.
        COMPRESS_ALGORITHM_STREAMING=["br", "deflate"],
        COMPRESS_BR_LEVEL=5,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=365),
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.session_interface = FormSessions(app)
    app.extensions["settings"] = settings
    if settings.sqlite:
        settings.state_dir.mkdir(parents=True, exist_ok=True)
    db.init_app(app)
    if migrations:
        from flask_migrate import Migrate

        Migrate(app, db, directory=str(PROJECT / "migrations"))
    # Only static files are compressed: a page that holds a secret next to what a visitor typed must not be.
    app.config["COMPRESS_REGISTER"] = False
    app.view_functions["static"] = Compress(app).compressed()(app.view_functions["static"])
    _install_exchange(app, settings)
    _install_doors(app, settings)
    if settings.trusted_proxies:
        n = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=0)  # type: ignore[method-assign]
    return app


def _install_exchange(app: Flask, settings: Settings) -> None:
    """The outbox's channels and topics, and the queue that nudges workers."""
    connections = Connections(settings.local_hosts, ledger_of(settings.redis_url, settings.state_dir))
    lease = timedelta(seconds=settings.lease_seconds)
    exchange = outbox.Exchange(lease=lease)
    exchange.channels["sms"] = SmsChannel(settings.twilio_api_url, settings.base_url, lease)
    exchange.channels[voice.CHANNEL] = voice.VoiceChannel(settings.twilio_api_url, settings.base_url, lease)
    exchange.channels[duo.CHANNEL] = duo.DuoChannel(settings.ca_file, lease)
    exchange.channels[duo.ANSWERS] = duo.DuoAnswers(settings.ca_file, lease)
    exchange.channels[mail.CHANNEL] = mail.MailChannel(
        settings.base_url, settings.ca_file, settings.local_hosts, lease, logo_of
    )
    cloud = Cloud.of(settings)
    tokens = Tokens(cloud)
    exchange.channels[authenticator.CHANNEL] = authenticator.AuthenticatorChannel(cloud, tokens, lease)
    exchange.channels[authenticator.ANSWERS] = authenticator.AuthenticatorAnswers(cloud, tokens, lease)
    exchange.channels[MICROSOFT_CHECK] = CredentialCheck(cloud, lease)
    exchange.channels[notes.CHANNEL] = NoteChannel(connections.to, lease)
    exchange.channels[tickets.CHANNEL] = tickets.TicketChannel(connections.to, lease)
    exchange.topics[tickets.TOPIC] = tickets.TicketTopic()
    exchange.topics[deliveries.TOPIC] = deliveries.DeliveryTopic()
    exchange.topics[deliveries.ANSWER_TOPIC] = deliveries.PushAnswerTopic()
    exchange.topics[notes.TOPIC] = NoteTopic()
    exchange.topics[microsoft_push.TOPIC] = microsoft_push.CheckTopic()
    exchange.topics[mail_accounts.TRIAL] = mail_accounts.TrialTopic()
    queue = make_queue(settings)

    def deliver(row_id: str) -> None:
        with app.app_context():
            outbox.deliver(db.session(), exchange, row_id, now)

    exchange.nudge = Nudger(queue, deliver)
    app.extensions.update(connections=connections, exchange=exchange, queue=queue, deliver=deliver)


def _install_doors(app: Flask, settings: Settings) -> None:
    csrf = CSRFProtect(app)
    # The pod's header token is the proof, and its doors are for our own page alone: its one cookie is of no use to
    # a foreign page. Callbacks are signed.
    for blueprint in (
        pod_views.blueprint,
        pod_connectwise.blueprint,
        pod_halo.blueprint,
        pod_autotask.blueprint,
        delivery_views.blueprint,
        call_views.blueprint,
    ):
        csrf.exempt(blueprint)
        app.register_blueprint(blueprint)
    # A link's page carries a proof of its own, bound to the link: it is for people who have no session with us.
    for blueprint in (answering_views.blueprint, microsoft_doors.blueprint):
        csrf.exempt(blueprint)
        app.register_blueprint(blueprint)
    app.register_blueprint(pod_window_views.blueprint)
    install_assets(app)
    install_portal(app)
    frame_policy.install(app, settings)
    app.add_url_rule("/readyz", "readyz", _readyz)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(TimeoutError, _database_away)
    app.register_error_handler(Exception, _broken)
    app.before_request(_refuse_nul)
    app.teardown_request(_rollback)
    app.after_request(_access_log)


def _refuse_nul() -> None:
    """No field of ours wants a NUL, and PostgreSQL breaks at one."""
    query = request.query_string
    if "\0" in request.path or b"%00" in query or b"\0" in query or _holds_nul(request.form):
        abort(400, "This request holds a character that no field takes.")


def _holds_nul(form: MultiDict[str, str]) -> bool:
    return any("\0" in value for values in form.listvalues() for value in values)


def _rollback(_error: BaseException | None) -> None:
    if db.session.registry.has():
        db.session.rollback()


def _access_log(response: Response) -> Response:
    if not log.isEnabledFor(DEBUG):
        return response
    # The matched rule, never the path: paths hold pod keys and receipt keys.
    rule = request.url_rule.rule if request.url_rule else "-"
    log.debug("http", method=request.method, rule=rule, status=response.status_code)
    return response


def _readyz() -> Any:
    """Whether this process can serve. Public; says nothing but names of parts. 503 while the database is away."""
    try:
        db.session.execute(text("SELECT 1 FROM alembic_version"))
        pulses = db.session.query(WorkerPulse).all()
    except Exception:
        # Whatever the reason, nobody is to be sent to this process now.
        db.session.rollback()
        return jsonify(ready=False, database="away, or not migrated"), 503
    silent = [p.part for p in pulses if (now() - p.at).total_seconds() > 15]
    worker = "not started yet" if not pulses else "ok" if not silent else "silent"
    return jsonify(ready=True, database="ok", worker=worker)


def _refused(error: HTTPException) -> Any:
    return _answer(error.code or 500, error.description or error.name)


def _database_away(error: Exception) -> Any:
    log.error("database.away", error=type(error).__name__)
    return _answer(503, "The database does not answer. Nothing was sent. Try again in a moment.")


def _broken(error: Exception) -> Any:
    log.exception("request.broke", rule=request.url_rule.rule if request.url_rule else "-")
    return _answer(500, "podserver failed at this and logged it. Try again; if it stays, tell your admin.")


def _answer(status: int, sentence: str) -> Any:
    if request.headers.get("HX-Request"):
        # The widget keeps what it shows; the sentence has a place of its own.
        to_place = {"HX-Retarget": "#page-problem", "HX-Reswap": "innerHTML"}
        return render_template("pod/problem.html", problem=sentence), status, to_place
    g.pop("frame_ancestors", None)
    return render_template("problem.html", status=status, problem=sentence), status
