"""What a member of the comms team must be able to see and decide in the console, by forms alone: no script is needed."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import httpx
import pytest

from campaigns import installation, posts
from campaigns.installation import Terms, set_terms
from campaigns.models import Campaign, Channel, LatePolicy, Post, Publication, PublicationState, Role
from campaigns.models import PostState as P
from campaigns.silence_windows import add_polling_day
from tests.web.conftest import PASSWORD

Enter = Callable[..., Any]
BASE = "/console/c/orne"
NEW = f"{BASE}/posts/new"


@pytest.fixture
async def priced(world: Any) -> None:
    """X asks for money and has a cap; Telegram has slots; the vote is on 6 December."""
    async with world.database.write() as session:
        telegram, x = [await session.get_one(Channel, channel.id) for channel in world.channels]
        set_terms(telegram, Terms(slots="Mon-Sun 08:00, 18:00"), "Europe/Paris")
        set_terms(x, Terms(price_post=0.015, price_link=0.2, monthly_cap=0.3), "Europe/Paris")
        orne = await session.get_one(Campaign, world.orne.id)
        await add_polling_day(session, orne, date(2026, 12, 6), world.clock.now, label="premier tour")


def filled(token: str, world: Any, **changes: Any) -> dict[str, Any]:
    return {
        "csrf": token,
        "title": "Réunion",
        "text": "Jeudi à la halle",
        "link": "https://example.org/halle",
        "when": "at",
        "date": "2026-12-01",
        "time": "08:30",
        "timezone": "Europe/Paris",
        "channels": [str(channel.id) for channel in world.channels],
        "late_policy": "send",
        "grace": "60",
    } | changes


def words(page: str) -> str:
    """A page as people read it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


async def newest(world: Any) -> tuple[Post, dict[str, Publication]]:
    async with world.database.read() as session:
        post = max(await posts.posts_of(session, world.orne.id), key=lambda each: each.id)
        rows = (await posts.publications_of(session, [post.id]))[post.id]
    return post, {channel.network: publication for publication, channel in rows}


async def stored(world: Any) -> int:
    async with world.database.read() as session:
        return len(await posts.posts_of(session, world.orne.id))


async def test_prices_stand_on_the_form_and_a_check_tells_the_cost_and_stores_nothing(
    world: Any, browser: httpx.AsyncClient, enter: Enter, priced: None
) -> None:
    token, before = await enter(), await stored(world)
    assert "$0.015 a post, $0.200 with a link" in words((await browser.get(NEW)).text)
    answer = await browser.post(NEW, data=filled(token, world, act="check"))
    assert answer.status_code == 200
    assert "Compte Tue 1 Dec 08:30 $0.200" in words(answer.text)
    assert "This post costs $0.200." in words(answer.text)
    assert 'value="Réunion"' in answer.text  # what was typed stays
    assert await stored(world) == before


async def test_a_check_and_the_list_name_the_silence_into_which_a_post_falls(
    world: Any, browser: httpx.AsyncClient, enter: Enter, priced: None
) -> None:
    token = await enter()
    answer = await browser.post(NEW, data=filled(token, world, date="2026-12-05", act="check"))
    assert "Silence: premier tour" in words(answer.text) and "It will be held." in words(answer.text)
    assert (await browser.post(NEW, data=filled(token, world, date="2026-12-05"))).status_code == 303
    page = words((await browser.get(f"{BASE}/posts")).text)
    assert "Silence: premier tour" in page and "It will be held." in page


async def test_a_check_says_when_the_months_cap_would_be_passed(
    world: Any, browser: httpx.AsyncClient, enter: Enter, priced: None
) -> None:
    token = await enter()
    assert (await browser.post(NEW, data=filled(token, world))).status_code == 303
    answer = await browser.post(NEW, data=filled(token, world, date="2026-12-02", act="check"))
    assert "The month's cap of $0.300 would be passed: $0.200 is spent or waits." in words(answer.text)


async def test_the_script_is_told_lengths_cost_and_silence_by_the_same_rules(
    world: Any, browser: httpx.AsyncClient, enter: Enter, priced: None
) -> None:
    token = await enter()
    answer = await browser.post(f"{BASE}/posts/check", data=filled(token, world, date="2026-12-05"))
    told = answer.json()
    assert told["counts"]["x"] == {"length": 16 + 2 + 23, "limit": 280, "over": False}
    assert "This post costs $0.200." in words(told["outlook"]) and "premier tour" in told["outlook"]


async def test_what_is_put_in_the_queue_takes_the_next_free_slot(
    world: Any, browser: httpx.AsyncClient, enter: Enter, priced: None
) -> None:
    token = await enter()
    telegram = [str(world.channels[0].id)]
    assert "Canal : Tue 24 Nov 18:00" in words((await browser.get(NEW)).text)
    for expected in (datetime(2026, 11, 24, 17, tzinfo=UTC), datetime(2026, 11, 25, 7, tzinfo=UTC)):
        data = filled(token, world, when="queue", date="", time="", channels=telegram)
        assert (await browser.post(NEW, data=data)).status_code == 303
        assert (await newest(world))[1]["telegram"].due_at == expected
    answer = await browser.post(NEW, data=filled(token, world, when="queue"))
    assert "Channel “Compte” has no posting slots" in words(answer.text)


async def test_a_post_recurs_until_its_end_and_says_so_in_the_list(
    world: Any, browser: httpx.AsyncClient, enter: Enter
) -> None:
    token = await enter()
    series = {
        "when": "series",
        "recurrence": "every first Tuesday at 09:00",
        "until": "2027-06-30",
        "repeat_after": "30",
    }
    assert (await browser.post(NEW, data=filled(token, world, **series))).status_code == 303
    post, rows = await newest(world)
    assert (post.recurrence, post.repeat_after) == ("every first Tuesday at 09:00", 30)
    assert post.recurs_until == datetime(2027, 6, 30, 21, 59, tzinfo=UTC)
    assert rows["telegram"].due_at == datetime(2026, 12, 1, 8, tzinfo=UTC)
    page = words((await browser.get(f"{BASE}/posts")).text)
    assert "Again: every first Tuesday at 09:00 · until 30 Jun 2027" in page


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"when": "series"}, "recurrence", "Is empty: write every first Tuesday"),
        ({"when": "series", "recurrence": "* * * * *"}, "recurrence", "* * * * *"),  # each minute
        ({"when": "series", "recurrence": "0 8 * * *", "until": "soon"}, "until", "is not a date"),
        ({"when": "series", "recurrence": "0 8 * * *", "repeat_after": "x"}, "repeat_after", "whole number"),
        ({"grace": "-5"}, "grace", "whole number"),
        ({"late_policy": "never"}, "late_policy", "Choose one of these."),
    ],
)
async def test_what_cannot_be_read_is_told_beside_its_field(
    world: Any, browser: httpx.AsyncClient, enter: Enter, changes: dict[str, str], field: str, sentence: str
) -> None:
    token, before = await enter(), await stored(world)
    answer = await browser.post(NEW, data=filled(token, world, **changes))
    assert answer.status_code == 422
    told_there = re.findall(rf'<p class="invalid-feedback d-block" id="wrong-{field}-\d">(.*?)</p>', answer.text)
    assert sentence in unescape(" ".join(told_there))
    assert await stored(world) == before


async def test_late_policy_and_grace_are_kept_and_shown(world: Any, browser: httpx.AsyncClient, enter: Enter) -> None:
    token = await enter()
    assert (await browser.post(NEW, data=filled(token, world, late_policy="ask", grace="15"))).status_code == 303
    post, _rows = await newest(world)
    assert (post.late_policy, post.grace) == (LatePolicy.ask, 15)
    assert "if it is late by 15 min, asks" in words((await browser.get(f"{BASE}/posts")).text)


async def test_a_draft_waits_for_its_moment_and_gets_one_by_a_change(
    world: Any, browser: httpx.AsyncClient, enter: Enter
) -> None:
    token = await enter()
    assert (await browser.post(NEW, data=filled(token, world, when="draft"))).status_code == 303
    post, rows = await newest(world)
    assert (post.state, rows["x"].due_at) == (P.draft, None)
    assert f"/posts/{post.id}/edit" in (await browser.get(f"{BASE}/posts")).text
    answer = await browser.post(f"{BASE}/posts/{post.id}/edit", data=filled(token, world))
    assert answer.status_code == 303
    post, rows = await newest(world)
    assert (post.state, rows["x"].due_at) == (P.scheduled, datetime(2026, 12, 1, 7, 30, tzinfo=UTC))


async def test_a_post_is_changed_and_what_is_wrong_stands_beside_its_field(
    world: Any, browser: httpx.AsyncClient, enter: Enter, priced: None
) -> None:
    token = await enter()
    await browser.post(NEW, data=filled(token, world))
    post, _rows = await newest(world)
    path = f"{BASE}/posts/{post.id}/edit"
    form = (await browser.get(path)).text
    assert "Jeudi à la halle</textarea>" in form and 'value="2026-12-01"' in form and "$0.200" in form
    bad = await browser.post(path, data=filled(token, world, **{"text.x": "é" * 300}))
    assert bad.status_code == 422 and "X takes 280 weighted characters" in words(bad.text)
    good = filled(token, world, text="Vendredi à la halle", link="", date="2026-12-02", late_policy="drop")
    assert (await browser.post(path, data=good)).status_code == 303
    post, rows = await newest(world)
    assert (post.text, post.link, post.late_policy) == ("Vendredi à la halle", None, LatePolicy.drop)
    assert rows["x"].cost == 15 and rows["x"].due_at == datetime(2026, 12, 2, 7, 30, tzinfo=UTC)


async def test_a_post_that_was_taken_back_or_is_anothers_is_not_changed(
    world: Any, browser: httpx.AsyncClient, enter: Enter
) -> None:
    token = await enter()
    assert (await browser.get(f"{BASE}/posts/{world.rival_post.id}/edit")).status_code == 404
    await browser.post(f"{BASE}/posts/{world.post.id}/cancel", data={"csrf": token})
    path = f"{BASE}/posts/{world.post.id}/edit"
    assert (await browser.get(path)).status_code == 409
    assert (await browser.post(path, data=filled(token, world))).status_code == 409


async def test_who_wrote_a_post_is_told_that_somebody_else_must_and_why_it_came_back(
    world: Any, browser: httpx.AsyncClient, enter: Enter, visit: Callable[..., httpx.AsyncClient]
) -> None:
    async with world.database.write() as session:
        (await session.get_one(Campaign, world.orne.id)).approvals = 1
        await installation.add_organizer(
            session, world.orne.id, "admin@example.org", "Alix", PASSWORD, Role.admin, world.clock.now
        )
    token = await enter()
    await browser.post(NEW, data=filled(token, world))
    post, _rows = await newest(world)
    own = (await browser.get(f"{BASE}/posts")).text
    assert "0 of 1 have said yes. It is your own post: somebody else must." in words(own)
    assert f"/posts/{post.id}/approve" not in own and f"/posts/{post.id}/send-back" in own
    async with visit() as alix:
        other = await enter("admin@example.org", alix)
        assert f"/posts/{post.id}/approve" in (await alix.get(f"{BASE}/posts")).text
        back = {"csrf": other, "why": "La salle a changé"}
        assert (await alix.post(f"{BASE}/posts/{post.id}/send-back", data=back)).status_code == 303
        assert "Sent back: La salle a changé" in words((await browser.get(f"{BASE}/posts")).text)
        assert (await browser.post(f"{BASE}/posts/{post.id}/submit", data={"csrf": token})).status_code == 303
        assert (await alix.post(f"{BASE}/posts/{post.id}/approve", data={"csrf": other})).status_code == 303
    assert (await newest(world))[0].state is P.scheduled
    # A change takes the yes back.
    await browser.post(f"{BASE}/posts/{post.id}/edit", data=filled(token, world, text="Autrement"))
    assert (await newest(world))[0].state is P.draft


async def test_a_resting_channel_stands_on_top_with_what_to_do(
    world: Any, browser: httpx.AsyncClient, enter: Enter
) -> None:
    async with world.database.write() as session:
        (await session.get_one(Channel, world.channels[1].id)).resting_reason = "X refuses the channel's keys"
    await enter()
    page = (await browser.get(f"{BASE}/posts")).text
    assert "this channel rests, and its posts wait: X refuses the channel's keys" in words(page)
    assert f"{BASE}/channels#channel-{world.channels[1].id}" in page
    there = words((await browser.get(f"{BASE}/channels")).text)
    assert "The channel rests: X refuses the channel's keys" in there
    assert "a new credential, what waited goes on by its late policy" in there


async def test_what_was_held_is_sent_after_or_dropped(world: Any, browser: httpx.AsyncClient, enter: Enter) -> None:
    reason = "the month's cap of $0.300 is reached: $0.200 is spent, this costs $0.200; raise the cap or drop it"
    async with world.database.write() as session:
        rows = (await posts.publications_of(session, [world.post.id]))[world.post.id]
        for publication, _channel in rows:
            publication.state, publication.reason = PublicationState.held, reason
    token = await enter()
    page = (await browser.get(f"{BASE}/posts?lang=fr")).text
    said = words(page).lower().replace("\u202f", " ")
    assert "le plafond du mois, 0,300 $, est atteint : 0,200 $ sont dépensés, ceci coûte 0,200 $" in said
    for (publication, _channel), to in zip(rows, ("queued", "cancelled"), strict=True):
        path = f"{BASE}/publications/{publication.id}/settle"
        assert (await browser.post(path, data={"csrf": token, "to": to})).status_code == 303
    async with world.database.read() as session:
        states = [(await session.get_one(Publication, publication.id)).state for publication, _channel in rows]
    assert states == [PublicationState.queued, PublicationState.cancelled]


async def test_an_admin_sets_slots_and_caps_and_an_editor_does_not(
    world: Any, browser: httpx.AsyncClient, enter: Enter, visit: Callable[..., httpx.AsyncClient]
) -> None:
    async with world.database.write() as session:
        await installation.add_organizer(
            session, world.orne.id, "admin@example.org", "Alix", PASSWORD, Role.admin, world.clock.now
        )
    path, token = f"{BASE}/channels/{world.channels[1].id}", await enter()
    terms = {"slots": "lun-ven 8h, 18h", "monthly_cap": "12,50", "daily_quota": "9"}
    assert (await browser.post(path, data={"csrf": token, **terms})).status_code == 403
    async with visit() as alix:
        token = await enter("admin@example.org", alix)
        assert (await alix.post(path, data={"csrf": token, **terms})).status_code == 303
        async with world.database.read() as session:
            channel = await session.get_one(Channel, world.channels[1].id)
        assert (channel.slots, channel.monthly_cap, channel.daily_quota) == (
            "Mon-Fri 08:00, 18:00, Europe/Paris",
            12_500,
            9,
        )
        for wrong, said in (({"slots": "lundi"}, "“lundi” has no time"), ({"monthly_cap": "much"}, "numbers from 0")):
            answer = await alix.post(path, data={"csrf": token, **terms, **wrong})
            assert answer.status_code == 422 and said in words(answer.text)
        other = await alix.post(f"{BASE}/channels/999", data={"csrf": token, **terms})
        assert other.status_code == 404


async def test_every_new_page_is_refused_to_who_is_not_signed_in(browser: httpx.AsyncClient) -> None:
    for path in (f"{BASE}/channels", f"{BASE}/posts/1/edit"):
        answer = await browser.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/login")
