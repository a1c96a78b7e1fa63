"""The console: who may enter, and what they may do there."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from sqlalchemy import delete, select

from campaigns import engagement, posts
from campaigns.models import (
    Audit,
    Campaign,
    Kind,
    LatePolicy,
    OrganizerRole,
    Post,
    PostState,
    Publication,
    PublicationState,
)
from campaigns.words import Inclusive
from web import sign_in

Enter = Callable[..., Any]
Csrf = Callable[[str], str]
Visit = Callable[..., httpx.AsyncClient]
PASSWORD = "correct horse battery"
POSTS = "/console/c/orne/posts"
QUEUE = "/console/c/orne/queue"


async def test_an_organizer_logs_in_over_a_real_socket(served: httpx.AsyncClient, csrf: Csrf) -> None:
    door = await served.get("/console", follow_redirects=True)
    assert door.url.path == "/console/login"
    cookie = door.headers["set-cookie"]
    assert "httponly" in cookie.lower()
    assert "samesite=lax" in cookie.lower()
    assert "path=/console" in cookie.lower()
    data = {"csrf": csrf(door.text), "email": "Editor@Example.org ", "password": PASSWORD}
    page = await served.post("/console/login", data=data, follow_redirects=True)
    assert page.url.path == "/console/c/orne"
    assert "Signez la pétition" in (await served.get(POSTS)).text
    assert page.headers["cache-control"] == "no-store"
    out = await served.post("/console/logout", data={"csrf": csrf(page.text)})
    assert out.status_code == 303
    assert (await served.get(POSTS)).headers["location"] == "/console/login"


async def test_the_cookie_is_for_https_alone_where_the_site_is(world: Any, visit: Visit) -> None:
    settings = world.settings.model_copy(update={"public_url": "https://site.test"})
    async with visit(world.app(settings=settings)) as browser:
        assert "secure" in (await browser.get("/console/login")).headers["set-cookie"].lower()


@pytest.mark.parametrize(
    ("email", "password"),
    [("editor@example.org", "wrong"), ("nobody@example.org", PASSWORD), ("", ""), ("editor@example.org", "é" * 5000)],
)
async def test_a_wrong_password_tells_nothing(
    browser: httpx.AsyncClient, csrf: Csrf, email: str, password: str
) -> None:
    token = csrf((await browser.get("/console/login")).text)
    answer = await browser.post("/console/login", data={"csrf": token, "email": email, "password": password})
    assert answer.status_code == 422
    assert "do not match" in answer.text
    assert (await browser.get(POSTS)).status_code == 303


async def test_five_failures_lock_an_address_out_for_a_minute(
    world: Any, browser: httpx.AsyncClient, csrf: Csrf
) -> None:
    token = csrf((await browser.get("/console/login")).text)

    async def attempt(password: str, email: str = "editor@example.org") -> int:
        data = {"csrf": token, "email": email, "password": password}
        return (await browser.post("/console/login", data=data)).status_code

    assert [await attempt("wrong") for _ in range(6)] == [422] * 5 + [429]
    assert await attempt(PASSWORD) == 429  # the right one does not help now
    assert await attempt(PASSWORD, "EDITOR@example.org") == 429
    assert await attempt("wrong", "viewer@example.org") == 422  # another one may try
    world.clock.move(seconds=59)
    assert await attempt(PASSWORD) == 429
    world.clock.move(seconds=1)
    assert await attempt(PASSWORD) == 303


@pytest.mark.parametrize("token", [None, "", "wrong", "é"])
@pytest.mark.parametrize(
    "path",
    [
        "/console/login",
        "/console/logout",
        f"{POSTS}/new",
        f"{POSTS}/1/cancel",
        "/console/c/orne/posts/check",
        "/console/c/orne/publications/1/settle",
    ],
)
async def test_a_form_without_its_token_is_refused(
    world: Any, browser: httpx.AsyncClient, enter: Enter, path: str, token: str | None
) -> None:
    await enter()
    data = {"title": "x", "to": "queued"} | ({} if token is None else {"csrf": token})
    answer = await browser.post(path, data=data)
    assert answer.status_code == 403
    assert "open for too long" in answer.text
    async with world.database.read() as session:
        assert (await posts.find_post(session, world.orne.id, world.post.id)).state is PostState.scheduled


async def test_a_session_gets_a_new_token_at_login(browser: httpx.AsyncClient, csrf: Csrf, enter: Enter) -> None:
    before = csrf((await browser.get("/console/login")).text)
    assert await enter() != before


async def test_a_forged_cookie_opens_nothing(browser: httpx.AsyncClient) -> None:
    browser.cookies.set("console", "eyJvcmdhbml6ZXIiOiAxfQ==.forged.signature")
    assert (await browser.get(POSTS)).headers["location"] == "/console/login"


async def test_the_demo_can_open_a_session(world: Any, visit: Visit) -> None:
    app: FastAPI = world.app()

    @app.get("/console/demo")
    async def demo(request: Request) -> Response:
        answer = Response("in")
        await sign_in(request, answer, world.editor.id)
        return answer

    async with visit(app) as browser:
        await browser.get("/console/demo")
        assert (await browser.get(POSTS)).status_code == 200


async def test_campaigns_do_not_see_each_other(world: Any, browser: httpx.AsyncClient, enter: Enter) -> None:
    token = await enter("rival@example.org")
    page = await browser.get("/console", follow_redirects=True)
    assert page.url.path == "/console/c/caux"
    page = await browser.get("/console/c/caux/posts")
    assert "Secret de Caux" in page.text
    assert "Signez" not in page.text
    assert "Zoé" not in (await browser.get("/console/c/caux/results/supporters")).text
    for path in (
        "posts",
        "posts/new",
        "figures",
        "results",
        "results/supporters",
        "results/territories",
        "live",
        "missions",
        "events",
        "ideas",
    ):
        assert (await browser.get(f"/console/c/orne/{path}")).status_code == 404
    await browser.post(f"/console/c/caux/posts/{world.post.id}/cancel", data={"csrf": token})
    publication = await _publication(world, "telegram", PublicationState.unknown)
    data = {"csrf": token, "to": "published"}
    refused = await browser.post(f"/console/c/caux/publications/{publication.id}/settle", data=data)
    assert refused.status_code == 409
    async with world.database.read() as session:
        assert (await posts.find_post(session, world.orne.id, world.post.id)).state is PostState.scheduled
        assert (await session.get_one(Publication, publication.id)).state is PublicationState.unknown


async def test_a_post_cannot_go_out_on_a_rivals_channel(world: Any, browser: httpx.AsyncClient, enter: Enter) -> None:
    token = await enter("rival@example.org")
    data = _good(token) | {"channels": str(world.channels[0].id)}
    await browser.post("/console/c/caux/posts/new", data=data)
    async with world.database.read() as session:
        rows = await session.scalars(select(Publication).where(Publication.post_id != world.post.id))
        assert rows.all() == []


async def test_who_has_several_campaigns_chooses(world: Any, browser: httpx.AsyncClient, enter: Enter) -> None:
    async with world.database.write() as session:
        session.add(OrganizerRole(organizer_id=world.editor.id, campaign_id=world.caux.id, role="viewer"))
    await enter()
    page = (await browser.get("/console")).text
    assert 'href="/console/c/orne"' in page
    assert 'href="/console/c/caux"' in page


async def test_a_role_that_is_taken_away_ends_at_once(world: Any, browser: httpx.AsyncClient, enter: Enter) -> None:
    await enter()
    async with world.database.write() as session:
        await session.execute(delete(OrganizerRole))
    assert (await browser.get(POSTS)).status_code == 404
    assert "no role" in (await browser.get("/console")).text


async def test_a_viewer_looks_and_does_not_write(world: Any, browser: httpx.AsyncClient, enter: Enter) -> None:
    publication = await _publication(world, "x", PublicationState.unknown)
    token = await enter("viewer@example.org")
    page = (await browser.get(POSTS)).text
    assert "Signez la pétition" in page
    assert "Send again" not in page
    assert "/cancel" not in page
    assert (await browser.get("/console/c/orne/results")).status_code == 200
    assert (await browser.get(f"{POSTS}/new")).status_code == 403
    settle = f"/console/c/orne/publications/{publication.id}/settle"
    for path, data in (
        (f"{POSTS}/new", _good(token)),
        (f"{POSTS}/{world.post.id}/cancel", {"csrf": token}),
        (settle, {"csrf": token, "to": "queued"}),
    ):
        assert (await browser.post(path, data=data)).status_code == 403
    async with world.database.read() as session:
        assert len(await posts.posts_of(session, world.orne.id)) == 1
        assert (await session.get_one(Publication, publication.id)).state is PublicationState.unknown


async def _publication(world: Any, network: str, state: PublicationState, reason: str = "why") -> Publication:
    async with world.database.write() as session:
        rows = (await posts.publications_of(session, [world.post.id]))[world.post.id]
        (publication,) = (row for row, channel in rows if channel.network == network)
        publication.state, publication.reason = state, reason
    return publication


@pytest.mark.parametrize(
    ("state", "to", "button"),
    [
        (PublicationState.unknown, PublicationState.published, "It is there"),
        (PublicationState.unknown, PublicationState.queued, "Send again"),
        (PublicationState.unknown, PublicationState.cancelled, "Drop it"),
        (PublicationState.failed, PublicationState.queued, "Try again"),
        (PublicationState.failed, PublicationState.cancelled, "Leave it"),
    ],
)
async def test_a_human_settles_what_the_program_cannot(
    world: Any,
    browser: httpx.AsyncClient,
    enter: Enter,
    state: PublicationState,
    to: PublicationState,
    button: str,
) -> None:
    publication = await _publication(world, "x", state, "the reason <i>why</i>")
    token = await enter()
    page = (await browser.get(QUEUE)).text
    assert button in page
    assert "The reason &lt;i&gt;why" in page
    path = f"/console/c/orne/publications/{publication.id}/settle"
    data = {"csrf": token, "to": to.value, "url": "https://x.com/i/status/7" if to == "published" else ""}
    assert (await browser.post(path, data=data)).status_code == 303
    async with world.database.read() as session:
        settled = await session.get_one(Publication, publication.id)
    assert settled.state is to
    if to is PublicationState.published:
        assert 'href="https://x.com/i/status/7"' in (await browser.get(f"{QUEUE}?show=out")).text
    assert (await browser.post(path, data=data)).status_code == 409  # tapped twice


@pytest.mark.parametrize("to", ["sending", "held", "nonsense", ""])
async def test_no_other_move_is_a_humans(world: Any, browser: httpx.AsyncClient, enter: Enter, to: str) -> None:
    publication = await _publication(world, "x", PublicationState.unknown)
    data = {"csrf": await enter(), "to": to}
    answer = await browser.post(f"/console/c/orne/publications/{publication.id}/settle", data=data)
    assert answer.status_code == 409


@pytest.mark.parametrize("url", ["javascript:alert(1)", "x.com/7", "https://a b.org"])
async def test_an_address_that_is_none_is_never_shown_as_a_link(
    world: Any, browser: httpx.AsyncClient, enter: Enter, url: str
) -> None:
    publication = await _publication(world, "x", PublicationState.unknown)
    data = {"csrf": await enter(), "to": "published", "url": url}
    answer = await browser.post(f"/console/c/orne/publications/{publication.id}/settle", data=data)
    assert answer.status_code == 422
    assert "not a web address" in answer.text
    assert f'value="{url}"' in answer.text
    assert f'href="{url}"' not in answer.text


async def test_a_post_is_taken_back(world: Any, browser: httpx.AsyncClient, enter: Enter) -> None:
    data = {"csrf": await enter()}
    assert (await browser.post(f"{POSTS}/{world.post.id}/cancel", data=data)).status_code == 303
    async with world.database.read() as session:
        assert (await posts.find_post(session, world.orne.id, world.post.id)).state is PostState.cancelled
        rows = (await posts.publications_of(session, [world.post.id]))[world.post.id]
    assert {row.state for row, _channel in rows} == {PublicationState.cancelled}
    page = (await browser.get(POSTS)).text
    assert f"/{world.post.id}/cancel" not in page


def _good(token: str) -> dict[str, Any]:
    return {
        "csrf": token,
        "title": "Réunion",
        "text": "Jeudi à la halle",
        "link": "https://example.org/halle",
        "date": "2026-12-01",
        "time": "08:30",
        "timezone": "Europe/Paris",
        "share_kit": "yes",
        "wording.1": "Tous à la halle",
        "wording.2": "",
        "text.x": "Jeudi, la halle",
        "alt": "",
    }


async def test_the_figures_stand_apart(world: Any, browser: httpx.AsyncClient, enter: Enter) -> None:
    acts = {Kind.opened: 3, Kind.said_shared: 2, Kind.visit: 11}
    async with world.database.write() as session:
        for kind, number in acts.items():
            act = engagement.Act(world.orne.id, kind, world.clock.now, world.supporter.id, world.post.id)
            await engagement.record(session, [act] * number)
    await enter()
    rows = {}
    for path in ("results", "results/supporters"):
        for line in unescape((await browser.get(f"/console/c/orne/{path}")).text).split("<tr>")[1:]:
            name = re.sub("<.*?>", "", line.split("</a>")[0].split("</th>")[0]).strip()
            rows[name] = re.findall(r'<td class="number[^"]*">(\d+)', line)
    assert rows["Signez la pétition"] == ["0", "3", "2", "11"]  # received, opened, said shared, visits
    assert rows["Zoé"] == ["0", "3", "2", "11", "0", "0", "0"]  # and recruits, badges, missions done


@pytest.mark.parametrize(("inclusive", "written"), [(Inclusive.point, "compté·e"), (Inclusive.hyphen, "compté-e")])
async def test_the_french_of_a_page_is_as_the_campaign_writes_it(
    world: Any, browser: httpx.AsyncClient, enter: Enter, inclusive: Inclusive, written: str
) -> None:
    async with world.database.write() as session:
        (await session.get_one(Campaign, world.orne.id)).inclusive = inclusive
    await enter()
    assert f"être {written}" in unescape((await browser.get("/console/c/orne/results?lang=fr")).text)


async def test_complaint_2_what_waits_for_a_human_stands_on_top_however_old_it_is(
    world: Any, browser: httpx.AsyncClient, enter: Enter
) -> None:
    """Held, unknown, failed, missed that asks, and a post that waits for a yes; not what its policy dropped."""
    telegram = (world.channels[0],)
    astray = {
        "Retenue": PublicationState.held,
        "Incertaine": PublicationState.unknown,
        "Refusée": PublicationState.failed,
        "Manquée": PublicationState.missed,
        "Abandonnée": PublicationState.missed,
    }
    long_ago = world.clock.now - timedelta(days=300)
    for title, state in astray.items():
        policy = LatePolicy.drop if title == "Abandonnée" else LatePolicy.ask
        post = await world.add_post(title, due=long_ago, channels=telegram, late_policy=policy)
        async with world.database.write() as session:
            ((publication, _channel),) = (await posts.publications_of(session, [post.id]))[post.id]
            publication.state = state
    submitted = await world.add_post("Soumise", due=long_ago, channels=telegram)
    async with world.database.write() as session:
        (await session.get_one(Post, submitted.id)).state = PostState.submitted
    for i in range(3):
        await world.add_post(f"Récente {i}", channels=telegram)
    await enter()
    page = (await browser.get(QUEUE)).text
    titles = set(re.findall(r'<h2 [^>]*id="entry-title-\d+">(?:<a [^>]*>)?(.*?)<', page))
    assert titles == {"Retenue", "Incertaine", "Refusée", "Manquée"}
    for button in ("Send it after", "It is there", "Try again", "Send it now", "Drop it"):
        assert button in page
    assert "4 publications wait for your decision" in (await browser.get(POSTS)).text
    waiting = (await browser.get("/console/c/orne/approvals")).text
    assert "Soumise" in waiting and "Récente" not in waiting


async def test_complaint_11_what_was_refused_is_tried_again_at_once_and_who_said_so_is_kept(
    world: Any, browser: httpx.AsyncClient, enter: Enter
) -> None:
    async with world.database.write() as session:
        rows = (await posts.publications_of(session, [world.post.id]))[world.post.id]
        for publication, _channel in rows:
            publication.state, publication.reason = PublicationState.failed, "the picture is too large"
    token = await enter()
    assert "Try all 2 refused again" in (await browser.get(QUEUE)).text
    path = "/console/c/orne/publications/try-again"
    assert (await browser.post(path, data={"csrf": "another"})).status_code == 403
    assert (await browser.post(path, data={"csrf": token})).status_code == 303
    async with world.database.read() as session:
        rows = (await posts.publications_of(session, [world.post.id]))[world.post.id]
        kept = (await session.scalars(select(Audit).where(Audit.action == "settled").order_by(Audit.id))).all()
    assert {(p.state, p.due_at) for p, _channel in rows} == {(PublicationState.queued, world.clock.now)}
    assert [(row.organizer_id, row.post_id, row.detail) for row in kept] == [
        (world.editor.id, world.post.id, "Canal: failed -> queued"),
        (world.editor.id, world.post.id, "Compte: failed -> queued"),
    ]
    assert "refused again" not in (await browser.get(QUEUE)).text


async def test_a_post_whose_picture_file_is_gone_says_so_and_what_to_do(
    world: Any, browser: httpx.AsyncClient, enter: Enter
) -> None:
    async with world.database.write() as session:
        (picture,) = await posts.pictures_of(session, world.post.id)
        (await session.get_one(Post, world.post.id)).publish_at = world.clock.now + timedelta(days=1)
    (world.settings.media_dir / picture.file).unlink()
    token = await enter()
    for answer in (
        await browser.get(f"{POSTS}/{world.post.id}/edit"),
        await browser.post(f"{POSTS}/{world.post.id}/edit", data=_good(token)),
    ):
        assert answer.status_code == 409
        said = unescape(answer.text)
        assert f"Picture {picture.file} is gone from the data folder: write the post anew with its picture" in said
