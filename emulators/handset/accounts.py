"""What a person's two push apps know of them: their account in a sentence, and what stands in the way of a push."""

from __future__ import annotations

from emulators.duo.users import User as DuoUser
from emulators.entra.people import User as EntraUser

_BARRED = {
    "bypass": "Bypass: Duo lets this user in without asking.",
    "disabled": "Disabled: Duo keeps this user out.",
    "locked out": "Locked out: Duo keeps this user out.",
}
_DEFAULTS = {
    "none": "No default sign-in method is set.",
    "sms": "The default sign-in method is a texted code, not this app.",
    "oath": "The default sign-in method is a code from the app, not a push.",
    "voiceMobile": "The default sign-in method is a call, not this app.",
    "voiceAlternateMobile": "The default sign-in method is a call, not this app.",
    "voiceOffice": "The default sign-in method is a call, not this app.",
}


def about_duo(users: list[DuoUser]) -> tuple[str, str]:
    """The account's name and what is to be known of it, for the Duo users that an address finds."""
    if not users:
        return "No account", "Duo knows nobody with this address."
    if len(users) > 1:
        return "Several accounts", f"{len(users)} Duo users share this address: {', '.join(u.username for u in users)}."
    (user,) = users
    if user.status in _BARRED:
        return user.username, _BARRED[user.status]
    if not user.is_enrolled:
        return user.username, "Invited to Duo, never enrolled."
    if user.push_phone is None:
        return user.username, "This phone takes Duo's texts only, no pushes."
    return user.username, "Every push asks for a code (Verified Duo Push)." if user.verified_push else ""


def about_entra(user: EntraUser | None, preferred: str) -> tuple[str, str]:
    """The same for Microsoft; `preferred` is the default method as it counts now."""
    if user is None:
        return "No account", "No Microsoft directory here knows this address."
    if user.guest:
        return user.upn, "A guest: at home in another directory."
    if not user.enabled:
        return user.upn, "Blocked by the directory's administrator."
    if not user.authenticator:
        return user.upn, "This app was never set up for the account."
    return user.upn, _DEFAULTS.get(preferred, "")
