"""Which language is spoken with whom, and that nothing is left untranslated."""

import re
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from campaigns.words import LANGUAGES, LOCALES, Inclusive, Words, gendered, language_of

ROOT = Path(__file__).resolve().parents[2]
KEYWORDS = {"_": None, "words": None, "mark": None, "many": (1, 2)}  # as in the Makefile


def texts_of_the_code() -> set[str | tuple[str, ...]]:
    with (LOCALES / "babel.cfg").open() as file:
        mapping, options = parse_mapping_cfg(file)
    found = extract_from_dir(str(ROOT), mapping, options, keywords=KEYWORDS)
    return {message for _, _, message, _, _ in found if message}


def french() -> dict[str | tuple[str, ...], str | tuple[str, ...]]:
    with (LOCALES / "fr.po").open("rb") as file:
        return {
            tuple(entry.id) if isinstance(entry.id, list | tuple) else entry.id: entry.string
            for entry in read_po(file, locale="fr")
            if entry.id and not entry.fuzzy
        }


def test_every_text_of_the_code_has_its_french() -> None:
    known = french()
    assert texts_of_the_code() - {text for text, said in known.items() if said and all(said)} == set()


def test_the_catalog_holds_no_text_that_the_code_lost() -> None:
    assert set(french()) - texts_of_the_code() == set()


@pytest.mark.parametrize(("text", "said"), french().items(), ids=lambda value: str(value)[:40])
def test_a_translation_keeps_the_places_of_its_values_and_french_spacing(text, said) -> None:
    def places(of: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(of) if name}

    english, translated = (text, said) if isinstance(text, str) else (text[1], said[1])
    assert places(english) == places(translated)
    for form in [said] if isinstance(said, str) else said:
        outside = re.sub(r"https?://\S+|\d{1,2}:\d\d|sqlite:\S+", "", form)
        assert not re.search(r"[^\u202f\u00a0\s?!…][?!;:](?=\s|$)|«[^\u202f\u00a0]|[^\u202f\u00a0]»", outside), form


def test_words_speak_the_language_and_fill_in_values() -> None:
    assert Words("fr")("Welcome, {name}! You will get each message when it goes out. To begin:", name="Zoé").startswith(
        "Bienvenue, Zoé\u202f!"
    )
    assert Words("en")("Back") == "Back"
    assert Words("de")("Back") == "Retour"


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("fr", "fr"),
        ("en", "en"),
        ("en-GB", "en"),  # as Telegram says it
        ("EN-us", "en"),
        ("en_US", "en"),  # as a system says it
        ("fr-CA", "fr"),
        ("de", "fr"),  # a language that is not spoken here: the campaign's
        ("english", "fr"),  # not a code
        ("", "fr"),
        (None, "fr"),  # Telegram does not always say
    ],
)
def test_the_language_follows_what_the_software_says(code, language):
    assert language_of(code) == language
    assert language in LANGUAGES


@pytest.mark.parametrize(
    ("inclusive", "one", "many", "irregular"),
    [
        (Inclusive.point, "abonné·e", "abonné·e·s", "tous·tes"),
        (Inclusive.hyphen, "abonné-e", "abonné-e-s", "tous-tes"),
        (Inclusive.brackets, "abonné(e)", "abonné(e)s", "tous(tes)"),
        (Inclusive.none, "abonné", "abonnés", "tous"),
    ],
)
def test_french_speaks_of_women_and_men_as_the_campaign_writes(inclusive, one, many, irregular) -> None:
    assert (
        gendered("un abonné·e, des abonné·e·s, tous·tes · fin", inclusive) == f"un {one}, des {many}, {irregular} · fin"
    )


def test_what_people_wrote_themselves_is_not_rewritten() -> None:
    said = Words("fr", Inclusive.none)(
        "Welcome, {name}! You will get each message when it goes out. To begin:", name="Ami·e"
    )
    assert said.startswith("Bienvenue, Ami·e")
