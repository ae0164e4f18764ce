"""Twilio's error codes: the HTTP status and a sentence for each.

The numbers are Twilio's documented ones; the sentences are ours, because Twilio warns that its own change and that
callers decide on the number only. Codes 20001, 20009, 21266, 21603, 21604, 21609 and 21655 are [inferred], and so is
the use of 21201 and 21213 for what is missing, and the HTTP status of 10004.
"""

from __future__ import annotations

REFUSALS: dict[int, tuple[int, str]] = {
    10004: (429, "Too many calls at once"),
    20001: (400, "A parameter has a value that is not allowed"),
    20003: (401, "Authenticate"),
    20004: (405, "This method is not allowed here"),
    20009: (409, "The message is still on its way and cannot be changed or deleted"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too many requests"),
    20500: (500, "An internal server error has occurred"),
    21201: (400, "A 'To' number is required"),
    21205: (400, "The 'Url' is missing or not valid"),
    21206: (400, "'SendDigits' is made of 0 to 9, A to D, *, #, w and W"),
    21208: (400, "The 'Timeout' is not valid"),
    21209: (400, "The method is not GET or POST"),
    21210: (400, "The 'From' number is not one of this account and not verified"),
    21211: (400, "The 'To' number is not a valid phone number"),
    21212: (400, "The 'From' number is not a valid phone number, short code or sender ID"),
    21213: (400, "A 'From' number is required"),
    21214: (400, "The 'To' number cannot be reached"),
    21215: (400, "Calling the country of the 'To' number is not enabled for this account"),
    21216: (400, "Calling the 'To' number is not allowed"),
    21217: (400, "The 'To' number does not appear to be a phone number"),
    21218: (400, "The application does not exist"),
    21219: (400, "The 'To' number is not verified, and a trial account calls verified numbers only"),
    21220: (400, "The call is not in progress"),
    21266: (400, "'To' and 'From' cannot be the same number"),
    21408: (400, "Sending to the country of the 'To' number is not enabled for this account"),
    21602: (400, "The message body is empty"),
    21603: (400, "A 'From' number or a messaging service is required"),
    21604: (400, "A 'To' number is required"),
    21606: (400, "The 'From' number is not a message-capable number of this account"),
    21608: (400, "The 'To' number is not verified, and a trial account sends to verified numbers only"),
    21609: (400, "The 'StatusCallback' is not a valid URL"),
    21610: (400, "The recipient has opted out of messages from this sender"),
    21611: (400, "The queue of the 'From' number is full"),
    21612: (400, "The 'To' number cannot be reached from this 'From' number"),
    21614: (400, "The 'To' number is not a mobile number"),
    21617: (400, "The message body exceeds 1600 characters"),
    21619: (400, "A message body, media or a content template is required"),
    21626: (400, "A 'StatusCallbackEvent' is not known"),
    21655: (400, "The content template does not exist"),
    21703: (400, "The messaging service has no sender"),
    21705: (400, "The messaging service does not exist"),
    22005: (400, "The queue of calls is longer than 24 hours"),
    32018: (400, "The TwiML exceeds 4000 characters"),
}

DELIVERY_ERRORS: dict[int, str] = {
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    30022: "Campaign rate exceeded",
    30032: "Toll-free number not verified",
    30034: "Message from an unregistered number",
    30036: "Validity period expired",
    30037: "Outbound messaging disabled",
    30038: "One-time code to a number hosted by the provider",
    30040: "Sender ID must be registered",
    30041: "Number must be registered",
    30450: "Message delivery blocked",
    30454: "Account message limit reached",
    63017: "Account rate exceeded",
    63038: "Account daily limit reached",
}

# What a webhook can do wrong.
HOOK_URL_WRONG = 11100
HOOK_CONNECT_FAILED = 11205
HOOK_REFUSED = 11217
TWIML_TOO_LARGE = 11750
TWIML_UNREADABLE = 12100
TWIML_NOT_ALLOWED = 12200
WRONG_CONTENT_TYPE = 12300
SAY_TOO_LONG = 13521


class RefusedError(Exception):
    """A request that Twilio refuses; `code` is Twilio's number, `status` the HTTP status, `body` the JSON answer."""

    def __init__(self, code: int, detail: str = "") -> None:
        self.code = code
        self.status, sentence = REFUSALS.get(code, (400, "The message was refused"))
        self.message = f"{sentence}: {detail}" if detail else sentence
        super().__init__(self.message)

    @property
    def body(self) -> dict[str, int | str]:
        """The JSON error: `code`, `message`, `more_info`, `status`."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


def delivery_error(code: int) -> str:
    """The text that goes with a code which arrives after acceptance."""
    return DELIVERY_ERRORS.get(code) or REFUSALS.get(code, (400, "Unknown error"))[1]
