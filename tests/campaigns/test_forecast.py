"""What a post will cost and meet, told before it is queued."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from campaigns.database import Database
from campaigns.forecast import forecast, window_in
from campaigns.installation import Terms, set_terms
from campaigns.models import Campaign, Channel, Publication
from campaigns.posts import NewPost, add_post, publications_of
from campaigns.silence_windows import add_window, windows_of

PRICED = {"price_post": 15, "price_link": 200}
THREAD = f"{'a' * 200}\n---\n{'b' * 200}\n---\n{'c' * 200}"


async def test_cost_silence_and_cap_are_told_before_a_post_is_queued(
    database: Database, campaign: Campaign, telegram: Channel, x: Channel, clock: Any, tmp_path: Path
) -> None:
    at = clock() + timedelta(hours=1)
    async with database.write() as session:
        paid = await session.get_one(Channel, x.id)
        set_terms(paid, Terms(price_post=0.015, price_link=0.2, monthly_cap=0.3), "Europe/Paris")
        await add_window(session, campaign, at, at + timedelta(hours=2), "veille du vote")
        new = NewPost("Titre", "Texte", "https://exemple.fr", at, channels=(telegram, paid))
        first = await forecast(session, campaign, new, clock())
        stored = await add_post(session, campaign.id, new, media_dir=tmp_path, now=clock())
        later = NewPost("Titre", "Texte", "https://exemple.fr", at + timedelta(hours=2), channels=(paid,))
        (second,) = await forecast(session, campaign, later, clock())
        (again,) = await forecast(session, campaign, later, clock(), instead_of=stored.id)
        windows = await windows_of(session, campaign.id)
        rows = (await publications_of(session, [stored.id]))[stored.id]
    assert [(o.channel.name, o.due_at, o.cost, o.window is not None, o.over_cap) for o in first] == [
        ("Canal Telegram", at, 0, True, False),
        ("Compte X", at, 200, True, False),
    ]
    assert (second.window, second.spent, second.over_cap) == (None, 200, True)  # the first one waits, and is counted
    assert (again.spent, again.over_cap) == (0, False)  # it would stand in its place
    assert [window_in(windows, channel, publication).reason for publication, channel in rows] == ["veille du vote"] * 2  # type: ignore[union-attr]


async def test_what_is_spent_is_that_of_the_posts_own_month(
    database: Database, campaign: Campaign, x: Channel, clock: Any, tmp_path: Path
) -> None:
    async with database.write() as session:
        paid = await session.get_one(Channel, x.id)
        set_terms(paid, Terms(price_post=0.2, monthly_cap=0.3), "Europe/Paris")
        december = NewPost("Titre", "Texte", None, clock() + timedelta(hours=1), channels=(paid,))
        await add_post(session, campaign.id, december, media_dir=tmp_path, now=clock())
        january = NewPost("Titre", "Autre", None, datetime(2027, 1, 2, 8, tzinfo=UTC), channels=(paid,))
        (outlook,) = await forecast(session, campaign, january, clock())
    assert (outlook.spent, outlook.over_cap) == (0, False)


def test_a_publication_without_a_moment_falls_into_no_window() -> None:
    assert window_in([], Channel(network="x", name="X"), Publication(post_id=1, channel_id=1)) is None
