"""What is read from a message: title, link, hashtag, moment."""

from datetime import UTC, datetime

import pytest

from campaigns.from_messages import read_moment, text_and_link, title_of, with_hashtag
from campaigns.times import TimeProblem

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)  # a Tuesday, 9:00 in Paris


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("", ""),
        ("\n  \nBonjour à toutes et tous\nSuite", "Bonjour à toutes et tous"),
        ("mot " * 30, ("mot " * 14).strip() + "…"),
        ("x" * 80, "x" * 59 + "…"),
    ],
)
def test_the_first_words_are_the_title(text, title):
    assert title_of(text) == title


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Signez !\n\nhttps://exemple.fr/a", ("Signez !", "https://exemple.fr/a")),
        ("Signez ici https://exemple.fr/a ", ("Signez ici", "https://exemple.fr/a")),
        ("Un\nsignez ici https://exemple.fr/a", ("Un\nsignez ici", "https://exemple.fr/a")),
        ("https://exemple.fr/a", ("https://exemple.fr/a", None)),  # a post of an address alone keeps it as its text
        ("Voir https://exemple.fr/a maintenant", ("Voir https://exemple.fr/a maintenant", None)),
        ("Rien", ("Rien", None)),
    ],
)
def test_an_address_at_the_end_is_the_link(text, expected):
    assert text_and_link(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bonjour", "Bonjour #Respire"),
        ("", "#Respire"),
        ("#respire, enfin", "#respire, enfin"),
        ("#Respirez", "#Respirez #Respire"),
    ],
)
def test_the_hashtag_is_added_unless_it_is_there(text, expected):
    assert with_hashtag(text, "Respire") == expected
    assert with_hashtag(text, "") == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-03 08:30", "2026-12-03 08:30"),
        ("03/12/2026 8h30", "2026-12-03 08:30"),
        ("demain 18 h 30", "2026-12-02 18:30"),
        ("Tomorrow at 18:30", "2026-12-02 18:30"),
        ("aujourd’hui à 18h", "2026-12-01 18:00"),
        ("18h", "2026-12-01 18:00"),
        ("8:30", "2026-12-02 08:30"),  # past for today
        ("samedi 10h", "2026-12-05 10:00"),
        ("mardi 10h", "2026-12-01 10:00"),
        ("mardi 8h", "2026-12-08 08:00"),
        ("5/12 8h", "2026-12-05 08:00"),
        ("1/2, 8h", "2027-02-01 08:00"),
    ],
)
def test_moments_as_people_write_them(text, expected):
    assert f"{read_moment(text, 'Europe/Paris', NOW):%Y-%m-%d %H:%M}" == expected


@pytest.mark.parametrize("text", ["", "bientôt", "demain", "18h 19h", "31/2 8h", "25:00", "samedi dimanche 8h"])
def test_what_is_no_moment_is_told_with_examples(text):
    with pytest.raises(TimeProblem, match="is no moment; write one such as tomorrow"):
        read_moment(text, "Europe/Paris", NOW)
