"""A post is changed before it is out: checked as a new one, approved anew, paid for by its new text."""

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from campaigns import approval
from campaigns.database import Database
from campaigns.editing import Change, ChangedMeanwhile, as_written, change_post
from campaigns.installation import Terms, set_terms
from campaigns.media import NewPicture
from campaigns.models import Campaign, Channel, LatePolicy, Post, PublicationState
from campaigns.models import PostState as P
from campaigns.posts import NewPost, PostRefused, add_post, publications_of
from campaigns.publications import contents_of


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
        await change_post(session, row, before, replace(before, **what), None, clock(), tmp_path)
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


async def test_pictures_wordings_and_recipients_are_changed_too(
    database: Database, post: Post, clock: Any, tmp_path: Path
) -> None:
    picture = NewPicture("halle.png", png(), "Une halle", "Jo Petit", (10, 90))
    what = {"pictures": (picture,), "wordings": ("Deux", "Un"), "share_kit": True, "kit_language": "en"}
    written = (await changed(database, post, clock, tmp_path, **what))["written"]
    assert [(p.alt, p.credit, p.focus) for p in written.pictures] == [("Une halle", "Jo Petit", (10, 90))]
    assert (written.wordings, written.share_kit, written.kit_language) == (("Deux", "Un"), True, "en")
    bare = (await changed(database, post, clock, tmp_path, pictures=()))["written"]
    assert bare.pictures == ()


async def test_who_made_the_picture_goes_out_behind_the_text(
    database: Database, post: Post, clock: Any, tmp_path: Path
) -> None:
    await changed(database, post, clock, tmp_path, pictures=(NewPicture("a.png", png(), credit="Jo Petit"),))
    async with database.read() as session:
        ids = {c.network: p.id for p, c in (await publications_of(session, [post.id]))[post.id]}
        contents = await contents_of(session, list(ids.values()))
    assert contents[ids["x"]].text == "Court\n\n📷 Jo Petit"
    assert contents[ids["telegram"]].text == "Texte\n\n📷 Jo Petit"


async def test_who_saves_over_anothers_change_is_told_and_nothing_is_lost(
    database: Database, post: Post, clock: Any, tmp_path: Path
) -> None:
    """The version is raised by every way in: the form, the bot and the use case itself."""
    async with database.write() as session:
        await approval.edit(session, await session.get_one(Post, post.id), None, clock(), text="De Nadia")
    with pytest.raises(ChangedMeanwhile) as told:
        async with database.write() as session:
            row = await session.get_one(Post, post.id)
            before = await as_written(session, row, tmp_path)
            mine = replace(before, text="De Karim")
            await change_post(session, row, before, mine, None, clock(), tmp_path, seen=1)
    assert told.value.last == Change("", clock())
    async with database.read() as session:
        row = await session.get_one(Post, post.id)
        assert (row.text, row.version) == ("De Nadia", 2)


async def test_a_picture_without_a_description_is_refused_where_the_campaign_asks_for_one(
    database: Database, post: Post, campaign: Campaign, clock: Any, tmp_path: Path
) -> None:
    async with database.write() as session:
        (await session.get_one(Campaign, campaign.id)).alt_required = True
    with pytest.raises(PostRefused, match=r"alt: picture a\.png has no description"):
        await changed(database, post, clock, tmp_path, pictures=(NewPicture("a.png", png()),))
    await changed(database, post, clock, tmp_path, pictures=(NewPicture("a.png", png(), "Une halle"),))


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 20), "#3377AA").save(file, "PNG")
    return file.getvalue()
