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
