"""Which language is spoken with whom. The catalogs themselves are tested where they are used."""

import pytest

from campaigns.words import LANGUAGES, language_of


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
