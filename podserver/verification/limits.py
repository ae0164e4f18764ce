"""The numbers that bound guessing and sending, in one place; the docs and the tests read them from here.

Sources: NIST SP 800-63B-4 sections 3.1.3.2 and 3.2.2 for life, length and guesses; Twilio Verify and Telnyx for
the ceilings on sends. They are code, not settings: a tenant may be stricter, never looser.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

CODE_DIGITS: Final = 6
LONGEST_LIFE: Final = timedelta(minutes=10)
RESEND_AFTER: Final = timedelta(seconds=30)

# Wrong codes on one destination since its last success; the waits stand before the second, third... guess.
GUESSES: Final = 5
WAITS: Final = tuple(timedelta(seconds=s) for s in (0, 0, 2, 5, 10))
DESTINATION_LOCK: Final = timedelta(minutes=15)

# Wrong codes on one contact, whatever the destination.
CONTACT_FAILURES_DAY: Final = 10
CONTACT_FAILURES_MONTH: Final = 30

# Messages to one destination.
SENDS: Final = 3
SENDS_WINDOW: Final = timedelta(minutes=10)
SENDS_DAY: Final = 10
CONTACT_SENDS_DAY: Final = 15

DAY: Final = timedelta(hours=24)
MONTH: Final = timedelta(days=30)
HOUR: Final = timedelta(hours=1)
