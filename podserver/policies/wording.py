"""Every setting in plain words: on the policy's page, in the file, in the history and in explanations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from podserver.policies.policy import RANGES, BannerColour, TypedNumber
from podserver.verification.methods import METHODS
from podserver.verification.strength import Strength


@dataclass(frozen=True, slots=True)
class Wording:
    """A setting's title and what it does, in a sentence; ``unit`` is what its number counts."""

    title: str
    sentence: str
    unit: str = ""


WORDINGS: Final = {
    "methods": Wording(
        "Ways to verify",
        "What the pod offers, in this order; the first that fits a number or an address is its button, "
        "the others are in its menu.",
    ),
    "minimum_strength": Wording(
        "Minimum strength",
        "A way that proves less is not offered, and a green shield that was earned with less does not count.",
    ),
    "typed_number": Wording(
        "Typed number on links",
        "The technician reads two digits out and the user types them on the link's page. "
        "A program that opens links cannot know them.",
    ),
    "minutes_green": Wording("Shield stays green", "How long a verification counts.", "min"),
    "counts_elsewhere": Wording(
        "Counts on other tickets",
        "Whether a green shield counts on another ticket than the one it was earned on; it says which one that was.",
    ),
    "minutes_alive": Wording(
        "Request lives", "How long a code, a link, a call or a push can be answered. Ten minutes are the most.", "min"
    ),
    "cooldown_minutes": Wording(
        "Locked after “I did not ask for this”",
        "How long nobody can send anything to a contact who said so; 0 is until an admin unlocks them.",
        "min",
    ),
    "banner": Wording("Banner", "What technicians read first in the pod of this client's tickets. Empty is none."),
    "banner_colour": Wording("Banner's colour", "The words have to say what the colour says."),
    "show_on_load": Wording(
        "Show verification on load",
        "Yes: the pod opens with the rows that verify. No: they are folded behind Verify the caller, "
        "unless something is pending, green or alarmed.",
    ),
    "other_contact_needs_note": Wording(
        "Another contact needs a note",
        "Whether a technician who verifies somebody else than the ticket's contact has to write why.",
    ),
    "adhoc_number": Wording(
        "Number that is not on file",
        "Whether a technician may type a number that the PSA does not hold. What it proves is always weak.",
    ),
    "history_rows": Wording("Rows of history", "How many past verifications the pod shows.", "rows"),
    "note_internal": Wording(
        "Note in the ticket", "Who can read the note that podserver writes: staff only, or the client."
    ),
    "note_outcomes": Wording(
        "Outcomes that write a note", "The ticket is always told of verified and of denied; of the others if you want."
    ),
}
GROUPS: Final = (
    ("How callers are verified", ("methods", "minimum_strength", "typed_number")),
    ("How long it counts", ("minutes_green", "counts_elsewhere", "minutes_alive", "cooldown_minutes")),
    (
        "What the pod shows",
        ("banner", "banner_colour", "show_on_load", "other_contact_needs_note", "adhoc_number", "history_rows"),
    ),
    ("What the ticket is told", ("note_internal", "note_outcomes")),
)
# A choice's value as a form and a file write it, and its words.
CHOICES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "minimum_strength": tuple((str(each), f"{each} · {each.word}") for each in Strength),
    "typed_number": (
        (str(TypedNumber.MAIL), "On links by e-mail"),
        (str(TypedNumber.ALWAYS), "On every link"),
        (str(TypedNumber.NEVER), "Never"),
    ),
    "banner_colour": tuple((str(each), str(each).capitalize()) for each in BannerColour),
    "note_internal": (("yes", "Staff only"), ("no", "The client too")),
    **dict.fromkeys(
        ("counts_elsewhere", "show_on_load", "other_contact_needs_note", "adhoc_number"), (("yes", "Yes"), ("no", "No"))
    ),
}


def in_words(name: str, value: Any) -> str:
    """A setting's value as people say it; ``value`` is in the policy's form or in the stored one."""
    if name in RANGES:
        if name == "cooldown_minutes" and value == 0:
            return "until an admin unlocks"
        return f"{value} {WORDINGS[name].unit}"
    if name in CHOICES:
        key = ("yes" if value else "no") if isinstance(value, bool) else str(value)
        words = dict(CHOICES[name]).get(key, key)
        return words if name == "minimum_strength" else words[:1].lower() + words[1:]
    if name == "methods":
        return ", ".join(METHODS[each].label if each in METHODS else each for each in value)
    if name == "note_outcomes":
        return ", ".join(value)
    return f"“{value}”" if value else "none"
