"""The door of the console: sessions in the store, a code beside the password, and roles of a territory."""

from dataclasses import dataclass
from typing import Any

import httpx
import pyotp
import pytest
from sqlmodel import select

from campaigns import installation, posts, second_factors, sign_ins
from campaigns.models import Audit, Channel, OrganizerRole, Post, PostState, Role, SignIn
from tests.web.conftest import PASSWORD, token_in

POSTS = "/console/c/orne/posts"


async def try_to_log_in(client: httpx.AsyncClient, password: str = PASSWORD) -> httpx.Response:
    token = token_in((await client.get("/console/login")).text)
    data = {"csrf": token, "email": "editor@example.org", "password": password}
    return await client.post("/console/login", data=data)


async def test_two_processes_share_sessions_and_each_can_end_them(
    world: Any, browser: httpx.AsyncClient, enter: Any, visit: Any
) -> None:
    token = await enter()
    async with visit(world.app()) as other:
        other.cookies = browser.cookies
        assert (await other.get(POSTS)).status_code == 200
        assert (await other.post("/console/logout", data={"csrf": token})).status_code == 303
    assert (await browser.get(POSTS)).headers["location"] == "/console/login"


async def test_a_cookie_that_was_copied_before_the_log_out_opens_nothing_after_it(
    browser: httpx.AsyncClient, enter: Any, visit: Any
) -> None:
    token = await enter()
    stolen = dict(browser.cookies)
    await browser.post("/console/logout", data={"csrf": token})
    async with visit() as thief:
        thief.cookies.update(stolen)
        assert (await thief.get(POSTS)).headers["location"] == "/console/login"


async def test_the_store_holds_no_token(world: Any, browser: httpx.AsyncClient, enter: Any) -> None:
    await enter()
    async with world.database.read() as session:
        row = (await session.scalars(select(SignIn))).one()
    assert browser.cookies["console"] not in row.token_hash
    assert row.device == "Firefox, Linux"


async def test_a_planted_token_does_not_become_the_session(world: Any, browser: httpx.AsyncClient) -> None:
    planted = "A" * 32
    browser.cookies.set("console", planted, path="/console")
    page = await browser.get("/console/login")
    data = {"csrf": token_in(page.text), "email": "editor@example.org", "password": PASSWORD}
    answer = await browser.post("/console/login", data=data)
    assert answer.status_code == 303 and planted not in answer.headers["set-cookie"]
    browser.cookies.clear()
    browser.cookies.set("console", planted, path="/console")
    assert (await browser.get(POSTS)).headers["location"] == "/console/login"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_form_that_another_site_sends_is_refused(browser: httpx.AsyncClient, enter: Any, site: str) -> None:
    data = {"csrf": await enter()}
    refused = await browser.post("/console/logout", data=data, headers={"sec-fetch-site": site})
    assert refused.status_code == 403
    assert (await browser.get(POSTS)).status_code == 200


async def test_public_pages_set_no_cookie(browser: httpx.AsyncClient, enter: Any) -> None:
    await enter()
    for path in ("/", "/c/orne", "/c/orne/badge"):
        assert "set-cookie" not in (await browser.get(path)).headers


async def test_a_page_of_the_console_asks_one_query_for_who_is_there(
    world: Any, browser: httpx.AsyncClient, enter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await enter()
    asked = []
    real = sign_ins.who_is

    async def counted(session: Any, token: str, now: Any) -> Any:
        sync = session.sync_session.get_bind().engine
        from sqlalchemy import event

        def note(*args: Any) -> None:
            asked.append(args[2])

        event.listen(sync, "before_cursor_execute", note)
        try:
            return await real(session, token, now)
        finally:
            event.remove(sync, "before_cursor_execute", note)

    monkeypatch.setattr(sign_ins, "who_is", counted)
    assert (await browser.get(POSTS)).status_code == 200
    assert len([line for line in asked if line.startswith("SELECT")]) == 1


async def test_whoever_works_stays_signed_in_through_the_day(
    world: Any, browser: httpx.AsyncClient, enter: Any
) -> None:
    await enter()
    for _ in range(4):
        world.clock.move(hours=11)
        assert (await browser.get(POSTS)).status_code == 200
    world.clock.move(hours=12)
    assert (await browser.get(POSTS)).headers["location"] == "/console/login"


async def test_a_lock_out_says_how_long_and_is_the_same_for_an_account_that_is_none(
    world: Any, browser: httpx.AsyncClient
) -> None:
    said = {}
    for email in ("editor@example.org", "nobody@example.org"):
        token = token_in((await browser.get("/console/login")).text)
        data = {"csrf": token, "email": email, "password": "wrong"}
        answers = [await browser.post("/console/login", data=data) for _ in range(6)]
        assert answers[-1].headers["retry-after"] == "60"
        said[email] = [(a.status_code, a.text.replace(email, "")) for a in answers]
    assert said["editor@example.org"] == said["nobody@example.org"]
    assert "Wait 1 minute, then try once more." in said["nobody@example.org"][-1][1]


@pytest.fixture
async def telephone(world: Any) -> pyotp.TOTP:
    """The editor's, set up a minute ago."""
    now = world.clock()
    async with world.database.write() as session:
        setup = await second_factors.begin(session, world.editor, now)
        totp = pyotp.TOTP(setup.secret)
        totp.codes = await second_factors.confirm(session, world.editor.id, totp.at(now), now)  # type: ignore[attr-defined]
    world.clock.move(minutes=1)
    return totp


async def give(client: httpx.AsyncClient, code: str) -> httpx.Response:
    token = token_in((await client.get("/console/login/code")).text)
    return await client.post("/console/login/code", data={"csrf": token, "code": code})


async def test_behind_the_password_the_telephones_code_is_asked_once(
    world: Any, browser: httpx.AsyncClient, visit: Any, telephone: pyotp.TOTP
) -> None:
    assert (await try_to_log_in(browser)).headers["location"] == "/console/login/code"
    half_way = browser.cookies["console"]
    assert (await browser.get(POSTS)).headers["location"] == "/console/login"  # the password alone opens nothing
    wrong = await give(browser, "000000")
    assert wrong.status_code == 422 and "does not fit" in wrong.text
    code = telephone.at(world.clock())
    assert (await give(browser, code)).headers["location"] == "/console"
    assert browser.cookies["console"] != half_way
    assert (await browser.get(POSTS)).status_code == 200
    async with visit() as other:
        await try_to_log_in(other)
        assert (await give(other, code)).status_code == 422  # seen over a shoulder


async def test_a_recovery_code_opens_once_and_is_told_in_the_audit(
    world: Any, browser: httpx.AsyncClient, visit: Any, telephone: Any
) -> None:
    await try_to_log_in(browser)
    assert (await give(browser, telephone.codes[0])).status_code == 303
    async with visit() as other:
        await try_to_log_in(other)
        assert (await give(other, telephone.codes[0])).status_code == 422
    async with world.database.read() as session:
        assert "recovery code used, 9 left" in (await session.scalars(select(Audit.action))).all()


async def test_guessing_codes_is_slowed_down_too(world: Any, browser: httpx.AsyncClient, telephone: pyotp.TOTP) -> None:
    await try_to_log_in(browser)
    assert [(await give(browser, f"{i:06}")).status_code for i in range(6)] == [422] * 5 + [429]
    assert (await give(browser, telephone.at(world.clock()))).status_code == 429
    world.clock.move(minutes=10)
    assert (await browser.get("/console/login/code")).headers["location"] == "/console/login"  # begin anew


async def test_a_campaign_may_ask_its_approvers_for_a_code(
    world: Any, browser: httpx.AsyncClient, enter: Any, visit: Any
) -> None:
    async with world.database.write() as session:
        (await session.get_one(type(world.orne), world.orne.id)).second_factor = True
        await installation.add_organizer(
            session, world.orne.id, "boss@example.org", "Alix", PASSWORD, Role.approver, world.clock()
        )
    await enter()
    assert (await browser.get(POSTS)).status_code == 200  # an editor goes on
    async with visit() as boss:
        token = token_in((await boss.get("/console/login")).text)
        await boss.post("/console/login", data={"csrf": token, "email": "boss@example.org", "password": PASSWORD})
        assert (await boss.get(POSTS)).headers["location"] == "/console/account/codes"


# Roles of a territory.


@dataclass
class Section:
    id: int
    channel: Channel


@pytest.fixture
async def section(world: Any) -> Any:
    """Argentan, whose editor Camille is; a post of it, one below it, and one beside it."""
    async with world.database.write() as session:
        made = await installation.add_territory(session, world.orne.id, "Argentan")
        below = await installation.add_territory(session, world.orne.id, "Écouché", made)
        beside = await installation.add_territory(session, world.orne.id, "Flers")
        (await session.get_one(OrganizerRole, (world.editor.id, world.orne.id))).territory_id = made.id
        channel = await installation.add_channel(
            session, world.orne.id, "telegram", "Canal d’Argentan", {"chat_id": "5"}, made
        )
    for place, title in ((made, "Ici"), (below, "En dessous"), (beside, "À côté")):
        await world.add_post(title, territory_id=place.id, channels=(channel,))
    return Section(made.id, channel)


async def post_id(world: Any, title: str) -> int:
    async with world.database.read() as session:
        return (await session.scalars(select(Post.id).where(Post.title == title))).one()


async def test_a_role_of_a_territory_sees_its_posts_and_those_below_and_no_others(
    world: Any, browser: httpx.AsyncClient, enter: Any, section: Any
) -> None:
    await enter()
    page = (await browser.get(POSTS)).text
    assert "Ici" in page and "En dessous" in page
    assert "À côté" not in page and "Signez la pétition" not in page  # the neighbour's, and the whole campaign's


async def test_it_changes_and_takes_back_no_other_post(
    world: Any, browser: httpx.AsyncClient, enter: Any, section: Any
) -> None:
    token = await enter()
    for title, found in (("À côté", False), ("Signez la pétition", False), ("En dessous", True)):
        ident = await post_id(world, title)
        assert ((await browser.get(f"{POSTS}/{ident}/edit")).status_code == 200) is found, title
        await browser.post(f"{POSTS}/{ident}/cancel", data={"csrf": token})
        async with world.database.read() as session:
            assert ((await session.get_one(Post, ident)).state is PostState.cancelled) is found, title


async def test_what_it_writes_is_its_territorys_on_its_own_channels(
    world: Any, browser: httpx.AsyncClient, enter: Any, section: Any
) -> None:
    token = await enter()
    form = (await browser.get(f"{POSTS}/new")).text
    assert "Canal d’Argentan" in form and "Compte" not in form
    data = {
        "csrf": token,
        "title": "Marché",
        "text": "Samedi au marché",
        "when": "at",
        "date": "2026-12-05",
        "time": "10:00",
        "timezone": "Europe/Paris",
        "channels": [str(section.channel.id), str(world.channels[1].id)],  # one of them is the whole campaign's
    }
    answer = await browser.post(f"{POSTS}/new", data=data)
    assert answer.status_code == 303, answer.text
    async with world.database.read() as session:
        post = (await session.scalars(select(Post).where(Post.title == "Marché"))).one()
        out = (await posts.publications_of(session, [post.id]))[post.id]
    assert post.territory_id == section.id
    assert [channel.name for _publication, channel in out] == ["Canal d’Argentan"]


async def test_it_changes_no_post_that_goes_out_on_the_whole_campaigns_channels(
    world: Any, browser: httpx.AsyncClient, enter: Any, section: Any
) -> None:
    await world.add_post("Partout", territory_id=section.id, channels=(section.channel, world.channels[1]))
    await enter()
    answer = await browser.get(f"{POSTS}/{await post_id(world, 'Partout')}/edit")
    assert answer.status_code == 403 and "beyond your territory" in answer.text


async def test_an_approver_of_a_territory_approves_its_posts_alone(
    world: Any, browser: httpx.AsyncClient, enter: Any, section: Any
) -> None:
    async with world.database.write() as session:
        (await session.get_one(type(world.orne), world.orne.id)).approvals = 1
        held = await session.get_one(OrganizerRole, (world.editor.id, world.orne.id))
        held.role = Role.approver
        for title in ("Ici", "À côté"):
            (await session.scalars(select(Post).where(Post.title == title))).one().state = PostState.submitted
    token = await enter()
    for title, state in (("Ici", PostState.scheduled), ("À côté", PostState.submitted)):
        ident = await post_id(world, title)
        await browser.post(f"{POSTS}/{ident}/approve", data={"csrf": token})
        async with world.database.read() as session:
            assert (await session.get_one(Post, ident)).state is state, title


async def test_every_other_page_is_the_whole_campaigns(
    world: Any, browser: httpx.AsyncClient, enter: Any, section: Any
) -> None:
    token = await enter()
    for page in ("channels", "broadcasts", "missions", "events", "ideas", "team", "wall", "figures"):
        answer = await browser.get(f"/console/c/orne/{page}")
        assert answer.status_code == 403 and "whole campaign" in answer.text, page
    sent = await browser.post("/console/c/orne/broadcasts", data={"csrf": token, "text": "À tous"})
    assert sent.status_code == 403
