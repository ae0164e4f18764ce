"""What a call says, by language: the MSP's name first, a key before the code, the digits slowly and twice.

Voices and SSML: channels fact sheet 1.10. A language that is not here is spoken as English.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

# Seconds to press a key, after the words.
_KEY_SECONDS: Final = 8
YES_KEY: Final = "1"
NO_KEY: Final = "9"


@dataclass(frozen=True, slots=True)
class Words:
    """One language. ``{msp}`` and ``{technician}`` are filled in."""

    voice: str
    greeting: str
    code: str
    again: str
    goodbye: str
    noted: str
    over: str


_LANGUAGES: Final[dict[str, Words]] = {
    "en-US": Words(
        "Polly.Joanna-Neural",
        "This is the {msp} help desk. {technician} from {msp} asked us to call. "
        "If you are on the phone with us now, press 1 to hear your code. If you did not ask for this, press 9.",
        "Read this code to nobody but {technician}. Your code is",
        "Once more. Your code is",
        "We never ask for a password. Goodbye.",
        "Thank you. We have stopped this, and told {msp}. Goodbye.",
        "This request has ended. Goodbye.",
    ),
    "en-GB": Words(
        "Polly.Amy-Neural",
        "This is the {msp} help desk. {technician} from {msp} asked us to call. "
        "If you are on the phone with us now, press 1 to hear your code. If you did not ask for this, press 9.",
        "Read this code to nobody but {technician}. Your code is",
        "Once more. Your code is",
        "We never ask for a password. Goodbye.",
        "Thank you. We have stopped this, and told {msp}. Goodbye.",
        "This request has ended. Goodbye.",
    ),
    "de-DE": Words(
        "Polly.Vicki-Neural",
        "Hier ist der Helpdesk von {msp}. {technician} von {msp} hat uns gebeten anzurufen. Wenn Sie gerade mit uns "
        "telefonieren, drücken Sie die 1, um Ihren Code zu hören. Wenn Sie das nicht wollten, drücken Sie die 9.",
        "Nennen Sie diesen Code nur {technician}. Ihr Code ist",
        "Noch einmal. Ihr Code ist",
        "Wir fragen nie nach einem Kennwort. Auf Wiederhören.",
        "Danke. Wir haben das gestoppt und {msp} Bescheid gegeben. Auf Wiederhören.",
        "Diese Anfrage ist beendet. Auf Wiederhören.",
    ),
    "fr-FR": Words(
        "Polly.Lea-Neural",
        "Ici le support de {msp}. {technician}, de {msp}, nous a demandé d'appeler. Si vous êtes en ligne avec nous, "
        "appuyez sur 1 pour entendre votre code. Si vous n'avez rien demandé, appuyez sur 9.",
        "Ne lisez ce code qu'à {technician}. Votre code est",
        "Encore une fois. Votre code est",
        "Nous ne demandons jamais de mot de passe. Au revoir.",
        "Merci. Nous avons tout arrêté et prévenu {msp}. Au revoir.",
        "Cette demande est terminée. Au revoir.",
    ),
    "es-ES": Words(
        "Polly.Lucia-Neural",
        "Le llama el soporte de {msp}. {technician}, de {msp}, nos pidió que llamáramos. Si está al teléfono con "
        "nosotros, pulse 1 para oír su código. Si no pidió esto, pulse 9.",
        "Lea este código solo a {technician}. Su código es",
        "Otra vez. Su código es",
        "Nunca pedimos una contraseña. Adiós.",
        "Gracias. Lo hemos detenido y avisado a {msp}. Adiós.",
        "Esta solicitud ha terminado. Adiós.",
    ),
    "nl-NL": Words(
        "Polly.Laura-Neural",
        "Dit is de helpdesk van {msp}. {technician} van {msp} vroeg ons te bellen. Als u nu met ons aan de telefoon "
        "bent, druk dan op 1 om uw code te horen. Als u dit niet wilde, druk dan op 9.",
        "Lees deze code alleen voor aan {technician}. Uw code is",
        "Nog een keer. Uw code is",
        "Wij vragen nooit om een wachtwoord. Tot ziens.",
        "Dank u. We hebben dit gestopt en {msp} ingelicht. Tot ziens.",
        "Dit verzoek is afgelopen. Tot ziens.",
    ),
}
LANGUAGES: Final = tuple(_LANGUAGES)


@dataclass(frozen=True, slots=True)
class Script:
    """What one call says: every method gives TwiML."""

    language: str
    msp: str
    technician: str

    @property
    def _words(self) -> Words:
        return _LANGUAGES.get(self.language, _LANGUAGES["en-US"])

    def _say(self, text: str) -> Any:
        spoken = self.language if self.language in _LANGUAGES else "en-US"
        filled = text.format(msp=self.msp, technician=self.technician)
        return _verbs().Say(filled, voice=self._words.voice, language=spoken)

    def ask_for_key(self, action: str) -> str:
        """The greeting, and which key to press; nothing secret is said yet."""
        response = _verbs().VoiceResponse()
        gather = _verbs().Gather(
            num_digits=1, timeout=_KEY_SECONDS, action_on_empty_result=True, method="POST", action=action
        )
        gather.append(self._say(self._words.greeting))
        response.append(gather)
        response.append(_verbs().Hangup())
        return str(response)

    def read_out(self, code: str) -> str:
        """The code, digit by digit, slowly, twice."""
        response = _verbs().VoiceResponse()
        for words in (self._words.code, self._words.again):
            say = self._say(words)
            for digit in code:
                say.break_(time="600ms")
                say.say_as(digit, interpret_as="digits")
            response.append(say)
            response.pause(length=2)
        response.append(self._say(self._words.goodbye))
        response.append(_verbs().Hangup())
        return str(response)

    def noted(self) -> str:
        """What whoever pressed 9 hears."""
        return self._last(self._words.noted)

    def over(self) -> str:
        """What is said where there is nothing to read out any more."""
        return self._last(self._words.over)

    def _last(self, text: str) -> str:
        response = _verbs().VoiceResponse()
        response.append(self._say(text))
        response.append(_verbs().Hangup())
        return str(response)


def _verbs() -> Any:
    # Imported where it is used: few web workers ever answer a call.
    from twilio.twiml import voice_response

    return voice_response


def silence() -> str:
    """For a machine: nothing."""
    response = _verbs().VoiceResponse()
    response.append(_verbs().Hangup())
    return str(response)
