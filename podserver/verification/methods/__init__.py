"""Ways to verify: one file per method, found through :data:`METHODS`."""

from __future__ import annotations

from typing import Final

from podserver.verification.methods.authenticator_push import AuthenticatorPush
from podserver.verification.methods.base import CodeMethod, Method
from podserver.verification.methods.duo_push import DuoPush
from podserver.verification.methods.mail_code import MailCode
from podserver.verification.methods.mail_link import MailLink
from podserver.verification.methods.manual import Manual
from podserver.verification.methods.microsoft_sign_in import MicrosoftSignIn
from podserver.verification.methods.sms_code import SmsCode
from podserver.verification.methods.sms_link import SmsLink
from podserver.verification.methods.voice_code import VoiceCode

_CODES: Final[tuple[CodeMethod, ...]] = (SmsCode(), MailCode(), VoiceCode())
_OTHERS: Final[tuple[Method, ...]] = (
    SmsLink(), MailLink(), DuoPush(), AuthenticatorPush(), MicrosoftSignIn(), Manual(),
)  # fmt: skip

METHODS: Final[dict[str, Method]] = {method.name: method for method in (*_CODES, *_OTHERS)}
CODE_METHODS: Final[dict[str, CodeMethod]] = {method.name: method for method in _CODES}
NAMES: Final = frozenset(METHODS)
