"""The errors of sign-in (AADSTS numbers) and of Graph, with the HTTP status and the words for each.

7000112, 500014 and 7000215 as in the push-and-login fact sheet 3.4; 54005, 501481, 500011, 50011, 65004 and the others
by Microsoft's list of authentication error codes. The OAuth error name that goes with a number is [inferred] for
500112, 500014, 700005 and 50059. Clients should decide on the name first, then on the number, never on the words.
"""

from __future__ import annotations

import uuid
from typing import Any

from emulators.entra.clock import now

# number: (OAuth error, sentence with places for names)
SIGN_IN: dict[int, tuple[str, str]] = {
    50011: ("invalid_request", "The redirect URI '{}' does not match the redirect URIs configured for '{}'."),
    500011: ("invalid_resource", "The resource principal named {} was not found in the tenant named {}."),
    500014: ("invalid_resource", "The service principal for resource '{}' is disabled."),
    50020: ("access_denied", "User account '{}' does not exist in tenant '{}' and cannot access the application."),
    50057: ("access_denied", "The user account is disabled."),
    50058: ("login_required", "A silent sign-in request was sent but no user is signed in."),
    50059: ("invalid_request", "No tenant-identifying information found in the request."),
    500112: ("invalid_grant", "The reply address does not match the one given when the code was requested."),
    501481: ("invalid_grant", "The Code_Verifier does not match the code_challenge of the authorization request."),
    54005: ("invalid_grant", "OAuth2 Authorization code was already redeemed, please retry with a new valid code."),
    65004: ("access_denied", "User declined to consent to access the app."),
    70000: ("invalid_grant", "The provided value for the 'code' parameter is not valid."),
    700005: ("invalid_grant", "The authorization code is intended to be used against another tenant."),
    700016: ("unauthorized_client", "Application with identifier '{}' was not found in the directory '{}'."),
    700021: ("invalid_client", "Client assertion application identifier does not match 'client_id' parameter."),
    700023: ("invalid_client", "Client assertion audience claim does not match the token endpoint."),
    700024: ("invalid_client", "Client assertion is not within its valid time range."),
    700027: ("invalid_client", "The certificate with identifier '{}' is not registered on application, or {}."),
    70003: ("unsupported_grant_type", "The app returned an unsupported grant type '{}'."),
    700054: ("unsupported_response_type", "response_type '{}' is not enabled for the application."),
    70008: ("invalid_grant", "The provided authorization code has expired due to inactivity."),
    7000112: ("unauthorized_client", "Application '{}'({}) is disabled."),
    7000215: ("invalid_client", "Invalid client secret provided for app '{}'."),
    7000216: ("invalid_client", "'client_assertion_type' is missing or wrong, 'client_assertion' is given."),
    7000218: ("invalid_client", "The request must contain 'client_assertion' or 'client_secret'."),
    7000222: ("invalid_client", "The provided client secret keys for app '{}' are expired."),
    90002: ("invalid_request", "Tenant '{}' not found. Check to make sure you have the correct tenant ID."),
    900144: ("invalid_request", "The request must contain the following parameter: '{}'."),
    90023: ("invalid_request", "The request is not valid: {}"),
    90094: ("access_denied", "The grant requires admin permission."),
    1002012: ("invalid_scope", "The provided value for scope {} is not valid. It needs <resource>/.default alone."),
}


class SignInError(Exception):
    """A refusal of the sign-in service: the AADSTS `number`, the OAuth name `error`, and the HTTP `status`."""

    def __init__(self, number: int, *names: str, error: str | None = None) -> None:
        self.number = number
        usual, sentence = SIGN_IN[number]
        self.error = error or usual
        self.status = 401 if self.error == "invalid_client" else 400
        for name in names:
            sentence = sentence.replace("{}", name, 1)
        self.sentence = f"AADSTS{number}: {sentence.replace('{}', '?')}"
        super().__init__(self.sentence)

    @property
    def body(self) -> dict[str, Any]:
        """The JSON answer of the token endpoint."""
        trace, correlation, at = str(uuid.uuid4()), str(uuid.uuid4()), now().strftime("%Y-%m-%d %H:%M:%SZ")
        return {
            "error": self.error,
            "error_description": f"{self.sentence} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {at}",
            "error_codes": [self.number],
            "timestamp": at,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
        }


class GraphError(Exception):
    """A refusal of Graph: the HTTP status, Graph's code, a sentence, and headers such as Retry-After."""

    def __init__(self, status: int, code: str, sentence: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status, self.code, self.sentence, self.headers = status, code, sentence, headers or {}

    @property
    def body(self) -> dict[str, Any]:
        """The JSON answer."""
        request_id = str(uuid.uuid4())
        inner = {
            "date": now().strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": request_id,
            "client-request-id": request_id,
        }
        return {"error": {"code": self.code, "message": self.sentence, "innerError": inner}}


def not_found(what: str) -> GraphError:
    """404 for an object that is not in the tenant."""
    return GraphError(404, "Request_ResourceNotFound", f"Resource '{what}' does not exist.")


def denied() -> GraphError:
    """403 for a permission that the tenant has not granted."""
    return GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def bad_request(sentence: str) -> GraphError:
    """400 for a request that Graph does not understand."""
    return GraphError(400, "Request_BadRequest", sentence)
