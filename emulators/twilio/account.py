"""The one account this emulator knows: invented credentials, senders and magic numbers.

Magic numbers are those that Twilio's test credentials react to. The pairing of some of them with a code is
[inferred] from public test suites; it lives only here.
"""

from __future__ import annotations

import re

ACCOUNT_SID = "AC" + "0" * 31 + "1"
AUTH_TOKEN = "demo-auth-token-0001"
FROM_NUMBER = "+12025550100"
MESSAGING_SERVICE_SID = "MG" + "0" * 31 + "1"

DEMO_HANDSET = "+12025550142"
HANDSET_NAMES = {
    DEMO_HANDSET: "Dana Whitfield",
    "+12025550118": "Marcus Reyes",
    "+12025550119": "Theo Brandt",
    "+12025550123": "Amara Diallo",
    "+12025550124": "Wei Lin",
    "+12025550125": "Lucia Ferrer",
    "+12025550126": "Mateo Ferrer",
    "+12025550127": "Carla Nunez",
}

MAGIC_SENDER = "+15005550006"
MAGIC_TO = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
MAGIC_FROM = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
CALL_MAGIC_TO = {
    "+15005550001": 21217,
    "+15005550002": 21214,
    "+15005550003": 21215,
    "+15005550004": 21216,
}
CALL_MAGIC_FROM = {"+15005550001": 21212}

_NORTH_AMERICA = re.compile(r"\+1[2-9]\d{2}[2-9]\d{6}")
_ELSEWHERE = re.compile(r"\+[2-9]\d{6,14}")


def is_e164(number: str) -> bool:
    """Whether `number` looks like a phone number in E.164; North American ones are checked for length and shape."""
    return bool(_NORTH_AMERICA.fullmatch(number) or _ELSEWHERE.fullmatch(number))
