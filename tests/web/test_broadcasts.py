"""The console's page of broadcasts: written, aimed, let go by who may, watched, paused, ended."""

from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect
from sqlmodel import col, select

from campaigns import broadcasts, installation, interests, leaders, supporters
from campaigns.models import Broadcast, BroadcastState, Campaign, Handout, HandoutState, Role
from campaigns.segments import Segment
from tests.web.conftest import PASSWORD

ADDRESS = "/console/c/orne/broadcasts"
S = BroadcastState


@pytest.fixture
async def team(world: Any) -> None:
    async with world.database.write() as session:
        for role in (Role.approver, Role.admin):
            await installation.add_organizer(
                session, world.orne.id, f"{role}@example.org", role.value.title(), PASSWORD, role, world.clock.now
            )


async def kept(world: Any) -> list[Broadcast]:
    async with world.database.read() as session:
        return list(await session.scalars(select(Broadcast).order_by(col(Broadcast.id))))


async def write(browser: httpx.AsyncClient, token: str, text: str = "Samedi <b>", **more: str) -> httpx.Response:
    return await browser.post(ADDRESS, data={"csrf": token, "text": text, **more}, follow_redirects=True)


async def press(browser: httpx.AsyncClient, token: str, move: str, number: int = 1) -> httpx.Response:
    return await browser.post(f"{ADDRESS}/{number}/{move}", data={"csrf": token}, follow_redirects=True)


async def test_a_message_is_written_looked_at_sent_and_watched(
    world: Any, browser: httpx.AsyncClient, enter: Any, team: None
) -> None:
    token = await enter("approver@example.org")
    page = (await write(browser, token)).text
    assert "Samedi &lt;b&gt;" in page and "To 1 person" in page and "Takes about 1 second" in page
    assert "everybody who agreed to be written to" in page and "data-going" not in page
    page = (await press(browser, token, "send")).text
    assert f'data-going="{ADDRESS}/1/progress"' in page and "Arrived: 0 of 1" in page
    async with world.database.write() as session:
        session.add(Handout(broadcast_id=1, supporter_id=world.supporter.id, state=HandoutState.sent))
    shown = (await browser.get(f"{ADDRESS}/1/progress")).text
    assert "Arrived: 1 of 1" in shown and "data-open" in shown and "<html" not in shown
    assert "paused" in (await press(browser, token, "pause")).text
    assert "goes out" in (await press(browser, token, "resume")).text
    assert "Cancelled: whoever does not have it" in (await press(browser, token, "cancel")).text
    assert "data-open" not in (await browser.get(f"{ADDRESS}/1/progress")).text
    assert [each.state for each in await kept(world)] == [S.cancelled]
    again = await press(browser, token, "resume")
    assert again.status_code == 409 and "was cancelled" in again.text


async def test_it_is_aimed_by_the_form_and_written_anew_while_it_is_a_draft(
    world: Any, browser: httpx.AsyncClient, enter: Any, team: None
) -> None:
    async with world.database.write() as session:
        valley = await installation.add_territory(session, world.orne.id, "Vallée")
        rail = await interests.add_interest(session, world.orne.id, "Le rail")
    token = await enter()
    page = (await write(browser, token, territory=str(valley.id), language="fr", interest=str(rail.id))).text
    assert "For: Vallée and below · Français · interested in Le rail" in page
    assert "To 0 people" in page and ">Send it<" not in page and "Ask for a second yes" not in page
    form = (await browser.get(ADDRESS, params={"edit": "1"})).text
    assert '<option value="fr" selected>' in form and "Samedi &lt;b&gt;</textarea>" in form
    page = (await write(browser, token, "Dimanche", edit="1")).text
    assert "Dimanche" in page and "Samedi" not in page and "everybody who agreed" in page
    assert [(each.text, each.territory_id, each.interest_id) for each in await kept(world)] == [("Dimanche", None, None)]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        (" ", {}, "The message is empty"),
        ("x" * 4097, {}, "4097 characters"),
        ("Samedi", {"territory": "99"}, "not of this campaign"),
        ("Samedi", {"language": "xx"}, "is not spoken here"),
    ],
)
async def test_what_cannot_be_a_message_keeps_what_was_typed(
    world: Any, browser: httpx.AsyncClient, enter: Any, text: str, more: dict[str, str], said: str
) -> None:
    refused = await write(browser, await enter(), text, **more)
    assert refused.status_code == 422 and said in refused.text and text.strip() in refused.text
    assert await kept(world) == []


async def test_an_editor_writes_asks_and_stops_but_does_not_let_go(
    world: Any, browser: httpx.AsyncClient, visit: Any, enter: Any, team: None
) -> None:
    token = await enter()
    page = (await write(browser, token)).text
    assert "Ask for a second yes" in page and ">Send it<" not in page
    refused = await press(browser, token, "send")
    assert refused.status_code == 409 and "Your role does not let you" in refused.text
    assert "waits for a yes" in (await press(browser, token, "submit")).text
    async with visit() as other:
        theirs = await enter("admin@example.org", other)
        assert "goes out" in (await press(other, theirs, "send")).text
    assert "paused" in (await press(browser, token, "pause")).text
    assert (await press(browser, token, "resume")).status_code == 409


async def test_where_posts_need_a_yes_an_author_does_not_give_their_own(
    world: Any, browser: httpx.AsyncClient, visit: Any, enter: Any, team: None
) -> None:
    async with world.database.write() as session:
        (await session.get_one(Campaign, world.orne.id)).approvals = 1
    token = await enter("admin@example.org")
    assert ">Send it<" not in (await write(browser, token)).text
    assert (await press(browser, token, "approve")).status_code == 409
    await press(browser, token, "submit")
    async with visit() as other:
        theirs = await enter("approver@example.org", other)
        assert "approved" in (await press(other, theirs, "approve")).text
    await press(browser, token, "send")
    assert [each.state for each in await kept(world)] == [S.running]


async def test_a_referents_message_is_shown_once_they_ask_and_never_their_draft(
    world: Any, browser: httpx.AsyncClient, enter: Any, team: None
) -> None:
    async with world.database.write() as session:
        valley = await installation.add_territory(session, world.orne.id, "Vallée")
        place = await supporters.participation(session, world.supporter.id, world.orne.id)
        place.territory_id = valley.id
        made = await leaders.appoint(session, valley, world.clock.now, most_a_day=0)
        seat = await leaders.accept(session, made.link_code, world.supporter, world.clock.now)
        draft = await leaders.write(session, seat, "Secret encore", world.clock.now)
        asked = await leaders.write(session, seat, "Demandé", world.clock.now)
        await leaders.send(session, seat, asked, world.clock.now)
    token = await enter("approver@example.org")
    page = (await browser.get(ADDRESS)).text
    assert "A referent of Vallée" in page and "Demandé" in page and "Secret" not in page
    for move in ("send", "cancel"):
        assert (await press(browser, token, move, draft.id)).status_code == 404
    assert (await browser.get(f"{ADDRESS}/{draft.id}/progress")).status_code == 404
    await press(browser, token, "send", asked.id)
    assert [each.state for each in await kept(world)] == [S.draft, S.running]


async def test_a_viewer_looks_and_another_campaign_sees_nothing(
    world: Any, browser: httpx.AsyncClient, visit: Any, enter: Any, team: None
) -> None:
    async with world.database.write() as session:
        await broadcasts.add_broadcast(session, Segment(world.orne.id), "Samedi", world.clock.now)
        await broadcasts.add_broadcast(session, Segment(world.caux.id), "Secret de Caux", world.clock.now)
    token = await enter("viewer@example.org")
    page = (await browser.get(ADDRESS)).text
    assert "Samedi" in page and "Secret" not in page and "<textarea" not in page and "/1/" not in page
    assert (await write(browser, token)).status_code == 403
    assert (await press(browser, token, "cancel")).status_code == 403
    async with visit() as rival:
        theirs = await enter("rival@example.org", rival)
        assert (await rival.get(ADDRESS)).status_code == 404
        answer = await rival.post("/console/c/caux/broadcasts/1/cancel", data={"csrf": theirs})
        assert answer.status_code == 404
        assert (await rival.get("/console/c/caux/broadcasts/1/progress")).status_code == 404
    async with visit() as stranger:
        assert (await stranger.get(ADDRESS)).status_code == 303
    assert [each.state for each in await kept(world)] == [S.draft, S.draft]


async def test_nothing_is_done_without_the_pages_own_token(
    world: Any, browser: httpx.AsyncClient, enter: Any, team: None
) -> None:
    token = await enter("admin@example.org")
    await write(browser, token)
    for move in ("send", "cancel"):
        assert (await press(browser, "forged", move)).status_code == 403
    assert (await press(browser, token, "explode")).status_code == 404
    assert (await press(browser, token, "send", 99)).status_code == 404
    assert (await browser.get(ADDRESS, params={"edit": "9" * 30})).status_code == 200
    assert [each.state for each in await kept(world)] == [S.draft]


async def test_the_page_follows_what_goes_out_without_being_loaded_again(
    world: Any, served: httpx.AsyncClient, chromium: Browser, team: None
) -> None:
    page = await (await chromium.new_context(locale="en-GB")).new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    await page.clock.install()
    await page.goto(f"{served.base_url}/console/login")
    await page.get_by_label("E-mail").fill("admin@example.org")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="Broadcasts").click()
    await page.get_by_label("A new message").fill("Samedi")
    await page.get_by_role("button", name="Keep as a draft").click()
    await page.get_by_role("button", name="Send it").click()
    await expect(page.get_by_text("Arrived: 0 of 1")).to_be_visible()
    async with world.database.write() as session:
        session.add(Handout(broadcast_id=1, supporter_id=world.supporter.id, state=HandoutState.sent))
    await page.clock.run_for(3000)
    await expect(page.get_by_text("Arrived: 1 of 1")).to_be_visible()
    async with world.database.write() as session:
        (await session.get_one(Broadcast, 1)).state = S.done
    await page.clock.run_for(3000)
    await expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    assert errors == []
