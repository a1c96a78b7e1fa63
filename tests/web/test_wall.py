"""The support wall: up with a yes of its own, gone at a tap."""

import io
import re
from html import unescape
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlmodel import col, select

from campaigns.installation import add_territory
from campaigns.models import TurnsTaken, WallBadge
from tests.web.conftest import picture
from tests.web.test_rules import silence

GOOD = {"frame": "ring", "name": "Zoé Lefèvre"}
YES = {"first_name": "Zoé", "consent": "yes"}
JSON = {"accept": "application/json"}


def hidden_fields(page: str) -> dict[str, str]:
    """The picture and the receipt that the page of a made badge carries for the wall."""
    return {name: unescape(re.findall(rf'name="{name}" value="([^"]+)"', page)[-1]) for name in ("picture", "receipt")}


async def made(client: httpx.AsyncClient, slug: str = "orne") -> dict[str, str]:
    answer = await client.post(f"/c/{slug}/badge", data=GOOD, files={"photo": ("me.jpg", picture(800, 800))})
    return hidden_fields(answer.text)


async def rows(world: Any) -> list[WallBadge]:
    async with world.database.read() as session:
        return list(await session.scalars(select(WallBadge)))


async def test_the_yes_is_asked_for_and_never_given_beforehand(browser: httpx.AsyncClient) -> None:
    page = await browser.post("/c/orne/badge", data=GOOD, files={"photo": ("me.jpg", picture())})
    box = re.search(r'<input type="checkbox" name="consent"[^>]*>', page.text)
    assert box and "checked" not in box[0]
    assert "political opinion" in page.text and 'value="Zoé"' in page.text


async def test_a_badge_stands_on_the_wall_and_its_secret_address_takes_it_down(
    world: Any, browser: httpx.AsyncClient
) -> None:
    async with world.database.write() as session:
        section = await add_territory(session, world.orne.id, "Perche <b>")
    answer = await browser.post("/c/orne/wall", data=YES | await made(browser) | {"section": str(section.id)})
    assert answer.status_code == 303
    secret = answer.headers["location"].partition("?")[0]
    wall = await browser.get("/c/orne/wall")
    assert "Zoé" in wall.text and "Perche &lt;b&gt;" in wall.text
    assert wall.headers["x-robots-tag"] == "noindex" and secret not in wall.text
    address = re.findall(r'src="(/c/orne/wall/\d+\.jpg)"', wall.text)[0]
    small = await browser.get(address)
    assert Image.open(io.BytesIO(small.content)).size == (240, 240)
    again = await browser.get(address, headers={"if-none-match": small.headers["etag"]})
    assert again.status_code == 304
    assert secret in (await browser.get(secret)).text
    assert len(await rows(world)) == 1  # a visit alone changes nothing
    assert "erased" in (await browser.post(secret)).text
    assert await rows(world) == []
    assert "Zoé" not in (await browser.get("/c/orne/wall")).text
    assert (await browser.get(address, headers={"if-none-match": small.headers["etag"]})).status_code == 404
    assert (await browser.get(secret)).status_code == 404


async def test_a_script_gets_the_secret_address(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/c/orne/wall", data=YES | await made(browser), headers=JSON)
    assert answer.status_code == 201
    assert (await browser.get(answer.json()["address"])).status_code == 200


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"consent": ""}, "consent"),
        ({"first_name": ""}, "first_name"),
        ({"first_name": "n" * 41}, "first_name"),
        ({"receipt": ""}, "consent"),
        ({"receipt": "forged.receipt"}, "consent"),
        ({"picture": "AAAA"}, "consent"),  # not the picture that was made here
        ({"picture": "no letters of base64!"}, "consent"),
    ],
)
async def test_without_a_yes_a_name_or_a_badge_made_here_nothing_goes_up(
    world: Any, browser: httpx.AsyncClient, fields: dict[str, str], field: str
) -> None:
    good = YES | await made(browser)
    refused = await browser.post("/c/orne/wall", data=good | fields, headers=JSON)
    assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert refused.json()["sentence"] in unescape((await browser.post("/c/orne/wall", data=good | fields)).text)
    assert await rows(world) == []


async def test_a_picture_that_was_made_for_something_else_does_not_go_up(
    world: Any, browser: httpx.AsyncClient
) -> None:
    files = {"photo": ("me.jpg", picture())}
    square = await browser.post("/c/orne/badge/picture", data=GOOD, files=files)
    data = YES | {"receipt": square.headers["badge-receipt"]}
    refused = await browser.post("/c/orne/wall", data=data, files={"picture": ("b.jpg", square.content)}, headers=JSON)
    assert refused.status_code == 422
    fields = GOOD | {"format": "profile", "kind": "JPEG"}
    small = await browser.post("/c/orne/badge/picture", data=fields, files=files)
    data = YES | {"receipt": small.headers["badge-receipt"]}
    put_up = await browser.post("/c/orne/wall", data=data, files={"picture": ("b.jpg", small.content)}, headers=JSON)
    assert put_up.status_code == 201


async def test_a_badge_of_another_campaign_does_not_go_up(world: Any, browser: httpx.AsyncClient) -> None:
    refused = await browser.post("/c/orne/wall", data=YES | await made(browser, "caux"), headers=JSON)
    assert refused.status_code == 422


async def test_a_badge_goes_up_once_and_an_old_page_not_at_all(world: Any, browser: httpx.AsyncClient) -> None:
    good = YES | await made(browser)
    assert (await browser.post("/c/orne/wall", data=good, headers=JSON)).status_code == 201
    assert (await browser.post("/c/orne/wall", data=good, headers=JSON)).status_code == 429
    old = YES | await made(browser)
    world.clock.move(days=2)
    assert (await browser.post("/c/orne/wall", data=old, headers=JSON)).status_code == 422
    assert len(await rows(world)) == 1


async def test_a_badge_that_is_up_by_one_process_does_not_go_up_again_by_another(
    world: Any, browser: httpx.AsyncClient, visit: Any
) -> None:
    good = YES | await made(browser)
    async with visit() as other:  # the receipt is as good there: only the store knows what is up
        assert (await other.post("/c/orne/wall", data=good, headers=JSON)).status_code == 201
    assert (await browser.post("/c/orne/wall", data=good, headers=JSON)).status_code == 429


async def test_one_connection_cannot_fill_the_wall(world: Any, browser: httpx.AsyncClient) -> None:
    badges = [YES | await made(browser) for _ in range(3)]
    assert (await browser.post("/c/orne/wall", data=badges[2], headers=JSON)).status_code == 201
    async with world.database.write() as session:
        (counted,) = await session.scalars(select(TurnsTaken).where(col(TurnsTaken.key).startswith("wall:client:")))
        assert counted.taken == 1 and "127.0.0.1" not in counted.key
        counted.taken += 38
    assert (await browser.post("/c/orne/wall", data=badges[0], headers=JSON)).status_code == 201
    assert (await browser.post("/c/orne/wall", data=badges[1], headers=JSON)).status_code == 429
    world.clock.move(hours=1)
    assert (await browser.post("/c/orne/wall", data=badges[1], headers=JSON)).status_code == 201


async def test_in_silence_nothing_new_goes_up_and_what_is_up_stays_up(world: Any, browser: httpx.AsyncClient) -> None:
    first, second = [YES | await made(browser) for _ in range(2)]
    secret = (await browser.post("/c/orne/wall", data=first, headers=JSON)).json()["address"]
    await silence(world)
    refused = await browser.post("/c/orne/wall", data=second, headers=JSON)
    assert refused.status_code == 403 and "silence" in refused.json()["sentence"]
    assert "Zoé" in (await browser.get("/c/orne/wall")).text
    await browser.post(secret)  # a yes may be taken back at any time
    assert await rows(world) == []


async def test_the_wall_shows_the_newest_first_page_by_page(world: Any, browser: httpx.AsyncClient) -> None:
    async with world.database.write() as session:
        for number in range(50):
            world.clock.move(seconds=1)
            given = {"token": f"t{number}", "wording": "w", "language": "fr", "picture": picture(24, 24)}
            session.add(WallBadge(campaign_id=world.orne.id, first_name=f"N{number}.", shown_at=world.clock(), **given))
    first, second = (await browser.get("/c/orne/wall")).text, (await browser.get("/c/orne/wall?page=2")).text
    assert "50 people" in first and "page=2" in first
    assert re.findall(r'wall-name">(N\d+)', first)[:2] == ["N49", "N48"]
    assert re.findall(r'wall-name">(N\d+)', second) == ["N1", "N0"]
    for page in ("3", "0", "-1", "x", "9" * 30, "1.5"):
        assert (await browser.get(f"/c/orne/wall?page={page}")).status_code == 404


async def test_the_comms_team_takes_down_what_does_not_belong_there(
    world: Any, browser: httpx.AsyncClient, enter: Any
) -> None:
    for _ in range(2):
        await browser.post("/c/orne/wall", data=YES | await made(browser))
    first, second = await rows(world)
    take_down = f"/console/c/orne/wall/{first.id}/take-down"
    assert (await browser.post(take_down)).headers["location"] == "/console/login"
    viewer = await enter("viewer@example.org")
    assert "take-down" not in (await browser.get("/console/c/orne/wall")).text
    assert (await browser.post(take_down, data={"csrf": viewer})).status_code == 403
    token = await enter()
    assert take_down in (await browser.get("/console/c/orne/wall")).text
    assert (await browser.post(take_down, data={"csrf": "forged"})).status_code == 403
    for _ in range(2):  # gone already is gone
        assert (await browser.post(take_down, data={"csrf": token})).status_code == 303
    assert [badge.id for badge in await rows(world)] == [second.id]


async def test_a_rivals_organizer_takes_nothing_down(world: Any, browser: httpx.AsyncClient, enter: Any) -> None:
    await browser.post("/c/orne/wall", data=YES | await made(browser))
    (badge,) = await rows(world)
    token = await enter("rival@example.org")
    assert (await browser.post(f"/console/c/orne/wall/{badge.id}/take-down", data={"csrf": token})).status_code == 404
    await browser.post(f"/console/c/caux/wall/{badge.id}/take-down", data={"csrf": token})
    assert len(await rows(world)) == 1


async def test_rival_walls_stay_apart(world: Any, browser: httpx.AsyncClient) -> None:
    await browser.post("/c/orne/wall", data=YES | await made(browser))
    (badge,) = await rows(world)
    assert "Zoé" not in (await browser.get("/c/caux/wall")).text
    assert (await browser.get(f"/c/caux/wall/{badge.id}.jpg")).status_code == 404
    assert (await browser.get("/wall")).status_code == 404  # two campaigns: which of them?
