"""What the replies of mail servers mean to a technician.

Enhanced status codes are RFC 3463's and its registry's; those above 5.7.29, and 5.2.252, are Microsoft's own use. The
texts of servers differ and may hold addresses, so only codes are read.
"""

from __future__ import annotations

from podserver.delivery.smtp import Cause, Stage, Trouble

_ADMIN = "an admin has to look under Mail"
_LOGIN = f"the mail server refused our login, {_ADMIN}"
_NO_PASSWORDS = f"the mail server takes no password for SMTP any more, {_ADMIN}"
_SENDER = f"the mail server does not let us send from our address, {_ADMIN}"
_DISTRUST = f"the mail server does not believe our sender address (SPF, DKIM or DMARC), {_ADMIN}"
_POLICY = "the mail server refused it by its policy, use another way and tell an admin to look under Mail"
_NOBODY = "no such mailbox, check the address with the caller"

_BY_ENHANCED = {
    "5.1.0": "the mail server does not take this address, check it with the caller",
    "5.1.1": _NOBODY,
    "5.1.2": "no mail server takes mail for this domain, check the address with the caller",
    "5.1.3": "not a valid e-mail address, correct it in the PSA",
    "5.1.6": "the mailbox has moved away, correct the address in the PSA",
    "5.1.7": _SENDER,
    "5.1.8": _SENDER,
    "5.1.10": _NOBODY,
    "5.2.0": "the mailbox takes nothing, use another way",
    "5.2.1": "the mailbox is switched off, use another way",
    "5.2.2": "the mailbox is full, use another way",
    "5.2.3": "the letter is too large for this mailbox, an admin can take the logo out under Branding",
    "5.2.252": _SENDER,
    "5.3.4": "the letter is too large for the mail server, an admin can take the logo out under Branding",
    "5.4.1": "the mail server of this domain takes nothing for this address, check it with the caller",
    "5.4.4": "no mail server takes mail for this domain, check the address with the caller",
    "5.4.14": "the mail goes in circles at the recipient's, use another way",
    "5.6.7": "the address has letters that the mail server cannot carry, use another way",
    "5.7.0": _POLICY,
    "5.7.1": _POLICY,
    "5.7.23": _DISTRUST,
    "5.7.25": _DISTRUST,
    "5.7.26": _DISTRUST,
    "5.7.27": _DISTRUST,
    "5.7.30": _NO_PASSWORDS,
    "5.7.57": _LOGIN,
    "5.7.60": _SENDER,
    # Microsoft says it of a wrong password, and of a mailbox or tenant whose SMTP login is switched off.
    "5.7.139": f"Microsoft refused our login, {_ADMIN}",
    "5.7.509": _DISTRUST,
    "5.7.515": _DISTRUST,
    "5.7.708": "Microsoft takes no mail from our mail server's address, an admin has to look under Mail",
}
# Where there is no enhanced code, or none of the above: by stage and basic code, then by stage alone.
_BY_STAGE: dict[Stage, dict[int, str]] = {
    Stage.GREET: {0: f"the mail server turned us away, {_ADMIN}"},
    Stage.SECURE: {0: f"the mail server would not begin TLS, {_ADMIN}"},
    Stage.LOGIN: {0: _LOGIN},
    Stage.SENDER: {0: _SENDER, 530: _LOGIN, 535: _LOGIN},
    Stage.RECIPIENT: {
        0: "the mail server does not take this address, check it with the caller",
        530: _LOGIN,
        552: "the mailbox is full, use another way",
        554: _POLICY,
    },
    Stage.DATA: {0: f"the mail server would not take the letter, {_ADMIN}"},
    Stage.ANSWER: {
        0: "the mail server did not take the letter, use another way and tell an admin to look under Mail",
        552: "the letter is too large for the mail server, an admin can take the logo out under Branding",
        550: _POLICY,
        554: _POLICY,
    },
}
_BY_CAUSE = {
    Cause.INSIDE: "the mail server is inside our own network and not allowed, the operator has to look",
    Cause.NOT_SMTP: f"what answers at the mail server's address is no mail server, {_ADMIN}",
    Cause.NO_STARTTLS: f"the mail server offers no encryption, {_ADMIN}",
    Cause.NO_TLS: f"no encryption came about with the mail server, {_ADMIN}",
    Cause.WRONG_NAME: f"the mail server's certificate is for another name, {_ADMIN}",
    Cause.RUN_OUT: f"the mail server's certificate has run out, {_ADMIN}",
    Cause.UNTRUSTED: f"the mail server's certificate is not trusted, {_ADMIN}",
    Cause.NO_LOGIN: f"the mail server offers no way to log in that we know, {_ADMIN}",
}


def explain(trouble: Trouble) -> str:
    """A technician's sentence, without a full stop, for what will not get better by itself."""
    if trouble.cause is not Cause.REPLY:
        return _BY_CAUSE.get(trouble.cause, "the mail server cannot be reached")
    if trouble.enhanced in _BY_ENHANCED and not _is_vague(trouble):
        return _BY_ENHANCED[trouble.enhanced]
    known = _BY_STAGE.get(trouble.stage, {})
    return known.get(trouble.code) or known.get(0, "the mail server did not take it")


def _is_vague(trouble: Trouble) -> bool:
    """5.7.0 and 5.7.1 mean whatever the command was about: before there is a recipient it is us, not the letter."""
    return trouble.enhanced in ("5.7.0", "5.7.1") and trouble.stage < Stage.RECIPIENT


def code_of(trouble: Trouble) -> str:
    """The reply's code for history and notes: the enhanced one, else the basic one, else nothing."""
    return trouble.enhanced or (str(trouble.code) if trouble.code else "")
