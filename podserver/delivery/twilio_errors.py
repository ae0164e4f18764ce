"""What Twilio's error numbers mean to a technician. Texts of Twilio change, numbers do not (channels fact sheet 1.6).

One table serves both doors: the answer to a send, and the callback that comes later.
"""

from __future__ import annotations

_SENTENCES = {
    "20003": "Twilio refused the account's keys, an admin has to renew them",
    "21211": "not a valid phone number, correct it in the PSA",
    "21408": "texts to this country are switched off in the Twilio account, an admin can enable it",
    "21602": "the message was empty",
    "21606": "the sending number cannot send to this number, an admin has to check it",
    "21608": "the Twilio trial account cannot text this number",
    "21610": "this person replied STOP and gets no texts, use another way",
    "21611": "the sending number's queue is full, try again in a while",
    "21612": "no route to this number from the sending number",
    "21614": "not a mobile number, call it instead",
    "21617": "the message was too long",
    "30001": "the queue is full, try again in a while",
    "30002": "the Twilio account is suspended, an admin has to look",
    "30003": "the phone is off or out of reach, try again or use another way",
    "30004": "the phone or its carrier blocks these texts, use another way",
    "30005": "no phone has this number, check it with the caller",
    "30006": "a landline or a carrier that takes no texts, call it instead",
    "30007": "the carrier filtered it as spam, an admin should look",
    "30008": "the carrier gave no reason, try again once",
    "30022": "too many texts at once, try again in a minute",
    "30032": "the toll-free sending number is not verified with Twilio, an admin has to register it",
    "30034": "the sending number is not registered for business texts, an admin has to register it",
    "30036": "the code ran out before the carrier took it, send a new one",
    "30037": "outgoing texts are disabled in the Twilio account",
    "30038": "a number hosted at Twilio takes no codes",
    "30450": "Twilio blocked it to guard against fraud",
    "30454": "the Twilio account's message limit is reached",
}
for _code in ("21703", "21704", "21705", "21707", "21710", "21712", "21720"):
    _SENTENCES[_code] = "the messaging service has no fitting sender, an admin has to check it"


def explain(code: str) -> str:
    """A technician's sentence for an error number, without a full stop; the number where it is not known."""
    if code in _SENTENCES:
        return _SENTENCES[code]
    return f"the carrier did not take it (Twilio error {code})" if code else "the carrier did not take it"


_CALL_SENTENCES = {
    "13224": "not a number that can be called, correct it in the PSA",
    "21205": "the address that Twilio should call back is wrong, the operator has to check PODSERVER_BASE_URL",
    "21210": "the calling number is not one of the Twilio account's, an admin has to check it",
    "21211": "not a valid phone number, correct it in the PSA",
    "21212": "the calling number is not valid, an admin has to check it",
    "21214": "this number cannot be reached by telephone, check it with the caller",
    "21215": "calls to this country are switched off in the Twilio account, an admin can enable it",
    "21216": "the Twilio account may not call this number",
    "21217": "not a valid phone number, correct it in the PSA",
    "21219": "the Twilio trial account cannot call this number",
}
_CALL_ENDS = {
    "busy": "the line is busy, try again in a minute",
    "no-answer": "nobody answered, ask the caller to pick up and try again",
    "canceled": "the call was cancelled",
    "machine": "a machine answered and was told nothing, use another way",
    "hung-up": "somebody answered and hung up before the code, ask the caller to press 1",
}


def explain_call(code: str) -> str:
    """A technician's sentence for the error number of a call, without a full stop."""
    if code in _CALL_SENTENCES:
        return _CALL_SENTENCES[code]
    if code == "20003":
        return explain(code)
    return (
        f"the call could not be made (Twilio error {code})" if code else "the call could not be made, check the number"
    )


def call_end(status: str, code: str) -> str:
    """Why a call ended without the code having been heard; empty where it did not end like that."""
    return explain_call(code) if status == "failed" else _CALL_ENDS.get(status, "")
