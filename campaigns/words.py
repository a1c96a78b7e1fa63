"""Texts for people, in French and English: gettext catalogs, dates and numbers by Babel.

The msgids are English; `_` marks them. locales/fr.po holds the French, French is what an unknown language gets.
"""

import io
import re
from datetime import datetime
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.dates import format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from campaigns.times import zone

LANGUAGES = {"fr": "Français", "en": "English"}
DEFAULT_LANGUAGE = "fr"
LOCALES = Path(__file__).with_name("locales")


def language_of(code: str | None) -> str:
    """The language to speak with somebody whose software says `code`, such as "en-GB" or None."""
    known = (code or "").replace("_", "-").split("-")[0].lower()
    return known if known in LANGUAGES else DEFAULT_LANGUAGE


@lru_cache
def catalog(language: str) -> NullTranslations:
    """The texts of one language, read from its .po file once a process."""
    if language == "en":
        return NullTranslations()  # the msgids are English
    with (LOCALES / f"{language}.po").open("rb") as file:
        entries = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, entries)
    compiled.seek(0)
    return GNUTranslations(compiled)


def mark(text: str) -> str:
    """Marks a text for the catalogs where its reader is not known yet; `Words` translates it later."""
    return text


class Words:
    """Speaks one language: `words("Hello {name}", name=…)`, `words.many("{n} post", "{n} posts", n)`."""

    def __init__(self, language: str) -> None:
        self.language = language_of(language)
        self._catalog = catalog(self.language)

    def __call__(self, msgid: str, **values: object) -> str:
        text = self._catalog.gettext(msgid)
        return text.format(**values) if values else text

    def many(self, one: str, more: str, n: int, **values: object) -> str:
        return self._catalog.ngettext(one, more, n).format(n=n, **values)

    def number(self, n: int) -> str:
        """A whole number: "63\u202f206", or "63,206"."""
        return format_decimal(n, locale=self.language)

    def dollars(self, thousandths: int) -> str:
        """A price: "0,200\u202f$", or "$0.200"; all three places everywhere."""
        number = format_decimal(thousandths / 1000, "0.000", locale=self.language)
        return f"${number}" if self.language == "en" else f"{number}\u202f$"

    def counted(self, text: str) -> str:
        """What a sentence of the rules counted, "$0.200" or "10.2", as this language writes it; else the text as it is."""
        if price := re.fullmatch(r"\$(\d+(?:\.\d+)?)", text):
            return self.dollars(round(float(price[1]) * 1000))
        return text.replace(".", ",") if self.language == "fr" and re.fullmatch(r"\d+\.\d+", text) else text

    def moment(self, at: datetime, zone_name: str, form: str = "EEE d MMM HH:mm") -> str:
        """A moment on the wall clock of a zone: "mar. 1 déc. 08:30"."""
        return format_datetime(at, form, tzinfo=zone(zone_name), locale=self.language)
