"""What stands behind the composer: pasted text, previews, near duplicates, uploads and sketches."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from campaigns import handouts, interests, sketches, uploads
from campaigns.database import Database
from campaigns.interests import InterestProblem
from campaigns.media import NewPicture
from campaigns.models import Campaign, Channel, Organizer, Post
from campaigns.pasted_text import cleaned
from campaigns.post_preview import cropped, preview
from campaigns.post_warnings import near_duplicate
from campaigns.posts import NewPost, add_post
from networks.limits import LIMITS
from tests.campaigns.test_editing import png


@pytest.mark.parametrize(
    ("pasted", "kept"),
    [
        ("“Un train”, c’est l’avenir…", "“Un train”, c’est l’avenir…"),  # smart quotes stay
        ("ré\u00adgion\u200b\ufeff", "région"),  # soft hyphen, zero width, byte order mark
        ("Un\r\ndeux\rtrois\x0bquatre", "Un\ndeux\ntrois\nquatre"),  # Windows, old Mac, Word's line break
        ("Venez\u00a0tous", "Venez tous"),  # out of a web page
        (
            "Venez\u202f! «\u00a0Oui\u00a0» 10\u00a0000\u00a0€",
            "Venez\u202f! «\u00a0Oui\u00a0» 10\u00a0000\u00a0€",
        ),  # French
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),  # one family
        ("<!--[if gte mso 9]><xml>x</xml><![endif]-->Bonjour<o:p></o:p>", "Bonjour"),
    ],
)
def test_what_is_pasted_becomes_plain_text(pasted: str, kept: str) -> None:
    assert cleaned(pasted) == kept
    assert cleaned(kept) == kept


@pytest.mark.parametrize(
    ("size", "ratio", "focus", "box"),
    [
        ((400, 200), 1.0, (50, 50), (100, 0, 200, 200)),  # the middle
        ((400, 200), 1.0, (0, 50), (0, 0, 200, 200)),  # never beyond the edge
        ((400, 200), 1.0, (100, 50), (200, 0, 200, 200)),
        ((200, 400), 1.0, (50, 75), (0, 200, 200, 200)),
        ((1, 1), 16 / 9, (50, 50), (0, 0, 1, 1)),
    ],
)
def test_a_crop_keeps_the_focal_point_in_sight(size: Any, ratio: float, focus: Any, box: Any) -> None:
    assert cropped(size, ratio, focus) == box


@pytest.mark.parametrize("network", LIMITS)
def test_a_preview_shows_what_goes_out(campaign: Campaign, network: str) -> None:
    """Stamp, credit, own version and link; the thread where the network has one, each part with its own count."""
    stamped = campaign.model_copy(update={"sponsor_line": "Payé par nous"})
    text = "a" * 250 + "\n---\n" + "b" * 260
    post = NewPost("Titre", text, "https://example.org/x", pictures=(NewPicture("a.png", png(), credit="Jo"),))
    found = preview(network, post, stamped)
    assert len(found.parts) == (2 if network in ("x", "mastodon", "bluesky") else 1)
    last = found.parts[-1].text
    assert last.endswith("📷 Jo\n\nPayé par nous\n\nhttps://example.org/x")
    assert found.pictures[0].box == (2, 0, 36, 20) and found.card == ""
    own = preview(network, replace(post, versions={network: "Court"}, pictures=()), stamped)
    assert own.parts[0].text.startswith("Court") and own.length < 60 and not own.over
    assert bool(own.card) is (network != "mail")


async def test_a_post_that_says_nearly_the_same_is_found(
    database: Database, campaign: Campaign, telegram: Channel, clock: Any, tmp_path: Path
) -> None:
    said = "Le train de sept heures douze est encore supprimé ce matin"
    async with database.write() as session:
        new = NewPost("Un", said, channels=(telegram,))
        stored = await add_post(session, campaign.id, new, media_dir=tmp_path, now=clock())
    async with database.read() as session:
        near = await near_duplicate(session, campaign.id, said.replace("ce matin", "ce soir"), clock())
        assert near is not None and near.id == stored.id
        assert await near_duplicate(session, campaign.id, said, clock(), instead_of=stored.id) is None
        assert await near_duplicate(session, campaign.id, "Tout autre chose, sur le prix de l’eau", clock()) is None
        assert await near_duplicate(session, campaign.id + 1, said, clock()) is None
        assert await near_duplicate(session, campaign.id, said, clock() + timedelta(days=31)) is None


async def test_an_upload_is_the_campaigns_own_and_is_forgotten_after_a_month(
    database: Database, campaign: Campaign, clock: Any, tmp_path: Path
) -> None:
    async with database.write() as session:
        file = (
            await uploads.add_upload(session, campaign.id, None, NewPicture("a.png", png()), tmp_path, clock())
        ).file
        assert await uploads.names_of(session, campaign.id, [file, "other.png"]) == {file: "a.png"}
        assert await uploads.names_of(session, campaign.id + 1, [file]) == {}
        await uploads.forget_old(session, tmp_path, clock() + timedelta(days=29))
        assert (tmp_path / file).exists()
        await uploads.forget_old(session, tmp_path, clock() + timedelta(days=31))
        assert not (tmp_path / file).exists()
        assert await uploads.names_of(session, campaign.id, [file]) == {}


async def test_a_file_that_a_post_has_stays(
    database: Database, campaign: Campaign, telegram: Channel, clock: Any, tmp_path: Path
) -> None:
    async with database.write() as session:
        file = (
            await uploads.add_upload(session, campaign.id, None, NewPicture("a.png", png()), tmp_path, clock())
        ).file
        new = NewPost("Un", "Texte", channels=(telegram,), pictures=(NewPicture(file, png()),))
        await add_post(session, campaign.id, new, media_dir=tmp_path, now=clock())
        await uploads.forget_old(session, tmp_path, clock() + timedelta(days=31))
    assert (tmp_path / file).exists()


async def test_a_share_kit_goes_to_the_recipients_that_were_chosen(
    database: Database, campaign: Campaign, clock: Any, tmp_path: Path
) -> None:
    async with database.write() as session:
        theme = await interests.add_interest(session, campaign.id, "Transports")
        new = NewPost("Un", "Texte", share_kit=True, kit_language="en", kit_interest_id=theme.id)
        stored = await add_post(session, campaign.id, new, media_dir=tmp_path, now=clock())
        segment = handouts.Run(stored).segment
        assert (segment.language, segment.interest_id) == ("en", theme.id)
        with pytest.raises(InterestProblem, match="a share kit for who chose “Transports” waits"):
            await interests.remove_interest(session, theme)


async def test_a_sketch_is_its_organizers_own_and_goes_after_a_month(
    database: Database, campaign: Campaign, telegram: Channel, clock: Any, tmp_path: Path, organizers: Any
) -> None:
    mine, other = organizers
    async with database.write() as session:
        kept = await sketches.keep(session, campaign.id, mine, clock(), fields={"title": ["Un"]})
        again = await sketches.keep(session, campaign.id, mine, clock(), fields={"title": ["Deux"]}, sketch_id=kept.id)
        assert again.id == kept.id and again.fields == {"title": ["Deux"]}
        stolen = await sketches.keep(session, campaign.id, other, clock(), fields={"title": ["X"]}, sketch_id=kept.id)
        assert stolen.id != kept.id
        assert [each.id for each in await sketches.unfinished(session, campaign.id, mine)] == [kept.id]
        await sketches.keep(session, campaign.id, mine, clock() + timedelta(days=31), fields={"title": ["Neuf"]})
        assert await sketches.find(session, campaign.id, mine, kept.id) is None


async def test_who_else_has_a_post_open_is_known_for_two_minutes(
    database: Database, campaign: Campaign, telegram: Channel, clock: Any, tmp_path: Path, organizers: Any
) -> None:
    mine, other = organizers
    async with database.write() as session:
        new = NewPost("Un", "Texte", channels=(telegram,))
        post: Post = await add_post(session, campaign.id, new, media_dir=tmp_path, now=clock())
        await sketches.keep(session, campaign.id, other, clock(), fields=None, post_id=post.id)
        assert await sketches.others_at(session, campaign.id, mine, post.id, clock()) == ["Nadia"]
        assert await sketches.others_at(session, campaign.id, other, post.id, clock()) == []
        assert await sketches.others_at(session, campaign.id, mine, post.id, clock() + timedelta(minutes=3)) == []


@pytest.fixture
async def organizers(database: Database, clock: Any) -> tuple[int, int]:
    async with database.write() as session:
        rows = [
            Organizer(email=f"{name}@example.org", name=name, password_hash="x", created_at=clock())
            for name in ("Karim", "Nadia")
        ]
        session.add_all(rows)
        await session.flush()
        return rows[0].id, rows[1].id
