"""What can be made to go wrong, and the settings of the account that a test may want otherwise."""

from __future__ import annotations

from emulators.duo.id_tokens import TOKEN_KINDS
from emulators.switchboard import (
    LONGEST_SECONDS,
    Check,
    Fault,
    Switchboard,
    Value,
    seconds,
    seconds_between,
    switch,
    times,
)

LONGEST_HANG_SECONDS = 600


def _one_of(*words: str) -> Check:
    def check(value: object) -> Value:
        if isinstance(value, str) and value in words:
            return value
        raise ValueError("one of " + ", ".join(words))

    return check


_SHIFT = seconds_between(-LONGEST_SECONDS, LONGEST_SECONDS)


FAULTS: dict[str, Fault] = {
    "down": Fault("Every connection is dropped without an answer.", False, times),
    "hang": Fault("Every request is taken and never answered, until a fault is changed.", False, times),
    "slow_seconds": Fault("Every request waits this long before anything is done with it.", 0, seconds),
    "bad_gateway": Fault("Every request is answered with 502 and a page of HTML.", False, times),
    "rate_limit": Fault("Every request is answered with 429 and code 42901.", False, times),
    "clock_skew_seconds": Fault("Duo's clock, or seen from there ours, is off by this much.", 0, _SHIFT),
    "admin_forbidden": Fault("The plan has no Admin API: its every call answers 40301.", False, switch),
    "push_failed": Fault("No push reaches its phone: the status is push_failed, then timeout.", False, switch),
    "never_answers": Fault("Pushes arrive, but nobody answers: presses and scripts do nothing.", False, switch),
    "push_life_seconds": Fault("So long a push waits for its answer.", 60, seconds),
    "poll_seconds": Fault("So long a question for the status waits for news.", 10, seconds),
    "poll_without_news": Fault(
        "A question that waited in vain is answered with the old status (waiting), or with code 40002.",
        "waiting",
        _one_of("waiting", "40002"),
    ),
    "verified_push_life_seconds": Fault("So long a verification code of preauth can be used.", 60, seconds),
    "verified_push_without_flag": Fault(
        "A push that lacks the verification code its policy demands is refused, or the demand is bypassed.",
        "refused",
        _one_of("refused", "bypassed"),
    ),
    "confirmation_code": Fault("The Admin API's verification push comes with a confirmation_code.", True, switch),
    "new_users": Fault(
        "A user without a device is told to enroll, let in (allow) or kept out (deny).",
        "enroll",
        _one_of("enroll", "allow", "deny"),
    ),
    "simple_usernames": Fault("Names lose DOMAIN\\ and @suffix before they are looked up.", False, switch),
    "prompt": Fault(
        "The prompt asks a person, or answers by itself: approve, deny, or never.",
        "ask",
        _one_of("ask", "approve", "deny", "never"),
    ),
    "denial_redirects": Fault("Who is denied at the prompt is sent back with an error parameter.", False, switch),
    "opener_policy": Fault("The prompt sends Cross-Origin-Opener-Policy: same-origin.", True, switch),
    "code_life_seconds": Fault("So long the code of the prompt can be exchanged.", 300, seconds),
    "id_token": Fault("The id_token is correct, or wrong in this way.", "correct", _one_of(*TOKEN_KINDS)),
    "id_token_shift_seconds": Fault("Both times of the id_token are off by this much.", 0, _SHIFT),
}


class Faults(Switchboard):
    """The current values of Duo's faults and settings; what waits is let go by any change."""

    def __init__(self) -> None:
        super().__init__(FAULTS, change_lets_go=True)
