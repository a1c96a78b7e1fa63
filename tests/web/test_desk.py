"""The console's posts, queue, calendar and approvals: looked for, moved, decided, compared with what was approved."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from icalendar import Calendar
from sqlmodel import col, select

from campaigns import installation
from campaigns.models import (
    ApprovedText,
    Audit,
    Campaign,
    Channel,
    Post,
    PostState,
    Publication,
    PublicationState,
    Role,
)
from campaigns.silence_windows import add_window
from tests.web.conftest import PASSWORD
from web.console.calendar import A_DAY

BASE = "/console/c/orne"
S = PublicationState


def titles(page: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'<h2 [^>]*id="(?:entry-)?title-\d+">(?:<a [^>]*>)?(.*?)<', page)]


async def of_post(world: Any, post: Post) -> list[Publication]:
    async with world.database.read() as session:
        query = select(Publication).where(col(Publication.post_id) == post.id).order_by(col(Publication.id))
        return list(await session.scalars(query))


async def put(world: Any, post: Post, state: PublicationState, **values: Any) -> list[int]:
    """All publications of a post into a state."""
    async with world.database.write() as session:
        rows = (await session.scalars(select(Publication).where(col(Publication.post_id) == post.id))).all()
        for row in rows:
            row.state = state
            for name, value in values.items():
                setattr(row, name, value)
        return [row.id for row in rows]


@pytest.fixture
async def team(world: Any) -> None:
    """Somebody must say yes; an approver may."""
    async with world.database.write() as session:
        (await session.get_one(Campaign, world.orne.id)).approvals = 1
        await installation.add_organizer(
            session, world.orne.id, "approver@example.org", "Alix", PASSWORD, Role.approver, world.clock.now
        )


async def test_posts_are_found_by_view_state_channel_and_words(
    world: Any, browser: httpx.AsyncClient, enter: Any
) -> None:
    later = world.clock.now + timedelta(days=3)
    await world.add_post("Marché <b>", due=later, channels=tuple(world.channels[:1]))
    await world.add_post("Réunion", text="à la halle de 100% bois")
    draft = await world.add_post("Ébauche")
    async with world.database.write() as session:
        (await session.get_one(Post, draft.id)).state = PostState.draft
    await enter()

    async def found(query: str) -> list[str]:
        return titles((await browser.get(f"{BASE}/posts?{query}")).text)

    assert await found("") == ["Ébauche", "Réunion", "Marché <b>", "Signez la pétition"]
    assert await found("when=coming") == ["Marché <b>"]
    assert await found("when=past") == ["Ébauche", "Réunion", "Signez la pétition"]
    assert await found("when=drafts") == ["Ébauche"]
    assert await found("state=draft") == ["Ébauche"]
    assert await found("text=100%25+bois") == ["Réunion"]
    assert await found("text=100_") == []  # no wildcard
    assert await found(f"channel={world.channels[0].id}&when=coming") == ["Marché <b>"]
    assert await found(f"channel={world.channels[1].id}") == ["Signez la pétition"]
    # What cannot be read narrows nothing down.
    assert len(await found("state=nonsense&channel=x&territory=-1&author=9999999999999&when=never&page=zero")) == 4


async def test_a_long_list_comes_in_pages(
    world: Any, browser: httpx.AsyncClient, enter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.console.desk.SHOWN", 2)
    for title in ("Un", "Deux", "Trois"):
        await world.add_post(title)
    await enter()
    page = (await browser.get(f"{BASE}/posts?when=past")).text
    assert titles(page) == ["Trois", "Deux"] and "4 posts" in page and 'rel="prev"' not in page
    [after] = re.findall(r'rel="next" href="([^"]+)"', page)
    page = (await browser.get(unescape(after))).text
    assert titles(page) == ["Un", "Signez la pétition"] and 'rel="prev"' in page and 'rel="next"' not in page


async def test_the_queue_says_what_waits_what_is_late_and_why(
    world: Any, browser: httpx.AsyncClient, enter: Any
) -> None:
    telegram, x = world.channels
    late = await world.add_post("En retard", channels=(telegram,))
    await put(world, late, S.queued, due_at=world.clock.now - timedelta(minutes=7))
    async with world.database.write() as session:
        await add_window(
            session,
            world.orne,
            world.clock.now + timedelta(days=2),
            world.clock.now + timedelta(days=3),
            "veille du vote",
        )
        (await session.get_one(Channel, x.id)).resting_reason = "401 Unauthorized"
    silent = await world.add_post("En silence", channels=(telegram,))
    await put(world, silent, S.queued, due_at=world.clock.now + timedelta(days=2, hours=1))
    await put(world, world.post, S.published, url="https://x.com/i/status/7")
    resting = await world.add_post("Au repos", channels=(x,))
    await put(world, resting, S.queued, due_at=world.clock.now + timedelta(hours=1))
    await enter()
    page = (await browser.get(f"{BASE}/queue")).text
    assert titles(page) == ["En retard", "Au repos", "En silence"]  # nothing is to be decided: what comes is shown
    assert "late by 7 min" in page and "veille du vote" in page and "401 Unauthorized" in page
    assert titles((await browser.get(f"{BASE}/queue?channel={telegram.id}")).text) == ["En retard", "En silence"]
    out = (await browser.get(f"{BASE}/queue?show=out")).text
    assert titles(out) == ["Signez la pétition"] * 2 and 'href="https://x.com/i/status/7"' in out


async def test_many_are_settled_at_once_and_what_was_decided_meanwhile_is_told(
    world: Any, browser: httpx.AsyncClient, enter: Any
) -> None:
    post = await world.add_post("Refusée", channels=tuple(world.channels))
    first, second = await put(world, post, S.failed)
    rival = [row.id for row in await of_post(world, world.rival_post)]
    token = await enter()
    page = (await browser.get(f"{BASE}/queue")).text
    assert f'name="publication" value="{first}"' in page and f'name="publication" value="{second}"' in page
    await put(world, post, S.failed)
    async with world.database.write() as session:  # somebody else was quicker
        (await session.get_one(Publication, second)).state = S.queued
    data = {"csrf": token, "to": "cancelled", "publication": [str(first), str(second), "999", "x", *map(str, rival)]}
    page = (await browser.post(f"{BASE}/queue/settle", data=data, follow_redirects=True)).text
    assert "1 decision is written." in page and f"{2 + len(rival)} had been decided already." in page
    assert [row.state for row in await of_post(world, post)] == [S.cancelled, S.queued]
    async with world.database.read() as session:
        kept = (await session.scalars(select(Audit).where(col(Audit.action) == "settled"))).all()
    assert [(row.organizer_id, row.detail) for row in kept] == [(world.editor.id, "Canal: failed -> cancelled")]
    for to in ("sending", "nonsense", ""):
        assert (await browser.post(f"{BASE}/queue/settle", data={"csrf": token, "to": to})).status_code == 404


async def test_after_a_restore_what_is_there_is_said_of_many_at_once(
    world: Any, browser: httpx.AsyncClient, enter: Any
) -> None:
    post = await world.add_post("Peut-être sortie", channels=tuple(world.channels))
    first, second = await put(world, post, S.unknown)
    token = await enter()
    assert "The ticked ones are there" in (await browser.get(f"{BASE}/queue")).text
    data = {"csrf": token, "to": "published", "publication": [str(first), str(second)]}
    page = (await browser.post(f"{BASE}/queue/settle", data=data, follow_redirects=True)).text
    assert "2 decisions are written." in page and "The ticked ones are there" not in page
    assert [row.state for row in await of_post(world, post)] == [S.published, S.published]


async def test_the_calendar_shows_posts_silences_and_free_slots(
    world: Any, browser: httpx.AsyncClient, enter: Any
) -> None:
    telegram, _x = world.channels
    async with world.database.write() as session:
        (await session.get_one(Channel, telegram.id)).slots = "mon-fri 18:00"
        await add_window(
            session,
            world.orne,
            world.clock.now + timedelta(days=2),
            world.clock.now + timedelta(days=3),
            "veille <du> vote",
        )
    taken = world.clock.now + timedelta(days=1, hours=6)  # Wednesday 25, 18:00 in Paris
    post = await world.add_post("Marché <b>", due=taken, channels=(telegram,))
    await put(world, post, S.queued, due_at=taken)
    await enter()
    week = (await browser.get(f"{BASE}/calendar?view=week")).text
    assert "23 Nov" in week and "29 Nov 2026" in week and "Marché &lt;b&gt;" in week
    assert "veille &lt;du&gt; vote" in week and "veille <du> vote" not in week
    free = re.findall(r"posts/new\?date=([\d-]+)&amp;time=18:00", week)
    assert free == ["2026-11-24", "2026-11-26", "2026-11-27"]  # Monday is past, Wednesday is taken
    month = (await browser.get(f"{BASE}/calendar")).text
    assert len(re.findall('data-day="', month)) == 42 and 'data-day="2026-10-26"' in month
    listed = (await browser.get(f"{BASE}/calendar?view=list&state=draft")).text
    assert "Marché" not in listed
    for odd in ("at=2026-02-30", "at=0000-00-00", "at=9999-12-31", "view=century", "channel=abc"):
        assert (await browser.get(f"{BASE}/calendar?{odd}")).status_code == 200
    file = await browser.get(f"{BASE}/calendar.ics")
    events = Calendar.from_ical(file.content).walk("VEVENT")
    assert "Marché <b>" in {str(event["SUMMARY"]) for event in events}
    assert "Rivale" not in file.text


async def test_a_full_day_shows_its_first_posts_and_leads_to_the_list_of_all(
    world: Any, browser: httpx.AsyncClient, enter: Any
) -> None:
    days = [world.clock.now + timedelta(days=1), world.clock.now + timedelta(days=2)]
    for number in range(A_DAY["month"] + 2):
        await world.add_post(f"Tract {number} !", due=days[0] + timedelta(minutes=number))
    await world.add_post("Le lendemain", due=days[1])
    await enter()
    month = (await browser.get(f"{BASE}/calendar")).text
    assert re.findall(r"Tract (\d) !", month) == [str(number) for number in range(A_DAY["month"])]
    assert "2 more posts" in month and "Le lendemain" in month
    address = re.search(r'href="([^"]+)">2 more posts', month)
    assert address
    listed = (await browser.get(unescape(address[1]))).text
    assert all(f"Tract {number} !" in listed for number in range(A_DAY["month"] + 2))


async def test_a_long_list_of_days_ends_with_a_whole_day_and_goes_on_behind_it(
    world: Any, browser: httpx.AsyncClient, enter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.console.calendar.ENOUGH", 2)
    start = world.clock.now + timedelta(days=1)
    for day, titles in enumerate((["Un"], ["Deux", "Trois"], ["Quatre"])):
        for title in titles:
            await world.add_post(f"Post {title}.", due=start + timedelta(days=day))
    await enter()
    first = (await browser.get(f"{BASE}/calendar?view=list&at={start.date()}")).text
    assert list(dict.fromkeys(re.findall(r"Post (\w+)\.", first))) == ["Un", "Deux", "Trois"]
    later = re.search(r'href="([^"]+)" rel="next"', first)
    assert later
    assert "Post Quatre." in (await browser.get(unescape(later[1]))).text


async def test_a_post_is_moved_to_another_day_and_keeps_its_time(
    world: Any, browser: httpx.AsyncClient, enter: Any
) -> None:
    post = await world.add_post("Marché", due=world.clock.now + timedelta(days=1), channels=tuple(world.channels[:1]))
    token = await enter()
    address = f"{BASE}/calendar/{post.id}/move?view=week&at=2026-11-24"
    answer = await browser.post(address, data={"csrf": token, "date": "2026-11-28", "time": "12:00"})
    assert answer.headers["location"] == f"{BASE}/calendar?view=week&at=2026-11-24&said=moved"
    async with world.database.read() as session:
        moved = await session.get_one(Post, post.id)
    assert moved.publish_at == world.clock.now + timedelta(days=4)
    assert [row.due_at for row in await of_post(world, post)] == [moved.publish_at]
    assert "Moved." in (await browser.get(answer.headers["location"])).text


@pytest.mark.parametrize(
    ("day", "time", "said"),
    [
        ("2026-02-30", "12:00", "is not a date and time"),  # a day that does not exist
        ("2026-11-01", "12:00", "is in the past"),
        ("2027-03-28", "02:30", "clocks go forward that night"),  # an hour that does not exist
        ("demain", "", "is not a date and time"),
    ],
)
async def test_a_moment_that_cannot_be_is_refused_with_a_sentence(
    world: Any, browser: httpx.AsyncClient, enter: Any, day: str, time: str, said: str
) -> None:
    due = world.clock.now + timedelta(days=1)
    post = await world.add_post("Marché", due=due)
    token = await enter()
    data = {"csrf": token, "date": day, "time": time}
    answer = await browser.post(f"{BASE}/calendar/{post.id}/move?view=list", data=data)
    assert answer.status_code == 422 and said in unescape(answer.text)
    async with world.database.read() as session:
        assert (await session.get_one(Post, post.id)).publish_at == due


async def test_a_move_of_an_approved_post_asks_for_its_yes_anew(
    world: Any, browser: httpx.AsyncClient, enter: Any, team: None
) -> None:
    post = await world.add_post("Marché", due=world.clock.now + timedelta(days=1))
    token = await enter()
    data = {"csrf": token, "date": "2026-11-29", "time": "12:00"}
    page = (await browser.post(f"{BASE}/calendar/{post.id}/move", data=data, follow_redirects=True)).text
    assert "it is a draft again, and must be submitted anew" in page


async def test_an_approver_sees_what_changed_since_the_last_yes(
    world: Any, browser: httpx.AsyncClient, enter: Any, visit: Any, team: None
) -> None:
    post = await world.add_post("Marché <i>", text="Samedi à la halle")
    async with world.database.write() as session:
        row = await session.get_one(Post, post.id)
        row.state, row.author_id, row.publish_at = (
            PostState.submitted,
            world.editor.id,
            world.clock.now + timedelta(days=1),
        )
    token = await enter()
    mine = (await browser.get(f"{BASE}/approvals")).text
    assert "It is your own post" in mine and f"/posts/{post.id}/approve" not in mine
    async with visit() as alix:
        yes = await enter("approver@example.org", alix)
        page = (await alix.get(f"{BASE}/approvals")).text
        assert "waits for you" in page and "Samedi à la halle" in page and "<ins>" not in page  # nothing to compare yet
        assert (await alix.post(f"{BASE}/posts/{post.id}/approve", data={"csrf": yes})).status_code == 303
        assert "Nothing waits for a yes." in (await alix.get(f"{BASE}/approvals")).text
        form = {"csrf": token, "title": "Marché <i>", "text": "Dimanche à la halle <u>", "timezone": "Europe/Paris"}
        form |= {
            "when": "at",
            "date": "2026-11-25",
            "time": "12:00",
            "late_policy": "send",
            "grace": "60",
            "share_kit": "yes",
        }
        changed = await browser.post(f"{BASE}/posts/{post.id}/edit", data=form)
        assert changed.status_code == 303, changed.text
        await browser.post(f"{BASE}/posts/{post.id}/submit", data={"csrf": token})
        page = (await alix.get(f"{BASE}/approvals")).text
    assert "<del>Samedi</del> à la halle" in page
    assert "<ins>Dimanche</ins> à la halle<ins> &lt;u&gt;</ins>" in page
    async with world.database.read() as session:
        kept = (await session.scalars(select(ApprovedText))).all()
    assert [each.said["text"] for each in kept] == ["Samedi à la halle"]
