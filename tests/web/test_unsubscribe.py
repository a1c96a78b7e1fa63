"""Leaving a list of e-mail relays: by one's own tap, or by one click of the mail program."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from campaigns.addresses import NewAddress, addresses_of, find_address, store_addresses
from tests.web.conftest import World

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
async def token(world: World) -> str:
    async with world.database.write() as session:
        new = [NewAddress("anne@a.example", "Anne <b>", None), NewAddress("blaise@a.example", "Blaise", None)]
        await store_addresses(session, world.orne.id, new, world.clock())
        return (await addresses_of(session, world.orne.id))[0].token


async def left(world: World, token: str) -> bool:
    async with world.database.read() as session:
        row = await find_address(session, token)
    assert row is not None
    return row.unsubscribed_at is not None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_scanner_that_follows_the_link_unsubscribes_nobody(
    world: World, browser: httpx.AsyncClient, token: str, method: str
) -> None:
    answer = await browser.request(method, f"/unsubscribe/{token}")
    assert answer.status_code == 200 and not await left(world, token)
    assert answer.headers["cache-control"] == "no-store" and answer.headers["x-robots-tag"] == "noindex"


async def test_the_page_says_whose_address_it_is_and_has_one_button(browser: httpx.AsyncClient, token: str) -> None:
    text = (await browser.get(f"/unsubscribe/{token}")).text
    assert "anne@a.example" in text and "Des trains pour l’Orne" in text
    assert text.count("<button") == 1 and '<form method="post">' in text


async def test_the_button_unsubscribes_and_may_be_tapped_twice(
    world: World, browser: httpx.AsyncClient, token: str
) -> None:
    for _ in range(2):
        answer = await browser.post(f"/unsubscribe/{token}")
        assert answer.status_code == 200 and "writes to anne@a.example no more" in answer.text
    assert await left(world, token)
    assert "<button" not in (await browser.get(f"/unsubscribe/{token}")).text
    async with world.database.read() as session:
        assert [row.address for row in await addresses_of(session, world.orne.id)] == ["blaise@a.example"]


@pytest.mark.parametrize(
    "body",
    [
        {"data": ONE_CLICK},  # RFC 8058 allows both encodings
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"content": b"\x00 no form"},
    ],
)
async def test_a_mail_program_unsubscribes_by_one_click_without_cookie_or_token(
    world: World, visit: Callable[..., httpx.AsyncClient], token: str, body: dict[str, Any]
) -> None:
    async with visit() as program:
        answer = await program.post(f"/unsubscribe/{token}", **body)
    assert answer.status_code == 200 and not answer.is_redirect
    assert await left(world, token)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_token_that_nobody_has_says_what_to_do(browser: httpx.AsyncClient, token: str, method: str) -> None:
    answer = await browser.request(method, f"/unsubscribe/{token[:-1]}")
    assert answer.status_code == 404 and "end of the last message" in answer.text


async def test_a_french_reader_reads_french(visit: Callable[..., httpx.AsyncClient], token: str) -> None:
    async with visit(**{"accept-language": "fr"}) as reader:
        asked = (await reader.get(f"/unsubscribe/{token}")).text
        done = (await reader.post(f"/unsubscribe/{token}")).text
    assert "Ne plus recevoir ces messages\u202f?" in asked and "n’écrit plus à anne@a.example" in done
