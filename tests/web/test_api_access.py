"""Who may do what over the API: tokens, scopes, roles, campaigns apart, and how often one may ask."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, event
from sqlmodel import col, select

from campaigns import access_tokens, kept_answers, webhooks
from campaigns.access_tokens import Scope
from campaigns.models import AccessToken, Channel, OrganizerRole, Role, WebhookOccasion
from tests.web.api_world import API, admin_token, api_of, bearer, organizer, token
from web.api.callers import AT_ONCE, MOST, Allowance

POST = {"title": "Venez", "text": "Samedi, 14 h", "share_kit": True}


async def test_without_a_token_nothing_is_told_and_the_answer_says_how_to_get_one(world: Any, visit: Any) -> None:
    async with visit() as client:
        answer = await client.get(f"{API}/posts")
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "run_bot.py tokens add" in answer.json()["detail"]


async def test_the_consoles_cookie_opens_nothing_here(world: Any, browser: httpx.AsyncClient, enter: Any) -> None:
    await enter()
    assert (await browser.get("/console/c/orne/posts")).status_code == 200
    answer = await browser.get(f"{API}/posts")
    assert answer.status_code == 401 and "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "given",
    [
        "Bearer pv_nobodys",  # unknown
        "Bearer ",  # empty
        "Basic cHY6eA==",  # another way
        "Bearer " + "x" * 5000,  # long
        "Bearer é",  # not ASCII
    ],
)
async def test_a_token_that_is_none_is_refused(world: Any, visit: Any, given: str) -> None:
    async with visit() as client:
        answer = await client.get(f"{API}/me", headers={"Authorization": given.encode()})
    assert answer.status_code == 401 and answer.json()["status"] == 401


async def test_a_token_acts_for_one_organizer_in_one_campaign_and_is_stored_as_a_hash(world: Any, visit: Any) -> None:
    secret = await token(world)
    async with visit(**bearer(secret)) as client:
        me = (await client.get(f"{API}/me")).json()
        made = (await client.post(f"{API}/posts", json=POST)).json()
    assert (me["campaign"], me["organizer"], me["role"]) == ("orne", "Camille", "editor")
    assert "posts:write" in me["scopes"] and "webhooks:write" not in me["scopes"]
    async with world.database.read() as session:
        assert (await access_tokens.caller_of(session, secret, world.clock())).organizer.id == world.editor.id
        kept = (await session.scalars(select(AccessToken))).one()
    assert secret not in str(kept.model_dump()) and kept.secret_hash == access_tokens.hash_of(secret)
    post = await _post(world, made["id"])
    assert (post.author_id, post.campaign_id) == (world.editor.id, world.orne.id)


async def _post(world: Any, number: int) -> Any:
    from campaigns.models import Post

    async with world.database.read() as session:
        return await session.get_one(Post, number)


@pytest.mark.parametrize(
    ("scope", "method", "path", "body"),
    [
        (Scope.posts_read, "POST", "/posts", POST),  # reading is not writing
        (Scope.posts_write, "GET", "/posts", None),  # and writing is not reading
        (Scope.posts_read, "POST", "/posts/1/cancel", None),
        (Scope.posts_read, "GET", "/publications", None),
        (Scope.publications_read, "POST", "/publications/1/settle", {"to": "cancelled"}),
        (Scope.posts_read, "GET", "/channels", None),
        (Scope.posts_read, "GET", "/results", None),
        (Scope.posts_write, "GET", "/media/1", None),
    ],
)
async def test_a_token_of_a_lesser_scope_does_only_what_it_says(
    world: Any, visit: Any, scope: Scope, method: str, path: str, body: Any
) -> None:
    async with visit(**bearer(await token(world, [scope]))) as client:
        answer = await client.request(method, API + path, json=body)
    assert answer.status_code == 403
    assert "This token has not the scope" in answer.json()["detail"]


async def test_a_token_has_never_more_than_the_role_of_its_organizer(world: Any) -> None:
    viewer = await organizer(world, Role.viewer)
    for who, scope in ((viewer, Scope.posts_write), (world.editor, Scope.webhooks_write)):
        with pytest.raises(access_tokens.TokenRefused, match="does not allow"):
            await token(world, [scope], who=who)
    with pytest.raises(access_tokens.TokenRefused, match="no role in this campaign"):
        await token(world, [Scope.posts_read], campaign=world.caux)


async def test_an_organizer_who_becomes_a_viewer_leaves_the_token_what_viewers_may(world: Any, visit: Any) -> None:
    async with visit(**bearer(await token(world))) as client:
        async with world.database.write() as session:
            (await session.get_one(OrganizerRole, (world.editor.id, world.orne.id))).role = Role.viewer
        assert (await client.get(f"{API}/posts")).status_code == 200
        answer = await client.post(f"{API}/posts", json=POST)
        assert answer.status_code == 403 and "has the role viewer" in answer.json()["detail"]
        assert (await client.get(f"{API}/me")).json()["scopes"] == [
            "posts:read",
            "publications:read",
            "channels:read",
            "results:read",
        ]


async def test_the_token_of_an_organizer_who_lost_their_role_ends(world: Any, visit: Any) -> None:
    async with visit(**bearer(await token(world))) as client:
        assert (await client.get(f"{API}/posts")).status_code == 200
        async with world.database.write() as session:
            await session.execute(delete(OrganizerRole).where(col(OrganizerRole.organizer_id) == world.editor.id))
        answer = await client.get(f"{API}/posts")
    assert answer.status_code == 401 and "no longer has a role" in answer.json()["detail"]


async def test_a_token_that_was_revoked_or_has_expired_opens_nothing(world: Any, visit: Any) -> None:
    revoked = await token(world)
    short = await token(world, expires_at=world.clock() + timedelta(hours=1))
    async with visit(**bearer(revoked)) as client:
        assert (await client.get(f"{API}/me")).status_code == 200
        async with world.database.write() as session:
            assert await access_tokens.revoke_token(session, world.caux.id, 1, world.clock()) is None
        assert (await client.get(f"{API}/me")).status_code == 200  # another campaign revokes nothing of this one
        async with world.database.write() as session:
            await access_tokens.revoke_token(session, world.orne.id, 1, world.clock())
        answer = await client.get(f"{API}/me")
        assert answer.status_code == 401 and "was revoked on 2026-11-24" in answer.json()["detail"]
    async with visit(**bearer(short)) as client:
        assert (await client.get(f"{API}/me")).status_code == 200
        world.clock.move(hours=1)
        answer = await client.get(f"{API}/me")
        assert answer.status_code == 401 and "expired on" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/posts/{post}", None),
        ("PATCH", "/posts/{post}", {"title": "Piraté"}),
        ("POST", "/posts/{post}/cancel", None),
        ("POST", "/posts/{post}/submit", None),
        ("GET", "/posts/{post}/pictures/0", None),
        ("GET", "/publications/{publication}", None),
        ("POST", "/publications/{publication}/settle", {"to": "cancelled"}),
        ("POST", "/publications/{publication}/retry", None),
        ("GET", "/channels/{channel}", None),
        ("GET", "/media/{media}", None),
        ("GET", "/media/{media}/file", None),
        ("GET", "/results/posts/{post}", None),
        ("GET", "/results/channels/{channel}", None),
        ("GET", "/webhooks/{webhook}", None),
        ("DELETE", "/webhooks/{webhook}", None),
        ("POST", "/webhooks/{webhook}/test", None),
        ("POST", "/webhooks/{webhook}/retry", None),
        ("GET", "/webhooks/{webhook}/messages", None),
    ],
)
async def test_another_campaigns_rows_are_not_there(
    world: Any, visit: Any, picture_of: Any, method: str, path: str, body: Any
) -> None:
    ours = await token(world)
    async with world.database.write() as session:
        target, _ = await webhooks.add_target(
            session, world.orne.id, "https://hooks.example.org/a", list(WebhookOccasion), world.clock()
        )
    async with visit(**bearer(ours)) as client:
        upload = await client.post(f"{API}/media", files={"file": ("a.jpg", picture_of())})
    rival = await organizer(world, Role.admin, "Sam", world.caux)
    theirs = await token(world, list(Scope), who=rival, campaign=world.caux)
    known = {"post": world.post.id, "publication": 1, "channel": 1, "media": upload.json()["id"], "webhook": target.id}
    async with visit(**bearer(theirs)) as client:
        answer = await client.request(method, API + path.format(**known), json=body)
        lists = [
            (await client.get(f"{API}/{each}")).json()["items"] for each in ("publications", "channels", "webhooks")
        ]
    assert answer.status_code == 404 and answer.json()["detail"].startswith(("Caux en commun has no", "Post"))
    assert lists == [[], [], []]
    async with world.database.read() as session:
        assert (await session.get_one(Channel, 1)).campaign_id == world.orne.id
        assert await webhooks.find_target(session, world.orne.id, target.id) is not None
    assert (await _post(world, world.post.id)).title == "Signez la pétition"


async def test_a_new_post_names_no_channel_territory_or_picture_of_another_campaign(world: Any, visit: Any) -> None:
    from campaigns import installation

    async with world.database.write() as session:
        place = await installation.add_territory(session, world.orne.id, "Argentan")
    rival = await organizer(world, Role.admin, "Sam", world.caux)
    async with visit(**bearer(await token(world, list(Scope), who=rival, campaign=world.caux))) as client:
        answer = await client.post(
            f"{API}/posts", json=POST | {"channels": [1], "territory": place.id, "pictures": [1]}
        )
    assert answer.status_code == 422
    assert {each["field"] for each in answer.json()["errors"]} == {"channels", "territory", "pictures"}


async def test_no_answer_holds_a_credential(world: Any, visit: Any) -> None:
    async with world.database.write() as session:
        for channel in await session.scalars(select(Channel)):
            channel.settings = dict.fromkeys(channel.settings, "hush-hush")
    async with visit(**bearer(await admin_token(world))) as client:
        pages = ("channels", "channels/1", "channels/2", "posts", "publications", "results/channels/1", "me")
        texts = [(await client.get(f"{API}/{page}")).text for page in pages]
    assert "Canal" in texts[0] and not any("hush-hush" in text or "settings" in text for text in texts)


async def test_who_asks_too_often_is_told_how_long_to_wait(world: Any, visit: Any) -> None:
    app = world.app()
    api_of(app).state.allowance = Allowance(most=3)
    mine, other = await token(world), await token(world)
    async with visit(app, **bearer(mine)) as client:
        assert [(await client.get(f"{API}/me")).status_code for _ in range(4)] == [200, 200, 200, 429]
        answer = await client.get(f"{API}/me")
        assert (answer.headers["retry-after"], answer.headers["content-type"]) == ("60", "application/problem+json")
        assert (await client.get(f"{API}/me", headers=bearer(other))).status_code == 200  # each token by itself
        world.clock.move(seconds=61)
        assert (await client.get(f"{API}/me")).status_code == 200
        world.clock.move(hours=-2)  # a clock that is set back locks nobody out
        assert (await client.get(f"{API}/me")).status_code == 200


async def test_a_token_may_ask_as_often_as_it_may_and_no_more_whichever_process_answers(world: Any, visit: Any) -> None:
    mine = await token(world)
    async with visit(**bearer(mine)) as here, visit(**bearer(mine)) as there:
        answers = [(await each.get(f"{API}/me")).status_code for each in (here, there) * 100]
        assert answers == [200] * MOST + [429] * (200 - MOST)
        world.clock.move(seconds=60)
        # One of them alone: what the other took from the store and did not use is missing here.
        assert (await there.get(f"{API}/me")).status_code == 200
        alone = [(await here.get(f"{API}/me")).status_code for _ in range(MOST)]
        assert alone == [200] * (MOST - AT_ONCE) + [429] * AT_ONCE


async def test_a_request_that_reads_writes_nothing_but_now_and_then_its_last_use(world: Any, visit: Any) -> None:
    written = []
    event.listen(
        world.database._writer.sync_engine,
        "before_cursor_execute",
        lambda *given: written.append(given[2]) if given[2].startswith(("INSERT", "UPDATE", "DELETE")) else None,
    )
    secret = await token(world)
    written.clear()
    async with visit(**bearer(secret)) as client:
        for _ in range(5):
            await client.get(f"{API}/posts")
        counted, used = written  # one for ten requests
        assert "turns_taken" in counted and "last_used_at" in used
        world.clock.move(minutes=6)
        await client.get(f"{API}/posts")
    assert len(written) == 4
    async with world.database.read() as session:
        assert (await session.scalars(select(AccessToken))).one().last_used_at == world.clock()


async def test_what_is_not_there_and_what_cannot_be_done_are_problems_too(world: Any, visit: Any) -> None:
    async with visit(**bearer(await token(world))) as client:
        for method, path, status in (("GET", "/nothing", 404), ("PUT", "/posts", 405), ("GET", "/posts/0", 422)):
            answer = await client.request(method, API + path)
            assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
            assert answer.json()["detail"] and answer.headers["x-content-type-options"] == "nosniff"
        assert (await client.get(f"{API}/openapi.json")).json()["openapi"].startswith("3.1")
        assert (await client.get("/openapi.json")).status_code == 404  # the pages have none


async def test_a_failure_of_ours_is_a_problem_without_a_trace(
    world: Any, visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*given: Any, **more: Any) -> None:
        raise RuntimeError("hush-hush")

    monkeypatch.setattr(kept_answers, "find", fail)
    async with visit(**bearer(await token(world))) as client:
        answer = await client.post(f"{API}/posts", json=POST, headers={"Idempotency-Key": "a"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "hush-hush" not in answer.text and "Try again" in answer.json()["detail"]
