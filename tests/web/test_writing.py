"""The form that writes a post: what was typed stays, and each problem stands beside its field."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import httpx
import pytest
import requests

from campaigns import installation, posts, share_kits
from campaigns.models import PostState
from campaigns.posts import NewPost, check_post
from campaigns.publications import LEFT_SENDING
from campaigns.sentences import _shapes, told
from campaigns.times import parse_local
from campaigns.words import Words
from networks import mastodon, x
from networks.answers import NO_CERTIFICATE, NOT_REACHED
from networks.errors import RateLimited
from schedules.publishing import PARTLY_OUT, PICTURES_AWAY

Enter = Callable[..., Any]


def answer_of(status: int) -> requests.Response:
    answer = requests.Response()
    answer.status_code, answer.reason, answer._content = status, "No", b"{}"
    return answer


Pictures = Callable[..., bytes]
NEW = "/console/c/orne/posts/new"


def filled(token: str, world: Any, **changes: Any) -> dict[str, Any]:
    return {
        "csrf": token,
        "title": "Réunion",
        "text": "Jeudi à la halle",
        "link": "https://example.org/halle",
        "date": "2026-12-01",
        "time": "08:30",
        "timezone": "Europe/Paris",
        "channels": [str(channel.id) for channel in world.channels],
        "share_kit": "yes",
        "wording.1": "Tous à la halle",
        "text.x": "Jeudi, la halle",
        "alt": "Une halle",
    } | changes


def checked_channels(page: str) -> list[str]:
    return re.findall(r'name="channels" value="(\d+)"[^>]* checked', page)


async def test_a_post_is_written_and_scheduled(
    world: Any, browser: httpx.AsyncClient, enter: Enter, picture_of: Pictures
) -> None:
    token = await enter()
    files = {"image": ("halle.png", picture_of(kind="PNG"), "image/png")}
    answer = await browser.post(NEW, data=filled(token, world), files=files)
    assert answer.status_code == 303, answer.text
    async with world.database.read() as session:
        post = (await posts.posts_of(session, world.orne.id))[0]
        rows = (await posts.publications_of(session, [post.id]))[post.id]
        pictures = await posts.pictures_of(session, post.id)
        wordings = await share_kits.wordings_of(session, post)
    assert (post.title, post.state, post.author_id) == ("Réunion", PostState.scheduled, world.editor.id)
    assert post.publish_at == datetime(2026, 12, 1, 7, 30, tzinfo=UTC)
    assert [channel.network for _row, channel in rows] == ["telegram", "x"]
    assert [picture.alt for picture in pictures] == ["Une halle"]
    assert wordings == ["Jeudi à la halle", "Tous à la halle"]
    page = (await browser.get("/console/c/orne/posts")).text
    assert "Réunion" in page
    assert "08:30" in page


async def test_an_empty_form_offers_what_is_usual(world: Any, browser: httpx.AsyncClient, enter: Enter) -> None:
    await enter()
    page = (await browser.get(NEW)).text
    assert 'name="date" value="2026-11-24"' in page
    assert 'name="time" value="14:00"' in page
    assert 'name="timezone" value="Europe/Paris"' in page
    assert len(checked_channels(page)) == 2


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"title": "  "}, "title", "Is empty: give the post a title"),
        ({"title": "t" * 201}, "title", "201 characters, at most 200"),
        ({"text": ""}, "text", "Is empty: write what is to be said"),
        ({"text": "a" * 5000}, "text", "Telegram takes 4096 characters, the text has 5027"),
        ({"text.x": "é" * 300}, "text-x", "X takes 280 weighted characters, the text has 325"),
        ({"link": "halle"}, "link", "“halle” is not a web address"),
        ({"link": "javascript:alert(1)"}, "link", "is not a web address"),
        ({"channels": [], "share_kit": ""}, "channels", "Names no channel"),
        ({"date": "2026-11-01"}, "publish_at", "is in the past"),
        ({"date": "", "time": ""}, "publish_at", "Choose a date and a time."),
        ({"date": "tomorrow"}, "publish_at", "is not a date and time"),
        ({"date": "0001-01-01", "time": "00:00"}, "publish_at", "is not a date that can be used"),
        ({"date": "2027-03-28", "time": "02:30"}, "publish_at", "clocks go forward that night; write 01:30 or 03:30"),
        ({"timezone": "Europe/Nowhere"}, "timezone", "“Europe/Nowhere” does not exist"),
        ({"timezone": "../../etc/passwd"}, "timezone", "does not exist"),
    ],
)
async def test_a_problem_stands_beside_its_field(
    world: Any, browser: httpx.AsyncClient, enter: Enter, changes: dict[str, Any], field: str, sentence: str
) -> None:
    token = await enter()
    answer = await browser.post(NEW, data=filled(token, world, **changes))
    assert answer.status_code == 422
    told_there = re.findall(rf'<p class="invalid-feedback d-block" id="wrong-{field}-\d">(.*?)</p>', answer.text)
    assert sentence in unescape(" ".join(told_there))
    assert f'aria-describedby="wrong-{field}-1"' in answer.text
    assert "Nothing was scheduled" in answer.text
    async with world.database.read() as session:
        assert len(await posts.posts_of(session, world.orne.id)) == 1


async def test_what_was_typed_stays(world: Any, browser: httpx.AsyncClient, enter: Enter, picture_of: Pictures) -> None:
    token = await enter()
    data = filled(
        token, world, title="", text='\nDeux "lignes"\n</textarea><script>', channels=[str(world.channels[1].id)]
    )
    files = {"image": ("halle.jpg", picture_of())}
    page = (await browser.post(NEW, data=data, files=files)).text
    assert "Deux &#34;lignes&#34;\n&lt;/textarea&gt;&lt;script&gt;</textarea>" in page
    for value in ("https://example.org/halle", "2026-12-01", "08:30"):
        assert f'value="{value}"' in page
    assert "Tous à la halle</textarea>" in page
    assert "Jeudi, la halle</textarea>" in page
    assert checked_channels(page) == [str(world.channels[1].id)]
    assert 'name="picture_name" value="halle.jpg"' in page and "Une halle</textarea>" in page  # the picture too


async def test_every_problem_is_told_at_once(world: Any, browser: httpx.AsyncClient, enter: Enter) -> None:
    token = await enter()
    data = filled(token, world, title="", text="", link="x", date="", timezone="Nowhere/Land")
    page = (await browser.post(NEW, data=data)).text
    fields = set(re.findall(r'<p class="invalid-feedback d-block" id="wrong-([\w-]+)-\d"', page))
    assert {"title", "text", "link", "publish_at", "timezone"} <= fields


@pytest.mark.parametrize("data", [b"words", b"", b"\x89PNG\r\n\x1a\n broken"])
async def test_a_file_that_is_no_picture_is_named(
    world: Any, browser: httpx.AsyncClient, enter: Enter, data: bytes
) -> None:
    token = await enter()
    answer = await browser.post(NEW, data=filled(token, world), files={"image": ("notes.png", data)})
    assert answer.status_code == 422
    assert "Picture notes.png" in answer.text


async def test_a_picture_of_60_mb_is_refused_beside_its_field_and_the_rest_stays(
    world: Any, browser: httpx.AsyncClient, enter: Enter
) -> None:
    token = await enter()
    files = {"image": ("film.png", b"\0" * 60_000_000)}
    answer = await browser.post(NEW, data=filled(token, world), files=files)
    assert answer.status_code == 422
    assert "Picture film.png has 60.0 MB; at most 20 MB" in answer.text
    assert "Jeudi à la halle</textarea>" in answer.text


async def test_the_server_counts_as_each_network_does(world: Any, browser: httpx.AsyncClient, enter: Enter) -> None:
    async with world.database.write() as session:
        settings = {"base_url": "https://example.org", "access_token": "k"}
        await installation.add_channel(session, world.orne.id, "mastodon", "Pouet", settings)
    token = await enter()
    data = {"csrf": token, "text": "Prix : 2 €", "link": "https://example.org/" + "a" * 100, "text.mastodon": "court"}
    counts = (await browser.post("/console/c/orne/posts/check", data=data)).json()["counts"]
    assert counts["x"] == {
        "length": 36,
        "limit": 280,
        "over": False,
    }  # "€" weighs 2, any link 23, two line ends between
    assert counts["telegram"]["length"] == 10 + 2 + 120
    assert counts["mastodon"]["length"] == 5 + 2 + 23


KNOWN = {
    "no title": NewPost("", "text", share_kit=True),
    "long title": NewPost("t" * 300, "text", share_kit=True),
    "no text": NewPost("title", "", share_kit=True),
    "nowhere": NewPost("title", "text"),
    "bad link": NewPost("title", "text", link="x", share_kit=True),
    "past": NewPost("title", "text", publish_at=parse_local("2020-01-01 08:00"), share_kit=True),
    "bad zone": NewPost("title", "text", timezone="Nowhere/Land", share_kit=True),
    "no such hour": NewPost("title", "text", publish_at=parse_local("2027-03-28 02:30"), share_kit=True),
}


@pytest.mark.parametrize("name", KNOWN)
def test_what_the_rules_say_can_be_said_in_every_language(name: str) -> None:
    """If a rule's sentence changes, its translation must not be lost in silence."""
    found = check_post(KNOWN[name], datetime(2026, 11, 24, tzinfo=UTC))
    assert found
    for problem in found:
        assert any(shape.fullmatch(problem.message) for shape, _ in _shapes()), problem.message


def test_reasons_kept_in_the_store_can_be_translated_too() -> None:
    assert any(shape.fullmatch(LEFT_SENDING) for shape, _ in _shapes())
    assert told(Words("en"), LEFT_SENDING) == LEFT_SENDING[0].upper() + LEFT_SENDING[1:]
    assert told(Words("en"), "what a network said") == "What a network said"
    assert told(Words("en"), "") == ""


@pytest.mark.parametrize(
    ("said", "in_french"),
    [
        (NOT_REACHED.format("https://mastodon.example"), "Https://mastodon.example est injoignable"),
        (NO_CERTIFICATE.format("X"), "X ne montre pas de certificat"),
        (str(RateLimited(timedelta(seconds=90))), "Le réseau demande d’attendre 90 s"),
        (
            PICTURES_AWAY.format(where="s3://b", said="Error"),
            "Ses images ne peuvent pas être lues : s3://b ne répond pas",
        ),
        (PARTLY_OUT.format(parts=2, reason=NOT_REACHED.format("X")), "pas le reste : X est injoignable"),
        (str(x._problem(answer_of(401))), "X refuse les clés du canal"),
        (str(x._problem(answer_of(402))), "le crédit du compte est épuisé"),
        (str(x._problem(answer_of(429))), "X demande d’attendre"),
        (str(x._problem(answer_of(503))), "X a répondu 503"),
        (str(mastodon._problem("m.example", answer_of(401))), "M.example refuse le jeton d’accès"),
    ],
)
def test_what_the_networks_say_most_is_said_in_french_too(said: str, in_french: str) -> None:
    assert in_french in told(Words("fr"), said).replace("\u202f", " ")
    assert told(Words("en"), said) == said[0].upper() + said[1:]
