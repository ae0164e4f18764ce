"""Duo's OIDC: health check, prompt and token, for `duo-universal` and its like (push-and-login fact sheet 1)."""

from __future__ import annotations

import secrets

from flask import Blueprint, Response, abort, g, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from emulators.duo.account import WEB_SDK
from emulators.duo.assertions import check_client, check_request
from emulators.duo.emulator import DuoEmulator
from emulators.duo.entrance import guard
from emulators.duo.id_tokens import LIFE_SECONDS, SignIn, claims_of, id_token
from emulators.duo.jwt import BadTokenError
from emulators.duo.prompts import Grant, Prompt
from emulators.duo.transactions import new_txid
from emulators.duo.users import User
from emulators.twilio.loopback import comes_from_here

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# No form-action: Chromium holds it against every redirect that follows a form, and those are the product's.
POLICY = (
    "default-src 'none'; script-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
)


def _refusal(error: str, description: str) -> ResponseReturnValue:
    return jsonify({"error": error, "error_description": description}), 400


def _bad_grant(why: str) -> ResponseReturnValue:
    return _refusal(
        "invalid_grant", f"The provided authorization grant or refresh token is invalid, expired or revoked: {why}"
    )


def blueprint(emulator: DuoEmulator) -> Blueprint:
    """The routes under `/oauth/v1`, for `emulator`."""
    api = Blueprint(
        "duo_oidc",
        __name__,
        url_prefix="/oauth/v1",
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    faults, directory, prompts = emulator.faults, emulator.directory, emulator.prompts
    guard(api, emulator)

    @api.before_request
    def read_parameters() -> None:
        g.duo_parameters = request.values.to_dict()

    @api.after_request
    def keep_out_of_frames(response: Response) -> Response:
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Content-Security-Policy"] = POLICY
        # With less, the browser would hide where the form comes from, and the form is for this machine only.
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["X-Content-Type-Options"] = "nosniff"
        if faults.on("opener_policy"):
            response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        if request.endpoint != "duo_oidc.static":
            response.headers["Cache-Control"] = "no-store"
        return response

    def base() -> str:
        """What the caller knows us by; the port belongs to it."""
        return f"{request.scheme}://{request.headers.get('Host', '')}"

    def given(name: str) -> str:
        return str(g.duo_parameters.get(name, ""))

    @api.post("/health_check")
    def health_check() -> ResponseReturnValue:
        now = emulator.clock.now()
        try:
            check_client(given("client_assertion"), given("client_id"), f"{base()}/oauth/v1/health_check", now)
        except BadTokenError:
            detail = "The provided client_assertion was invalid."
            failure = {"stat": "FAIL", "code": 40002, "message": "invalid_client", "message_detail": detail}
            return jsonify({**failure, "timestamp": int(now)}), 400
        return jsonify({"stat": "OK", "response": {"timestamp": int(now)}})

    def page(title: str, text: str, status: int = 200) -> ResponseReturnValue:
        return render_template("duo/message.html", title=title, text=text), status

    @api.route("/authorize", methods=["GET", "POST"])
    def authorize() -> ResponseReturnValue:
        try:
            claims = check_request(given("request"), given("client_id"), base(), emulator.clock.now())
        except BadTokenError as why:
            return page("This sign-in link does not work", f"The request is invalid: {why}.", 400)
        prompt = Prompt(
            sid=secrets.token_hex(16),
            username=claims["duo_uname"],
            redirect_uri=claims["redirect_uri"],
            state=claims["state"],
            nonce=given("nonce"),
            code_name="duo_code" if claims.get("use_duo_code_attribute") is True else "code",
        )
        user = directory.named(prompt.username, simple=faults.on("simple_usernames"))
        verdict, reason = _by_policy(user, faults.text("new_users"))
        if verdict == "allow":
            return let_in(prompt, user, "bypass", reason)
        if verdict == "deny":
            return denied(prompt)
        answer = faults.text("prompt")
        if answer in ("approve", "deny"):
            return answered(prompt, answer)
        if answer == "ask":
            prompts.open(prompt)
        device = user.push_phone.display_name if user and user.push_phone else ""
        return render_template(
            "duo/prompt.html", application=WEB_SDK.name, prompt=prompt, device=device, asks=answer == "ask"
        )

    @api.post("/prompt")
    def press() -> ResponseReturnValue:
        if not comes_from_here(request):
            abort(Response("Only from this machine.", 403, mimetype="text/plain"))
        prompt = prompts.take(given("sid"))
        if prompt is None or given("answer") not in ("approve", "deny"):
            return page("This sign-in is over", "Go back to where you came from and start again.", 410)
        return answered(prompt, given("answer"))

    def answered(prompt: Prompt, answer: str) -> ResponseReturnValue:
        if answer == "deny":
            return denied(prompt)
        user = directory.named(prompt.username, simple=faults.on("simple_usernames"))
        return let_in(prompt, user, "allow", "user_approved")

    def let_in(prompt: Prompt, user: User | None, status: str, reason: str) -> ResponseReturnValue:
        now = emulator.clock.now()
        sign_in = SignIn(new_txid(), prompt.username, user, status, reason, now, prompt.nonce)
        code = prompts.grant(Grant(prompt.redirect_uri, sign_in), faults.number("code_life_seconds"))
        return redirect(prompt.back(**{prompt.code_name: code}), 303)

    def denied(prompt: Prompt) -> ResponseReturnValue:
        if faults.on("denial_redirects"):
            return redirect(prompt.back(error="access_denied", error_description="Login request denied."), 303)
        return page("Access denied", "Duo did not let you in. Ask your administrator if this surprises you.")

    @api.post("/token")
    def token() -> ResponseReturnValue:
        if given("grant_type") != "authorization_code":
            return _refusal("unsupported_grant_type", "grant_type is not authorization_code")
        endpoint, now = f"{base()}/oauth/v1/token", emulator.clock.now()
        try:
            if given("client_assertion_type") != ASSERTION_TYPE:
                raise BadTokenError("client_assertion_type is not " + ASSERTION_TYPE)
            check_client(given("client_assertion"), given("client_id"), endpoint, now)
        except BadTokenError as why:
            return _refusal("invalid_client", f"Invalid Client assertion: {why}")
        grant = prompts.redeem(given("code"))
        if grant is None:
            return _bad_grant("there is no such code, or no longer")
        if grant.redirect_uri != given("redirect_uri"):
            return _bad_grant("redirect_uri is not the one of the request")
        claims = claims_of(grant.sign_in, endpoint, now + faults.number("id_token_shift_seconds"))
        return jsonify(
            {
                "id_token": id_token(claims, faults.text("id_token")),
                "access_token": secrets.token_hex(16),
                "expires_in": LIFE_SECONDS,
                "token_type": "Bearer",
            }
        )

    return api


def _by_policy(user: User | None, new_users: str) -> tuple[str, str]:
    """`allow` with its reason, `deny`, or `ask`. Who is to enroll does so in the prompt, and is asked [inferred]."""
    if user and user.status == "bypass":
        return "allow", "bypass_user"
    if user and user.status != "active":
        return "deny", ""
    if (user and user.is_enrolled) or new_users == "enroll":
        return "ask", ""
    return new_users, "allow_unenrolled_user"
