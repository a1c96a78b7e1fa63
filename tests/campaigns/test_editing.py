"""A post is changed before it is out: checked as a new one, approved anew, paid for by its new text."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from campaigns.database import Database
from campaigns.editing import as_written, change_post
from campaigns.installation import Terms, set_terms
from campaigns.models import Campaign, Channel, LatePolicy, Post, PublicationState
from campaigns.models import PostState as P
from campaigns.posts import NewPost, PostRefused, add_post, publications_of


@pytest.fixture
async def post(
    database: Database, campaign: Campaign, telegram: Channel, x: Channel, clock: Any, tmp_path: Path
) -> Post:
    async with database.write() as session:
        paid = await session.get_one(Channel, x.id)
        set_terms(paid, Terms(price_post=0.015, price_link=0.2), "Europe/Paris")
        at = clock() + timedelta(hours=2, seconds=30)
        new = NewPost("Titre", "Texte", None, at, channels=(telegram, paid), versions={"x": "Court"}, grace=30)
        return await add_post(session, campaign.id, new, media_dir=tmp_path, now=clock())


async def changed(database: Database, post: Post, clock: Any, tmp_path: Path, **what: Any) -> dict[str, Any]:
    """The post and its publications after a change of these fields."""
    async with database.write() as session:
        row = await session.get_one(Post, post.id)
        before = await as_written(session, row, tmp_path)
        await change_post(session, row, before, replace(before, **what), None, clock())
        after = await as_written(session, row, tmp_path)
        rows = (await publications_of(session, [post.id]))[post.id]
    return {
        "post": row,
        "written": after,
        "costs": {c.network: p.cost for p, c in rows},
        "due": {p.due_at for p, _ in rows},
    }


async def test_text_link_version_and_policy_are_written_and_the_cost_follows(
    database: Database, post: Post, clock: Any, tmp_path: Path
) -> None:
    what = {"text": "Mieux", "link": "https://exemple.fr", "versions": {}, "late_policy": LatePolicy.drop, "grace": 5}
    found = await changed(database, post, clock, tmp_path, **what)
    written = found["written"]
    assert (written.text, written.link, written.versions) == ("Mieux", "https://exemple.fr", {})
    assert (written.late_policy, written.grace) == (LatePolicy.drop, 5)
    assert found["costs"] == {"telegram": 0, "x": 200}
    assert found["due"] == {post.publish_at}  # not moved, its seconds included


async def test_a_moved_post_moves_its_publications(database: Database, post: Post, clock: Any, tmp_path: Path) -> None:
    async with database.read() as session:
        before = await as_written(session, post, tmp_path)
    assert before.publish_at is not None
    found = await changed(database, post, clock, tmp_path, publish_at=before.publish_at + timedelta(days=1))
    assert found["due"] == {found["post"].publish_at}
    assert found["post"].publish_at - post.publish_at == timedelta(days=1)


async def test_a_change_that_a_network_would_refuse_changes_nothing(
    database: Database, post: Post, clock: Any, tmp_path: Path
) -> None:
    with pytest.raises(PostRefused, match="x takes 280 weighted characters, the text has 300"):
        await changed(database, post, clock, tmp_path, versions={"x": "a" * 300})
    with pytest.raises(PostRefused, match="is in the past"):
        await changed(database, post, clock, tmp_path, publish_at=(clock() - timedelta(days=1)).replace(tzinfo=None))
    async with database.read() as session:
        assert (await as_written(session, await session.get_one(Post, post.id), tmp_path)).versions == {"x": "Court"}


async def test_what_was_held_may_be_changed_after_its_moment(
    database: Database, post: Post, clock: Any, tmp_path: Path
) -> None:
    async with database.write() as session:
        for publication, _channel in (await publications_of(session, [post.id]))[post.id]:
            publication.state = PublicationState.held
    clock.advance(timedelta(days=1))
    assert (await changed(database, post, clock, tmp_path, text="Après coup"))["written"].text == "Après coup"


async def test_a_change_takes_the_yes_back_where_one_is_needed(
    database: Database, campaign: Campaign, post: Post, clock: Any, tmp_path: Path
) -> None:
    async with database.write() as session:
        (await session.get_one(Campaign, campaign.id)).approvals = 1
    assert (await changed(database, post, clock, tmp_path, text="Autre"))["post"].state is P.draft
