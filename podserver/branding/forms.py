"""The form of the tenant's look."""

from __future__ import annotations

from typing import Final

from flask_wtf.file import FileField
from wtforms import BooleanField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice

from podserver.branding.letters import Letterhead
from podserver.delivery.spoken import LANGUAGES
from podserver.portal.forms import LineField, PortalForm

# As their speakers write them.
_NAMES = {
    "en-US": "English, United States",
    "en-GB": "English, United Kingdom",
    "en-AU": "English, Australia",
    "de-DE": "Deutsch",
    "fr-FR": "Français",
    "es-ES": "Español, España",
    "es-MX": "Español, México",
    "it-IT": "Italiano",
    "nl-NL": "Nederlands",
    "pt-BR": "Português, Brasil",
}


SPOKEN: Final = tuple((tag, _NAMES.get(tag, tag)) for tag in LANGUAGES)
"""The languages of calls: tag and name; one without a name here shows its tag."""


class BrandingForm(PortalForm):
    """What clients' users see and hear."""

    accent = LineField(
        "Colour",
        default=Letterhead("").accent,
        description="Of buttons and lines. White must be readable on it; dark pages get a lighter shade of it.",
    )
    logo = FileField(
        "Logo",
        description="PNG, JPEG, GIF or WebP up to 1 MB; it is drawn anew at 480 x 160 at most. Link pages show it on "
        "white or on dark, letters always on a light ground.",
    )
    remove_logo = BooleanField("Remove the logo")
    signature = TextAreaField("Signature", description="Below every letter. Plain text, lines are kept.")
    footer = TextAreaField(
        "Footer", description="In small type at the very end: your address, and why people get these letters."
    )
    phone = LineField(
        "Help desk's telephone",
        description="In letters and on link pages, for whoever did not ask. Write a number that people can call back.",
        render_kw={"type": "tel"},
    )
    language = SelectField(
        "Language of calls",
        choices=[SelectChoice(tag, name) for tag, name in SPOKEN],
        default="en-US",
        description="What a voice call speaks. Letters and pages are in English.",
    )
