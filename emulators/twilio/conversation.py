"""Carries out TwiML on a call that was answered: speaks, waits for keys, goes where the documents lead."""

from __future__ import annotations

from urllib.parse import urljoin

from emulators.twilio.call_hooks import CallHooks
from emulators.twilio.calls import CALLER, Call
from emulators.twilio.errors import HOOK_URL_WRONG
from emulators.twilio.hook_client import is_hook_url
from emulators.twilio.live_call import Document, HungUpError, Keys, LiveCall, TurnedError
from emulators.twilio.pace import Pace
from emulators.twilio.speech import Spoken
from emulators.twilio.store import Store
from emulators.twilio.twiml import Gather, Pause, Play, Redirect, Say, TwimlError, Verb, parse

APOLOGY = "We are sorry, an application error has occurred. Goodbye."
PLAY_SECONDS = 1.0  # nobody fetches the sound, so nobody knows how long it is


class Conversation:
    """The caller's side of one call. What is spoken goes into the call's transcript word by word, as it is heard."""

    def __init__(self, sid: str, live: LiveCall, store: Store, hooks: CallHooks, pace: Pace) -> None:
        self._sid = sid
        self._live = live
        self._calls = store.calls
        self._hooks = hooks
        self._pace = pace

    def hold(self, first: Document) -> None:
        """Go from document to document until there is no more to do. Raises HungUpError, TimeUpError."""
        following: Document | None = first
        while document := following:
            try:
                try:
                    following = self._perform(document)
                except TwimlError as error:
                    following = self._instead_of(document, error)
            except TurnedError as turned:
                following = turned.document

    def _perform(self, document: Document) -> Document | None:
        """Carry out one document; the one that follows it, None where the call is to end."""
        for verb in self._verbs(document):
            match verb:
                case Say() | Play() | Pause():
                    self._prompt(verb)
                case Gather():
                    following = self._gather(verb, document)
                    if following:
                        return following
                case Redirect(url, method):
                    return Document(_resolved(url, document), method)
                case _:
                    return None
        return None

    def _verbs(self, document: Document) -> list[Verb]:
        if document.twiml is not None:
            return parse(document.twiml)
        verbs = self._hooks.twiml(self._call(), document)
        self._live.sleep(0)  # whoever hung up meanwhile hears nothing of it
        return verbs

    def _call(self) -> Call:
        call = self._calls.get(self._sid)
        if call is None:
            raise HungUpError
        return call

    def _instead_of(self, document: Document, error: TwimlError) -> Document | None:
        call = self._call()
        if not call.fallback_url or document.is_fallback:
            self._say(Say(tuple(Spoken(word) for word in APOLOGY.split()), 1))
            return None
        fields = {**document.fields, "ErrorCode": str(error.code), "ErrorUrl": document.url.partition("#")[0]}
        return Document(call.fallback_url, call.fallback_method, fields=fields, is_fallback=True)

    # Speaking

    def _prompt(self, verb: Say | Play | Pause) -> bool:
        """Speak, play or wait; whether a key cut it short."""
        match verb:
            case Say():
                return self._say(verb)
            case Pause(length):
                return self._live.silence(length * self._pace.second)
            case Play(url, digits, loop):
                self._calls.say(self._sid, CALLER, f"(plays {url})" if url else f"(tones {digits})")
                times = loop if url and loop else 1  # an endless loop of nothing heard is noted once
                return self._live.silence(PLAY_SECONDS * times * self._pace.second)

    def _say(self, say: Say) -> bool:
        times = 0
        while times < say.loop or say.loop == 0:
            times += 1
            more = False
            for each in say.words:
                if each.word:
                    self._calls.say(self._sid, CALLER, each.word, more=more)
                    more = True
                seconds = (self._pace.word if each.word else 0) + each.silence * self._pace.second
                if self._live.silence(seconds):
                    return True
            if not say.words:
                break
        return False

    # Listening

    def _gather(self, gather: Gather, document: Document) -> Document | None:
        """Collect keys; the document that takes them, None where there are none and the present one goes on."""
        keys = Keys(gather.limit, gather.finish_on)
        try:
            if gather.takes_keys and gather.barge_in:
                self._listen(keys)
            for prompt in gather.prompts:
                if self._prompt(prompt):
                    break
            if gather.takes_keys and not gather.barge_in:
                self._listen(keys)
            while not keys.complete and self._live.await_key(gather.timeout * self._pace.second):
                pass
        finally:
            self._live.stop_listening()
            self._calls.change(self._sid, only=("in-progress",), wants_key=False)
        if not keys.digits and not gather.even_if_empty:
            return None
        fields = {"Digits": keys.digits, "FinishedOnKey": keys.finished_on}
        return Document(_resolved(gather.action, document), gather.method, fields=fields)

    def _listen(self, keys: Keys) -> None:
        self._calls.change(self._sid, only=("in-progress",), wants_key=True)
        self._live.listen(keys)


def _resolved(url: str, document: Document) -> str:
    """`url` as seen from `document`; an empty one is the document itself. Raises TwimlError where nobody can go."""
    whole = urljoin(document.url, url) if url else document.url
    if not is_hook_url(whole):
        raise TwimlError(HOOK_URL_WRONG, f"'{whole}' is not a URL that can be called")
    return whole
