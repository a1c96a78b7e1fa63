"""Every page and action of the console, as each role, as another campaign's admin and as nobody.

The routes are walked, so that a new one fails here until its least role stands in LEAST.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import select

from campaigns import (
    event_planning,
    file_requests,
    installation,
    interests,
    leaders,
    missions,
    saved_segments,
    sketches,
    suggestions,
    supporters,
    uploads,
    wall,
)
from campaigns.event_planning import NewBus, NewEvent
from campaigns.media import NewPicture
from campaigns.missions import NewMission
from campaigns.models import (
    AccessToken,
    Broadcast,
    Campaign,
    FileKind,
    Organizer,
    OrganizerRole,
    Post,
    Publication,
    Purpose,
    Role,
    WebhookTarget,
)
from campaigns.segments import Segment
from tests.stores import tables
from tests.web.conftest import PASSWORD, picture, token_in
from web.console import board
from web.console.menu import MENU

C = "/console/c/{slug}"
VIEWER, EDITOR, APPROVER, ADMIN = Role
# What a route asks for at least. Beyond it, a use case may ask for more: who approves is told in test_console.py.
LEAST = {
    f"GET {C}": VIEWER,
    f"GET {C}/posts": VIEWER,
    f"GET {C}/posts/new": EDITOR,
    f"POST {C}/posts/new": EDITOR,
    f"GET {C}/posts/file": EDITOR,
    f"POST {C}/posts/file": EDITOR,
    f"GET {C}/posts/file.zip": VIEWER,
    f"POST {C}/posts/check": EDITOR,
    f"POST {C}/posts/pictures": EDITOR,
    f"GET {C}/posts/pictures/{{file}}": EDITOR,
    f"POST {C}/posts/sketch": EDITOR,
    f"POST {C}/posts/sketches/{{sketch_id:int}}/discard": EDITOR,
    f"GET {C}/posts/{{post_id:int}}/edit": EDITOR,
    f"POST {C}/posts/{{post_id:int}}/edit": EDITOR,
    f"POST {C}/posts/{{post_id:int}}/cancel": EDITOR,
    f"POST {C}/posts/{{post_id:int}}/{{move}}": EDITOR,
    f"POST {C}/publications/try-again": EDITOR,
    f"POST {C}/publications/{{publication_id:int}}/settle": EDITOR,
    f"GET {C}/queue": VIEWER,
    f"POST {C}/queue/settle": EDITOR,
    f"GET {C}/calendar": VIEWER,
    f"GET {C}/calendar.ics": VIEWER,
    f"POST {C}/calendar/{{post_id:int}}/move": EDITOR,
    f"GET {C}/approvals": VIEWER,
    f"GET {C}/channels": VIEWER,
    f"POST {C}/channels/{{channel_id:int}}": ADMIN,
    f"GET {C}/channels/connect/{{network}}": ADMIN,
    f"POST {C}/channels/connect/{{network}}": ADMIN,
    f"POST {C}/channels/{{channel_id:int}}/mend": ADMIN,
    f"POST {C}/channels/{{channel_id:int}}/test": ADMIN,
    f"GET {C}/setup/campaign": ADMIN,
    f"POST {C}/setup/campaign": ADMIN,
    f"POST {C}/setup/polling-days": ADMIN,
    f"POST {C}/setup/polling-days/remove": ADMIN,
    f"GET {C}/setup/organizers": ADMIN,
    f"POST {C}/setup/organizers/invite": ADMIN,
    f"POST {C}/setup/organizers/uninvite": ADMIN,
    f"POST {C}/setup/organizers/{{organizer_id:int}}/{{act}}": ADMIN,
    f"GET {C}/setup/frames": ADMIN,
    f"POST {C}/setup/frames": ADMIN,
    f"GET {C}/setup/frames/start.zip": ADMIN,
    f"GET {C}/setup/frames/{{frame_id:int}}.webp": ADMIN,
    f"POST {C}/setup/frames/{{frame_id:int}}/{{move}}": ADMIN,
    f"GET {C}/setup/audit": ADMIN,
    f"GET {C}/figures": VIEWER,
    f"GET {C}/results": VIEWER,
    f"GET {C}/results/supporters": VIEWER,
    f"GET {C}/results/territories": VIEWER,
    f"GET {C}/results/territories/{{territory_id:int}}": VIEWER,
    f"GET {C}/results/posts/{{post_id:int}}": VIEWER,
    f"GET {C}/results/table.csv": VIEWER,
    f"GET {C}/results/all.xlsx": VIEWER,
    f"GET {C}/results/report.pdf": VIEWER,
    f"GET {C}/files": VIEWER,
    f"GET {C}/files/{{file_id:int}}/progress": VIEWER,
    f"GET {C}/files/{{file_id:int}}/download": VIEWER,
    f"POST {C}/files/{{file_id:int}}/try-again": VIEWER,
    f"POST {C}/files/{{file_id:int}}/remove": VIEWER,
    f"GET {C}/live": VIEWER,
    f"GET {C}/live/stream": VIEWER,
    f"GET {C}/missions": VIEWER,
    f"POST {C}/missions": EDITOR,
    f"POST {C}/missions/{{mission_id:int}}": EDITOR,
    f"POST {C}/missions/{{mission_id:int}}/call-off": EDITOR,
    f"GET {C}/events": VIEWER,
    f"POST {C}/events": EDITOR,
    f"POST {C}/events/{{code}}": EDITOR,
    f"POST {C}/events/{{code}}/call-off": EDITOR,
    f"POST {C}/events/{{code}}/buses": EDITOR,
    f"POST {C}/events/{{code}}/buses/{{bus_id:int}}": EDITOR,
    f"GET {C}/events/{{code}}/people.{{kind}}": EDITOR,
    f"GET {C}/ideas": EDITOR,
    f"POST {C}/ideas/{{suggestion_id:int}}/answer": EDITOR,
    f"GET {C}/broadcasts": VIEWER,
    f"POST {C}/broadcasts": EDITOR,
    f"POST {C}/broadcasts/{{broadcast_id:int}}/{{move}}": EDITOR,
    f"GET {C}/broadcasts/{{broadcast_id:int}}/progress": VIEWER,
    f"GET {C}/team": EDITOR,
    f"POST {C}/team/appoint": APPROVER,
    f"POST {C}/team/{{leader_id:int}}/dismiss": APPROVER,
    f"POST {C}/team/themes": EDITOR,
    f"POST {C}/team/themes/{{interest_id:int}}/remove": EDITOR,
    f"GET {C}/setup/access": ADMIN,
    f"POST {C}/setup/access/tokens": ADMIN,
    f"POST {C}/setup/access/tokens/{{token_id:int}}/revoke": ADMIN,
    f"POST {C}/setup/access/webhooks": ADMIN,
    f"POST {C}/setup/access/webhooks/{{target_id:int}}/{{move}}": ADMIN,
    f"GET {C}/people": EDITOR,
    f"GET {C}/people/{{person_id:int}}": APPROVER,
    f"POST {C}/people/{{person_id:int}}/export": ADMIN,
    f"POST {C}/people/{{person_id:int}}/erase": ADMIN,
    f"GET {C}/segments": EDITOR,
    f"GET {C}/segments/count": EDITOR,
    f"POST {C}/segments": EDITOR,
    f"POST {C}/segments/{{segment_id:int}}/remove": EDITOR,
    f"GET {C}/territories": VIEWER,
    f"POST {C}/territories": ADMIN,
    f"GET {C}/territories/communes": ADMIN,
    f"POST {C}/territories/communes": ADMIN,
    f"GET {C}/territories/{{territory_id:int}}": ADMIN,
    f"POST {C}/territories/{{territory_id:int}}": ADMIN,
    f"GET {C}/kit": VIEWER,
    f"GET {C}/kit/campaign.zip": EDITOR,
    f"GET {C}/kit/{{territory_id:int}}.zip": EDITOR,
    f"GET {C}/badges": EDITOR,
    f"POST {C}/badges": EDITOR,
    f"GET {C}/start": ADMIN,
    f"POST {C}/start/bot": ADMIN,
    f"POST {C}/start/channel": ADMIN,
    f"POST {C}/start/link": ADMIN,
    f"POST {C}/start/test": ADMIN,
    f"POST {C}/start/post": ADMIN,
    f"GET {C}/wall": VIEWER,
    f"POST {C}/wall/{{number:int}}/take-down": EDITOR,
}
FOR_ALL = {"GET /console/login", "POST /console/login", "POST /console/logout", "GET /console"}
FOR_ALL |= {"GET /console/login/code", "POST /console/login/code"}  # for who gave the right password
FOR_ALL |= {"GET /console/start", "POST /console/start"}  # for who has the key that the program printed
FOR_ALL |= {"GET /console/invite/{token}", "POST /console/invite/{token}"}  # for who has the link
OWN = {  # of whoever is signed in, whatever their role
    "GET /console/start/campaign",  # while there is no campaign
    "POST /console/start/campaign",
    "GET /console/account",
    "POST /console/account/password",
    "POST /console/account/log-out-everywhere",
    "POST /console/account/language",
    "POST /console/account/bot",
    "GET /console/account/codes",
    "POST /console/account/codes",
    "POST /console/account/codes/renew",
    "POST /console/account/codes/off",
}
OF_A_SESSION = {"sign_in", "login_attempt"}  # tables that every visit may write to
ROLES = list(Role)


def walk(routes: Any) -> Iterator[tuple[str, str]]:
    """Method and path of each of the console's routes."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from walk(inner.routes)
        elif getattr(route, "methods", None) and route.path.startswith("/console"):
            yield from ((method, route.path) for method in sorted(route.methods - {"HEAD"}))


def routes_of(app: FastAPI) -> list[tuple[str, str]]:
    return list(walk(app.routes))


async def fill(world: Any, campaign: Campaign, post: Post, telegram_id: int) -> dict[str, object]:
    """One of each thing in a campaign: what its addresses are made of."""
    now = world.clock.now
    async with world.database.write() as session:
        joining = supporters.Joining(campaign.id, telegram_id, "Ada", "fr", frozenset({Purpose.contact}), now)
        person, place = await supporters.join(session, joining)
        channel = await installation.add_channel(session, campaign.id, "telegram", "Autre canal", {"chat_id": "9"})
        publication = Publication(post_id=post.id, channel_id=channel.id, campaign_id=campaign.id, due_at=now)
        section = await installation.add_territory(session, campaign.id, "Section")
        days = now + timedelta(days=2)
        mission = await missions.add_mission(
            session,
            campaign.id,
            NewMission("Porte à porte", place="Gare", starts_at=days, timezone="Europe/Paris"),
            now,
        )
        planned = NewEvent("Réunion", "Halle", days, days + timedelta(hours=3), "Europe/Paris")
        event = await event_planning.add_event(session, campaign.id, planned, now)
        bus = await event_planning.add_bus(session, event, NewBus("Flers", "Gare", days - timedelta(hours=2), 50), now)
        await suggestions.suggest(session, person.id, campaign.id, "Des vélos", now)
        broadcast = Broadcast(campaign_id=campaign.id, text="Samedi", created_at=now)
        session.add_all([publication, broadcast])
        leader = await leaders.appoint(session, section, now)
        segment = await saved_segments.save(session, "Tout le monde", Segment(campaign.id))
        theme = await interests.add_interest(session, campaign.id, "Transports")
        small = wall.small(picture(600, 600))
        badge = await wall.put_up(
            session,
            campaign,
            first_name="Ada",
            picture=small,
            territory_id=None,
            supporter=None,
            language="fr",
            now=now,
        )
        token = AccessToken(
            campaign_id=campaign.id,
            organizer_id=world.editor.id,
            name="Site",
            secret_hash=f"{campaign.id}",
            ending="abcd",
            created_at=now,
        )
        target = WebhookTarget(campaign_id=campaign.id, url="https://example.org/", secret="whsec_", created_at=now)
        session.add_all([token, target])
        choice = NewPicture("a.jpg", picture(telegram_id, 30))
        chosen = await uploads.add_upload(session, campaign.id, world.editor.id, choice, world.settings.media_dir, now)
        sketch = await sketches.keep(session, campaign.id, world.editor.id, now, fields={"title": ["Un"]})
        asked = await file_requests.ask(
            session, campaign.id, world.editor.id, FileKind.report_pdf, "From 1 to 30", {"period": "all"}, now
        )
        claimed = await file_requests.claim(session, "another", now, asked.id)
        name, size = file_requests.keep_result(world.settings.files, claimed, b"%PDF-")
        await file_requests.ready(session, claimed, name, "report.pdf", size, now)
        frame = (await installation.frames(session, campaign.id))[0]
        await session.flush()
        return {
            "file_id": asked.id,
            "frame_id": frame.id,
            "file": chosen.file,
            "sketch_id": sketch.id,
            "token_id": token.id,
            "target_id": target.id,
            "slug": campaign.slug,
            "post_id": post.id,
            "publication_id": publication.id,
            "channel_id": channel.id,
            "mission_id": mission.id,
            "code": event.code,
            "bus_id": bus.id,
            "suggestion_id": 1,
            "broadcast_id": broadcast.id,
            "leader_id": leader.id,
            "interest_id": theme.id,
            "person_id": place.id,
            "segment_id": segment.id,
            "territory_id": section.id,
            "number": badge.id,
            "kind": "csv",
            "move": "cancel",
            "network": "telegram",
            "organizer_id": 9_999_999,
            "act": "remove",
        }


@pytest.fixture
async def ids(world: Any) -> tuple[dict[str, object], dict[str, object]]:
    """What stands in the own campaign's addresses, and in the rival's."""
    async with world.database.write() as session:
        for role in (Role.approver, Role.admin):
            await installation.add_organizer(
                session, world.orne.id, f"{role}@example.org", role.value, PASSWORD, role, world.clock.now
            )
    return await fill(world, world.orne, world.post, 70), await fill(world, world.caux, world.rival_post, 71)


@pytest.fixture(autouse=True)
def short_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """A live board tells its state once, and ends."""
    monkeypatch.setattr(board, "AGAIN", timedelta())


def address(path: str, ids: dict[str, object]) -> str:
    return path.replace(":int}", "}").format(**ids)


def rows(world: Any) -> dict[str, list[str]]:
    found = tables(world.settings.store_url)
    return {name: lines for name, lines in found.items() if name not in OF_A_SESSION}


async def ask(client: httpx.AsyncClient, method: str, url: str, token: str) -> httpx.Response:
    return await client.get(url) if method == "GET" else await client.post(url, data={"csrf": token})


async def test_each_route_says_from_which_role_on_it_is_open(world: Any) -> None:
    found = {f"{method} {path}" for method, path in routes_of(world.app())}
    assert found == set(LEAST) | FOR_ALL | OWN


async def test_nobody_gets_to_the_login_and_changes_nothing(world: Any, ids: Any, browser: httpx.AsyncClient) -> None:
    before = rows(world)
    token = token_in((await browser.get("/console/login")).text)
    for method, path in routes_of(world.app()):
        if f"{method} {path}" not in FOR_ALL:
            answer = await ask(browser, method, address(path, ids[0]), token)
            assert answer.headers.get("location") == "/console/login", (method, path, answer.status_code)
    assert rows(world) == before


@pytest.mark.parametrize("role", ROLES)
async def test_a_lesser_role_is_refused_and_changes_nothing(
    world: Any, ids: Any, browser: httpx.AsyncClient, enter: Any, role: Role
) -> None:
    token = await enter(f"{role}@example.org")
    before = rows(world)
    for route, least in LEAST.items():
        if ROLES.index(role) < ROLES.index(least):
            method, path = route.split(" ")
            answer = await ask(browser, method, address(path, ids[0]), token)
            assert answer.status_code in (403, 404), (route, answer.status_code)
    assert rows(world) == before


@pytest.mark.usefixtures("maker")
@pytest.mark.parametrize("role", ROLES)
async def test_a_role_that_is_enough_is_let_in(
    world: Any, ids: Any, browser: httpx.AsyncClient, enter: Any, role: Role
) -> None:
    await enter(f"{role}@example.org")
    for route, least in LEAST.items():
        method, path = route.split(" ")
        if method == "GET" and ROLES.index(role) >= ROLES.index(least):
            answer = await browser.get(address(path, ids[0]), follow_redirects=True)
            assert answer.status_code == 200, (route, answer.status_code)
            assert answer.headers["cache-control"] == "no-store", route


async def test_an_empty_form_is_no_error_of_ours(world: Any, ids: Any, browser: httpx.AsyncClient, enter: Any) -> None:
    await enter("admin@example.org")
    for route in LEAST:
        method, path = route.split(" ")
        if method == "POST":
            token = await enter("admin@example.org")  # an action may have ended the session
            answer = await ask(browser, method, address(path, ids[0]), token)
            assert answer.status_code < 500, (route, answer.status_code)


@pytest.mark.parametrize("token", ["", "wrong"])
async def test_no_form_is_taken_without_its_token(
    world: Any, ids: Any, browser: httpx.AsyncClient, enter: Any, token: str
) -> None:
    await enter("admin@example.org")
    before = rows(world)
    for route in LEAST:
        method, path = route.split(" ")
        if method == "POST":
            assert (await ask(browser, method, address(path, ids[0]), token)).status_code == 403, route
    assert rows(world) == before


async def test_another_campaigns_admin_finds_nothing_and_changes_nothing(
    world: Any, ids: Any, browser: httpx.AsyncClient, enter: Any
) -> None:
    token = await enter("rival@example.org")
    before = rows(world)
    for route in LEAST:
        method, path = route.split(" ")
        answer = await ask(browser, method, address(path, ids[0]), token)
        assert answer.status_code == 404, (route, answer.status_code)
    assert rows(world) == before


async def test_another_campaigns_rows_are_out_of_reach_from_ones_own(
    world: Any, ids: Any, browser: httpx.AsyncClient, enter: Any
) -> None:
    """The own campaign in the address, the rival's numbers behind it."""
    own, rival = ids
    token = await enter("admin@example.org")
    mixed = rival | {"slug": own["slug"], "move": rival["move"], "kind": rival["kind"]}
    before = rows(world)
    for route in LEAST:
        method, path = route.split(" ")
        if path.replace("{network}", "").count("{") > 1:
            answer = await ask(browser, method, address(path, mixed), token)
            assert answer.status_code != 200 and answer.status_code < 500, (route, answer.status_code)
            assert "Secret de Caux" not in answer.text
    assert rows(world) == before


async def test_who_lost_their_role_finds_nothing_from_the_next_click_on(
    world: Any, ids: Any, browser: httpx.AsyncClient, enter: Any
) -> None:
    await enter("admin@example.org")
    async with world.database.write() as session:
        admin = (await session.scalars(select(Organizer).where(Organizer.email == "admin@example.org"))).one()
        await session.delete(await session.get_one(OrganizerRole, (admin.id, world.orne.id)))
    for route in LEAST:
        method, path = route.split(" ")
        if method == "GET":
            assert (await browser.get(address(path, ids[0]))).status_code in (303, 404), route


async def test_every_entry_of_the_menu_leads_to_a_page(world: Any) -> None:
    pages = {path for method, path in routes_of(world.app()) if method == "GET"}
    assert {f"{C}{entry.path}" for group in MENU for entry in group.entries} <= pages
