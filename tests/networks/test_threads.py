"""Where a text may be cut into a thread, and what each network does with it."""

import pytest

from networks import threads
from networks.base import OutgoingPost
from networks.limits import parts, problems

LINK = "https://exemple.fr/programme"
LONG = "mot " * 59 + "fin"  # 239 characters


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Une phrase.", "Une phrase."),
        ("Un\n---\nDeux", "Un\n\nDeux"),
        ("Un\n\n --- \n\nDeux\n---\n", "Un\n\nDeux"),  # spaces around, and one at the end
        ("Un --- deux", "Un --- deux"),  # not alone on its line
        ("Un\n----\nDeux", "Un\n----\nDeux"),
        ("  Un\n", "  Un\n"),  # what has no place to cut stays as it was written
        ("---", ""),
    ],
)
def test_a_text_in_one_piece_has_a_blank_line_where_it_may_be_cut(text: str, whole: str) -> None:
    assert threads.whole(text) == whole
    assert OutgoingPost("1", text).body == whole


def test_what_fits_whole_goes_out_whole() -> None:
    assert parts("x", OutgoingPost("1", "Un\n---\nDeux")) == ("Un\n\nDeux",)


@pytest.mark.parametrize("network", ["x", "bluesky"])
def test_what_is_too_long_goes_out_in_the_parts_that_its_author_wrote(network: str) -> None:
    post = OutgoingPost("1", f"{LONG}\n---\n{LONG}", LINK)
    assert parts(network, post) == (LONG, f"{LONG}\n\n{LINK}")
    assert problems(network, post) == []


def test_nothing_is_cut_where_its_author_did_not_say() -> None:
    assert parts("x", OutgoingPost("1", LONG * 2)) == (LONG * 2,)


def test_telegram_shows_a_thread_as_one_message() -> None:
    assert parts("telegram", OutgoingPost("1", f"{LONG}\n---\n{LONG}")) == (f"{LONG}\n\n{LONG}",)


def test_each_part_must_fit_by_itself_and_the_sentence_names_it() -> None:
    assert problems("x", OutgoingPost("1", f"{LONG}\n---\n{'a' * 281}")) == [
        "x takes 280 weighted characters, part 2 of the thread has 281: shorten it, or write a version for x"
    ]
    assert problems("bluesky", OutgoingPost("1", f"Un\n---\n{'👨‍👩‍👧‍👦' * 121}")) == [
        "bluesky takes 3000 bytes, part 2 of the thread has 3025"
    ]
