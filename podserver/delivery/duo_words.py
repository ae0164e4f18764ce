"""What Duo's answers mean to a technician (push-and-login fact sheet 2.4 and 2.6). Numbers decide, not texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Whether somebody can be asked at all, by the state of their account and by what preauth says.
BLOCKED: Final = {
    "bypass": "Duo lets this user in without asking, which proves nothing; use another way",
    "disabled": "this user is disabled in Duo; use another way",
    "locked out": "this user is locked out in Duo, an admin of Duo has to unlock them",
    "pending deletion": "this user is being deleted in Duo; use another way",
    "allow": "Duo's policy lets this user in without asking, which proves nothing; use another way",
    "deny": "Duo blocks this user (disabled, locked out or by policy); an admin of Duo can tell which",
    "enroll": "this user has no device enrolled in Duo; use another way",
}
NOT_FOUND: Final = "Duo knows nobody by this e-mail address (as e-mail, username or alias); use another way"
AMBIGUOUS: Final = "Duo has several users with this e-mail address, so it is not clear whom to ask; use another way"
NO_PUSH_DEVICE: Final = "this user has no phone with Duo Mobile that takes a push; use another way"

# How an authentication stands: what the engine is told (see PushAnswerTopic), and why.
ENDS: Final[dict[str, tuple[str, str]]] = {
    "allow": ("approved", ""),
    "bypass": ("refused", BLOCKED["bypass"]),
    "deny": ("denied", "the user pressed Deny in Duo Mobile"),
    "fraud": ("not_asked", "the user reported fraud in Duo Mobile"),
    "timeout": ("no_answer", "no answer in Duo Mobile; check that the phone has signal, then try once more"),
    "push_failed": ("not_delivered", "Duo could not deliver the push; use another way"),
    "locked_out": ("refused", BLOCKED["locked out"]),
}

_ERRORS: Final = {
    40101: "Duo refused the keys, an admin has to renew them",
    40102: "Duo does not know the integration key, an admin has to renew the keys",
    40103: "Duo does not accept the secret key, an admin has to renew the keys",
    40104: "Duo refused the request's date; this server's clock may be wrong",
    40105: "this server's clock is wrong by Duo's, the operator has to set it",
    40301: "these keys are of another Duo application, an admin has to check which",
    40401: "Duo has no such user any more; use another way",
    42901: "Duo asks to slow down",
}
TOO_MANY: Final = 42901


def error_code(error: RuntimeError) -> int:
    """Duo's number in an error that duo-client raised; 0 where there is none.

    The package keeps the body as a mapping where it was JSON, else as text.
    """
    body = getattr(error, "data", None)
    code = body.get("code") if isinstance(body, Mapping) else None
    return code if isinstance(code, int) else 0


def http_status(error: RuntimeError) -> int:
    """The HTTP status of an error that duo-client raised; 0 where there is none."""
    status = getattr(error, "status", 0)
    return status if isinstance(status, int) else 0


def explain(error: RuntimeError) -> str:
    """A technician's sentence for an error, without a full stop."""
    code = error_code(error)
    if code in _ERRORS:
        return _ERRORS[code]
    return f"Duo refused the request (error {code})" if code else "Duo's answer was not understood"
