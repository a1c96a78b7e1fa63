"""Posts and publications over the API: by the same rules as in the console, once, and page by page."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func
from sqlmodel import select

from campaigns import approval
from campaigns.models import (
    Audit,
    Campaign,
    KeptAnswer,
    PollingDay,
    Post,
    PostState,
    Publication,
    PublicationState,
    Role,
)
from campaigns.silence_windows import rebuild
from tests.web.api_world import API, bearer, organizer, serve_api, token

POST = {"title": "Venez", "text": "Samedi, 14 h, place du Marché", "channels": [1, 2], "publish_at": "2026-12-01T08:30"}
S = PublicationState


@pytest.fixture
async def client(world: Any, visit: Any) -> Any:
    async with visit(**bearer(await token(world))) as opened:
        yield opened


async def _count(world: Any, table: Any) -> int:
    async with world.database.read() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def _set(world: Any, **values: Any) -> None:
    """Change the campaign."""
    async with world.database.write() as session:
        campaign = await session.get_one(Campaign, world.orne.id)
        for name, value in values.items():
            setattr(campaign, name, value)


async def test_a_post_is_written_read_changed_and_taken_back(world: Any, client: httpx.AsyncClient) -> None:
    sent = POST | {
        "versions": {"x": "Venez !"},
        "wordings": ["Viens"],
        "link": "https://example.org/a",
        "share_kit": True,
    }
    answer = await client.post(f"{API}/posts", json=sent)
    made = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"{API}/posts/{made['id']}")
    assert (made["state"], made["publish_at"], made["timezone"]) == (
        "scheduled",
        "2026-12-01T07:30:00Z",
        "Europe/Paris",
    )
    assert (made["versions"], made["wordings"], made["share_kit"]) == ({"x": "Venez !"}, ["Viens"], True)
    assert [(each["channel"]["name"], each["state"]) for each in made["publications"]] == [
        ("Canal", "queued"),
        ("Compte", "queued"),
    ]
    assert (await client.get(answer.headers["location"])).json() == made
    changed = await client.patch(
        answer.headers["location"], json={"title": "Venez !", "publish_at": "2026-12-02T07:30:00Z"}
    )
    assert changed.status_code == 200, changed.text
    assert (changed.json()["title"], changed.json()["text"]) == ("Venez !", POST["text"])
    assert {each["due_at"] for each in changed.json()["publications"]} == {"2026-12-02T07:30:00Z"}
    gone = (await client.patch(answer.headers["location"], json={"link": None})).json()
    assert gone["link"] is None and gone["versions"] == {"x": "Venez !"}
    back = (await client.post(f"{answer.headers['location']}/cancel")).json()
    assert back["state"] == "cancelled" and {each["state"] for each in back["publications"]} == {"cancelled"}
    again = await client.patch(answer.headers["location"], json={"title": "Si"})
    assert again.status_code == 409 and "decided" in again.json()["detail"]
    async with world.database.read() as session:
        rows = await session.scalars(select(Audit).where(Audit.post_id == made["id"]).order_by(Audit.id))
        assert [(row.action, row.organizer_id) for row in rows] == [
            ("scheduled", world.editor.id),
            ("edited", world.editor.id),
            ("edited", world.editor.id),
            ("cancelled", world.editor.id),
        ]


async def test_where_the_campaign_wants_a_yes_a_program_waits_for_it_and_an_edit_asks_anew(
    world: Any, client: httpx.AsyncClient
) -> None:
    await _set(world, approvals=1)
    made = (await client.post(f"{API}/posts", json=POST)).json()
    assert made["state"] == "submitted"
    approver = await organizer(world, Role.approver)
    async with world.database.write() as session:
        post = await session.get_one(Post, made["id"])
        with pytest.raises(approval.ApprovalRefused, match="your own"):  # the author is the token's organizer
            await approval.approve(session, post, world.editor.id, world.clock())
        await approval.approve(session, post, approver.id, world.clock())
    address = f"{API}/posts/{made['id']}"
    assert (await client.get(address)).json()["state"] == "scheduled"
    assert (await client.patch(address, json={"text": "Autre chose"})).json()["state"] == "draft"
    assert (await client.post(f"{address}/submit")).json()["state"] == "submitted"
    twice = await client.post(f"{address}/submit")
    assert twice.status_code == 409 and "is no draft" in twice.json()["detail"]
    assert (await client.post(f"{address}/approve")).status_code == 404  # a yes is a human's


async def test_a_draft_stays_one_until_it_has_a_moment(world: Any, client: httpx.AsyncClient) -> None:
    made = (await client.post(f"{API}/posts", json=POST | {"publish_at": None})).json()
    assert (made["state"], made["publish_at"]) == ("draft", None)
    address = f"{API}/posts/{made['id']}"
    assert (await client.patch(address, json={"text": "Autre"})).json()["state"] == "draft"
    assert (await client.patch(address, json={"publish_at": POST["publish_at"]})).json()["state"] == "scheduled"


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("demain", "is not a date and time; write 2026-12-01 08:30"),
        ("2026-12-01", "has no time of day"),
        ("2026-13-01T08:30", "is not a date and time"),
        ("2026-02-30T08:30", "is not a date and time"),
        ("2026-11-23T08:30", "is in the past"),
        ("2027-03-28T02:30", "does not exist in Europe/Paris"),  # clocks go forward
        ("9999-12-31T23:59-12:00", "is not a date that can be used"),  # beyond the calendar
        ("0001-01-01T00:00+14:00", "is not a date that can be used"),  # before it
    ],
)
async def test_a_bad_date_is_refused_beside_its_field_and_nothing_is_stored(
    world: Any, client: httpx.AsyncClient, when: str, said: str
) -> None:
    before = await _count(world, Post)
    made = await client.post(f"{API}/posts", json=POST | {"publish_at": when})
    changed = await client.patch(f"{API}/posts/{world.post.id}", json={"publish_at": when})
    for answer in (made, changed):
        assert answer.status_code == 422
        (wrong,) = answer.json()["errors"]
        assert wrong["field"] == "publish_at" and said in wrong["message"]
    assert await _count(world, Post) == before


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"text": " "}, "text"),
        ({"channels": []}, "channels"),  # it would go nowhere
        ({"channels": [99]}, "channels"),
        ({"link": "javascript:alert(1)"}, "link"),
        ({"timezone": "Europe/Nowhere"}, "timezone"),
        ({"versions": {"x": "é" * 300}}, "text.x"),  # X takes 280
        ({"text": "é" * 5000}, "text"),
        ({"recurrence": "sometimes", "publish_at": None}, "recurrence"),
        ({"next_slot": True, "publish_at": None}, "publish_at"),  # the channels have no slots
        ({"grace": -1}, "grace"),
        ({"channel": 1}, "channel"),  # a slip in a name does not pass unseen
        ({"title": "\ud800"}, "title"),  # half a character
        ({"territory": 77}, "territory"),
        ({"pictures": [7]}, "pictures"),
    ],
)
async def test_what_is_wrong_with_a_post_is_told_field_by_field(
    world: Any, client: httpx.AsyncClient, change: dict[str, Any], field: str
) -> None:
    before = await _count(world, Post)
    body = json.dumps(POST | change)  # which half a character passes
    answer = await client.post(f"{API}/posts", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert field in {each["field"] for each in answer.json()["errors"]}
    assert await _count(world, Post) == before


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),  # no JSON
        (b"\xff\xfe", "application/json", 400),  # no UTF-8
        (b"[" * 100_000, "application/json", 400),  # deep
        (b"[]", "application/json", 422),  # no object
        (b"title=a", "application/x-www-form-urlencoded", 422),  # a form
        (b" " * 300_000, "application/json", 413),  # large
    ],
)
async def test_a_body_that_is_no_post_is_a_problem(
    world: Any, client: httpx.AsyncClient, body: bytes, kind: str, status: int
) -> None:
    answer = await client.post(f"{API}/posts", content=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_a_script_is_text_here_and_in_the_console(
    world: Any, client: httpx.AsyncClient, browser: httpx.AsyncClient, enter: Any
) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    answer = await client.post(f"{API}/posts", json=POST | {"title": evil, "text": evil})
    assert answer.json()["text"] == evil
    assert answer.headers["content-type"] == "application/json"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    await enter()
    page = (await browser.get("/console/c/orne/posts")).text
    assert "&lt;script&gt;alert(1)" in page and "<script>alert" not in page and "<img src=x" not in page


async def test_what_is_sent_again_with_its_key_is_done_once(world: Any, client: httpx.AsyncClient, visit: Any) -> None:
    before = await _count(world, Post)
    key = {"Idempotency-Key": "4f1c"}
    first = await client.post(f"{API}/posts", json=POST, headers=key)
    again = await client.post(f"{API}/posts", json=POST, headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["location"] == first.headers["location"]
    assert "idempotency-replayed" not in first.headers and again.headers["idempotency-replayed"] == "true"
    other = await client.post(f"{API}/posts", json=POST | {"title": "Autre"}, headers=key)
    assert other.status_code == 422 and "take a new key" in other.json()["detail"]
    elsewhere = await client.post(f"{API}/posts/{first.json()['id']}/cancel", headers=key)
    assert elsewhere.status_code == 422
    assert await _count(world, Post) == before + 1
    async with visit(world.app(), **bearer(await token(world))) as another:  # another program's key is another key
        assert (await another.post(f"{API}/posts", json=POST, headers=key)).headers.get("idempotency-replayed") is None
    assert await _count(world, Post) == before + 2


async def test_a_key_outlives_a_restart_and_ends_after_a_day(world: Any, visit: Any) -> None:
    secret, key = await token(world), {"Idempotency-Key": "a"}
    numbers = []
    for hours in (0, 23.9, 0.2):
        world.clock.move(hours=hours)
        async with visit(world.app(), **bearer(secret)) as client:
            numbers.append((await client.post(f"{API}/posts", json=POST, headers=key)).json()["id"])
    assert numbers[0] == numbers[1] != numbers[2]
    assert await _count(world, KeptAnswer) == 1


async def test_a_write_that_was_refused_may_be_mended_under_the_same_key(world: Any, client: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "a"}
    assert (await client.post(f"{API}/posts", json=POST | {"title": ""}, headers=key)).status_code == 422
    assert (await client.post(f"{API}/posts", json=POST, headers=key)).status_code == 201
    for wrong in ("", "x" * 201):
        assert (await client.post(f"{API}/posts", json=POST, headers={"Idempotency-Key": wrong})).status_code == 422


async def test_repeats_that_come_at_the_same_time_do_the_work_once(world: Any) -> None:
    before, secret = await _count(world, Post), await token(world)
    with serve_api(world) as address:
        async with httpx.AsyncClient(base_url=address, headers=bearer(secret), timeout=60) as client:
            key = {"Idempotency-Key": "at once"}
            answers = await asyncio.gather(*(client.post(f"{API}/posts", json=POST, headers=key) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert await _count(world, Post) == before + 1


async def test_pages_neither_double_nor_hide_a_post_while_others_are_added(
    world: Any, client: httpx.AsyncClient
) -> None:
    made = [(await client.post(f"{API}/posts", json=POST | {"title": f"n° {i}"})).json()["id"] for i in range(7)]
    seen, cursor = [], None
    while True:
        page = (await client.get(f"{API}/posts", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [each["id"] for each in page["items"]]
        await client.post(f"{API}/posts", json=POST | {"title": "entre-temps"})
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [*reversed(made), world.post.id]
    only = (await client.get(f"{API}/posts", params={"state": "cancelled"})).json()
    assert only == {"items": [], "next": None}
    for wrong in ("nonsense", "YmVmb3JlOi0x", "é", "YmVmb3JlOjk5OTk5OTk5OTk5OTk5OTk5OTk5"):
        assert (await client.get(f"{API}/posts", params={"cursor": wrong})).status_code == 422


async def test_publications_are_listed_by_state_and_channel_page_by_page(world: Any, client: httpx.AsyncClient) -> None:
    for i in range(3):
        await client.post(f"{API}/posts", json=POST | {"title": f"n° {i}"})
    first = (await client.get(f"{API}/publications", params={"channel": 1, "limit": 3})).json()
    rest = (await client.get(f"{API}/publications", params={"channel": 1, "limit": 3, "cursor": first["next"]})).json()
    numbers = [each["id"] for each in first["items"] + rest["items"]]
    assert numbers == sorted(numbers, reverse=True) and len(numbers) == 4 and rest["next"] is None
    assert {each["channel"]["name"] for each in first["items"]} == {"Canal"}
    assert (await client.get(f"{API}/publications", params={"state": "failed"})).json()["items"] == []
    assert (await client.get(f"{API}/publications/1")).json()["post"] == world.post.id


async def _put(world: Any, number: int, state: PublicationState) -> None:
    async with world.database.write() as session:
        publication = await session.get_one(Publication, number)
        publication.state, publication.reason = state, "the network said so"


async def test_a_publication_is_settled_only_as_a_human_may(world: Any, client: httpx.AsyncClient) -> None:
    address = f"{API}/publications/1"
    await _put(world, 1, S.held)
    wrong = await client.post(f"{address}/settle", json={"to": "published"})
    assert wrong.status_code == 409 and "may become queued, cancelled" in wrong.json()["detail"]
    await _put(world, 1, S.unknown)
    assert (await client.get(address)).json()["may_become"] == ["queued", "published", "cancelled"]
    bad = await client.post(f"{address}/settle", json={"to": "published", "url": "javascript:alert(1)"})
    assert bad.status_code == 422
    done = await client.post(f"{address}/settle", json={"to": "published", "url": "https://t.me/canal/7"})
    assert (done.json()["state"], done.json()["url"]) == ("published", "https://t.me/canal/7")
    assert (await client.post(f"{address}/retry")).status_code == 409  # what is out never goes out again
    async with world.database.read() as session:
        row = (await session.scalars(select(Audit).where(Audit.action == "settled"))).one()
    assert (row.organizer_id, row.detail) == (world.editor.id, "Canal: unknown -> published")


async def test_what_failed_goes_back_to_the_queue_and_what_was_taken_back_does_not(
    world: Any, client: httpx.AsyncClient
) -> None:
    await _put(world, 1, S.failed)
    await _put(world, 2, S.failed)
    assert (await client.post(f"{API}/publications/1/retry")).json()["state"] == "queued"
    assert (await client.post(f"{API}/publications/retry")).json() == {"retried": 1}
    await _put(world, 1, S.failed)
    async with world.database.write() as session:
        (await session.get_one(Post, world.post.id)).state = PostState.cancelled
    assert (await client.post(f"{API}/publications/1/retry")).json()["state"] == "cancelled"
    assert (await client.post(f"{API}/publications/retry")).json() == {"retried": 0}


async def test_near_a_vote_what_is_sent_again_waits_for_the_end_of_the_silence(
    world: Any, client: httpx.AsyncClient
) -> None:
    async with world.database.write() as session:
        session.add(PollingDay(campaign_id=world.orne.id, day=date(2026, 11, 29), label="vote"))
        await session.flush()
        await rebuild(session, await session.get_one(Campaign, world.orne.id))
    world.clock.now = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
    await _put(world, 1, S.held)
    due = (await client.post(f"{API}/publications/1/retry")).json()["due_at"]
    assert datetime.fromisoformat(due) > datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
    assert datetime.fromisoformat(due) - timedelta(days=2) < world.clock()
