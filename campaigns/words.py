"""Texts for people, in French and English: gettext catalogs, dates and numbers by Babel.

The msgids are English; `_` marks them. locales/fr.po holds the French, French is what an unknown language gets.
"""

import enum
import io
import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.dates import format_date, format_datetime, format_timedelta, get_day_names
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent, get_group_symbol

from campaigns.times import zone

LANGUAGES = {"fr": "Français", "en": "English"}
DEFAULT_LANGUAGE = "fr"
GENDERED = re.compile(r"(?<=\w)·(\w+)(?:·(s))?")  # in the catalog: "compté·e", "abonné·e·s"
LOCALES = Path(__file__).with_name("locales")


class Inclusive(enum.StrEnum):
    """How a campaign writes French of women and men."""

    point = "point"  # compté·e
    hyphen = "hyphen"  # compté-e
    brackets = "brackets"  # compté(e)
    none = "none"  # compté


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


@lru_cache
def _group(language: str) -> str:
    """What stands between thousands."""
    return get_group_symbol(language)


@lru_cache(maxsize=1000)
def gendered(text: str, inclusive: Inclusive) -> str:
    """A French text of the catalog, which writes "abonné·e·s", as a campaign writes it."""
    if inclusive is Inclusive.none:
        return GENDERED.sub(lambda form: form[2] or "", text)
    if inclusive is Inclusive.brackets:
        return GENDERED.sub(lambda form: f"({form[1]}){form[2] or ''}", text)
    return GENDERED.sub(lambda form: form[0].replace("·", "-"), text) if inclusive is Inclusive.hyphen else text


def mark(text: str) -> str:
    """Marks a text for the catalogs where its reader is not known yet; `Words` translates it later."""
    return text


class Words:
    """Speaks one language: `words("Hello {name}", name=…)`, `words.many("{n} post", "{n} posts", n)`."""

    def __init__(self, language: str, inclusive: Inclusive = Inclusive.point) -> None:
        self.language = language_of(language)
        self._inclusive = inclusive
        self._catalog = catalog(self.language)

    def __call__(self, msgid: str, **values: object) -> str:
        text = self._written(self._catalog.gettext(msgid))
        return text.format(**values) if values else text

    def many(self, one: str, more: str, n: int, **values: object) -> str:
        return self._written(self._catalog.ngettext(one, more, n)).format(n=n, **values)

    def _written(self, text: str) -> str:
        """As the campaign writes; before values are filled in, which are people's own words."""
        return text if "·" not in text else gendered(text, self._inclusive)

    def number(self, n: int) -> str:
        """A whole number: "63\u202f206", or "63,206"."""
        return f"{n:,}".replace(",", _group(self.language))  # babel's own takes as long as a query

    def dollars(self, thousandths: int) -> str:
        """A price: "0,200\u202f$", or "$0.200"; all three places everywhere."""
        number = format_decimal(thousandths / 1000, "0.000", locale=self.language)
        return f"${number}" if self.language == "en" else f"{number}\u202f$"

    def counted(self, text: str) -> str:
        """What a sentence of the rules counted, "$0.200" or "10.2", as this language writes it; else the text as it is."""
        if price := re.fullmatch(r"\$(\d+(?:\.\d+)?)", text):
            return self.dollars(round(float(price[1]) * 1000))
        return text.replace(".", ",") if self.language == "fr" and re.fullmatch(r"\d+\.\d+", text) else text

    def percent(self, share: float) -> str:
        """A part of a whole, 0 to 1: "40\u202f%", or "40%"."""
        return format_percent(share, locale=self.language)

    def duration(self, lasts: timedelta) -> str:
        """About how long, in one unit: "2 minutes", "3 heures"."""
        return format_timedelta(max(lasts, timedelta(seconds=1)), locale=self.language, threshold=1.5)

    def day(self, day: date, form: str = "EEEE d MMMM") -> str:
        """A day: "mardi 1 décembre"."""
        return format_date(day, form, locale=self.language)

    def weekday(self, number: int, *, short: bool = False) -> str:
        """Monday is 0: "lundi", or "Monday"; "lun." where it must be short."""
        return str(get_day_names("abbreviated" if short else "wide", locale=self.language)[number])

    def hour(self, hour: int) -> str:
        """A full hour of the clock: "18\u202fh", or "18:00"."""
        return f"{hour:02}:00" if self.language == "en" else f"{hour}\u202fh"

    def moment(self, at: datetime, zone_name: str, form: str = "EEE d MMM HH:mm") -> str:
        """A moment on the wall clock of a zone: "mar. 1 déc. 08:30"."""
        return format_datetime(at, form, tzinfo=zone(zone_name), locale=self.language)
