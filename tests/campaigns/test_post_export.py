"""Posts out and in again: CSV, JSON, and the timetable as a calendar reads it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from sqlmodel import col, select

from campaigns import post_calendar, post_export
from campaigns.database import Database
from campaigns.installation import add_campaign, add_channel, add_territory, channels, territories
from campaigns.media import NewPicture
from campaigns.models import Campaign, Channel, LatePolicy, Post, PostState, Publication, PublicationState
from campaigns.post_documents import add_entries, read_document
from campaigns.post_files import FileRefused, read_posts
from campaigns.posts import NewPost, add_post, cancel_post
from tests.conftest import X_KEYS, FakeClock

S = PublicationState
FIELDS = (
    *("title", "text", "link", "publish_at", "timezone", "share_kit", "late_policy", "grace", "state"),
    *("recurrence", "recurs_until", "repeat_after"),
)


class Desk:
    """One campaign, its media folder and a second campaign with the same channels, into which posts come again."""

    def __init__(self, database: Database, clock: FakeClock, campaign: Campaign, folder: Path) -> None:
        self.database, self.clock, self.campaign, self.folder = database, clock, campaign, folder
        self.media = folder / "media"

    async def add(self, post: NewPost) -> Post:
        async with self.database.write() as session:
            return await add_post(session, self.campaign.id, post, media_dir=self.media, now=self.clock())

    async def add_file(self, path: Path, of: Campaign) -> int:
        async with self.database.write() as session:
            read = read_posts(path, await channels(session, of.id), of.timezone, self.clock())
            assert read.bad == ()
            for _, post in read.posts:
                await add_post(session, of.id, post, media_dir=self.media, now=self.clock())
        return len(read.posts)

    async def add_document(self, path: Path, of: Campaign) -> list[Post]:
        async with self.database.write() as session:
            read = read_document(path, await channels(session, of.id), await territories(session, of.id), self.clock())
            assert read.bad == ()
            return await add_entries(session, of.id, read.posts, media_dir=self.media, now=self.clock())

    async def gathered(self, of: Campaign | None = None) -> list[post_export.ExportedPost]:
        async with self.database.read() as session:
            return await post_export.gather(session, of or self.campaign)

    async def second(self) -> Campaign:
        """Another campaign with channels of the same names."""
        async with self.database.write() as session:
            other = await add_campaign(session, Campaign(slug="autre", name="Une autre"), self.clock())
            for channel in await channels(session, self.campaign.id):
                keys = channel.settings or X_KEYS
                await add_channel(session, other.id, channel.network, channel.name, keys)
            await add_territory(session, other.id, "La Réunion", timezone="Indian/Reunion")
            return other

    async def write(self, name: str) -> Path:
        posts = await self.gathered()
        path = self.folder / "out" / name
        post_export.write_pictures(posts, self.media, path.parent / "images")
        path.parent.mkdir(exist_ok=True)
        as_csv = name.endswith(".csv")
        text = post_export.to_csv(posts, "images") if as_csv else self.json(posts)
        path.write_text(text, encoding="utf-8", newline="")
        return path

    def json(self, posts: list[post_export.ExportedPost]) -> str:
        return post_export.to_json(posts, self.campaign, self.clock(), "images")

    async def said(self, of: Campaign) -> list[tuple[object, ...]]:
        """All that an author wrote, in order; nothing that is the database's own."""
        return [
            (
                *(getattr(one.post, name) for name in FIELDS),
                one.versions,
                one.wordings,
                tuple((medium.file, medium.alt) for medium in one.pictures),
                tuple((channel.name, publication.due_at) for publication, channel in one.publications),
                one.territory,
            )
            for one in await self.gathered(of)
        ]


@pytest.fixture
def desk(
    database: Database, clock: FakeClock, campaign: Campaign, telegram: Channel, x: Channel, tmp_path: Path
) -> Desk:
    return Desk(database, clock, campaign, tmp_path)


@pytest.mark.parametrize("name", ["posts.csv", "posts.json"])
async def test_complaint_13_csv_both_ways_and_json_too_with_a_real_campaigns_posts(desk, material, name) -> None:
    assert await desk.add_file(material / "campagne.csv", desk.campaign) == 46
    other = await desk.second()
    path = await desk.write(name)
    if name.endswith(".csv"):
        await desk.add_file(path, other)
    else:
        await desk.add_document(path, other)
    before, after = await desk.said(desk.campaign), await desk.said(other)
    assert len(after) == 46
    assert after == before
    assert any("\n" in str(post[1]) for post in after)
    assert {post[4] for post in after} >= {"Indian/Reunion", "America/Martinique", "Pacific/Noumea"}


@pytest.mark.parametrize("name", ["posts.csv", "posts.json"])
@pytest.mark.parametrize(
    "text",
    [
        'Deux lignes\n\net une troisième, avec des « guillemets », des "droits" et une virgule',
        "Espace fine\u202f; insécable\u00a0: œuf, Æ, ÿ, 👩‍🌾",
        "=1+1",  # a spreadsheet's formula stays text
        "un\r\ndeux",
    ],
)
async def test_accents_newlines_and_quotes_come_back_as_they_were(desk, telegram, x, name, text) -> None:
    at = datetime(2027, 1, 4, 8, 30, 15)  # with seconds
    policy = {"late_policy": LatePolicy.ask, "grace": 15}
    await desk.add(NewPost("Élan", text, publish_at=at, channels=(x, telegram), versions={"x": f"{text} X"}, **policy))
    other = await desk.second()
    path = await desk.write(name)
    await (desk.add_file(path, other) if name.endswith(".csv") else desk.add_document(path, other))
    assert await desk.said(other) == await desk.said(desk.campaign)


@pytest.mark.parametrize("name", ["posts.csv", "posts.json"])
async def test_complaint_13_a_series_comes_back_with_its_end(desk, telegram, name) -> None:
    end = datetime(2027, 1, 31, 22, 59, tzinfo=UTC)
    series = {"recurrence": "every day at 08:30", "recurs_until": end, "repeat_after": 2, "wordings": ("Autrement",)}
    await desk.add(NewPost("Série", "Bonjour", channels=(telegram,), **series))
    other = await desk.second()
    path = await desk.write(name)
    await (desk.add_file(path, other) if name.endswith(".csv") else desk.add_document(path, other))
    assert await desk.said(other) == await desk.said(desk.campaign)


@pytest.mark.parametrize("name", ["posts.csv", "posts.json"])
async def test_complaint_5_both_moments_of_the_hour_that_comes_twice_come_back(desk, telegram, name) -> None:
    first = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    for i, at in enumerate((first, first + timedelta(hours=1))):
        await desk.add(NewPost(f"{i}", "Nuit", publish_at=at, timezone="Europe/Paris", channels=(telegram,)))
    other = await desk.second()
    path = await desk.write(name)
    assert "2027-10-31 02:30" in path.read_text("utf-8")
    assert "2027-10-31 02:30+01:00" in path.read_text("utf-8")
    await (desk.add_file(path, other) if name.endswith(".csv") else desk.add_document(path, other))
    assert [one.post.publish_at for one in await desk.gathered(other)] == [first, first + timedelta(hours=1)]


async def test_what_became_of_a_post_is_in_both_files_and_the_import_passes_over_it(desk, telegram, x) -> None:
    await desk.add(NewPost("Un", "Bonjour", publish_at=datetime(2027, 1, 4, 8, 30), channels=(telegram, x)))
    async with desk.database.write() as session:
        for row in await session.scalars(select(Publication).where(col(Publication.channel_id) == x.id)):
            row.state, row.url, row.reason = S.published, "https://x.example/1", "with a note"
            row.sent_at = datetime(2027, 1, 4, 7, 30, 1, tzinfo=UTC)
    header, row = (await desk.write("posts.csv")).read_text("utf-8-sig").splitlines()
    assert header.endswith("state.Canal Telegram,address.Canal Telegram,state.Compte X,address.Compte X")
    assert row.endswith("queued,,published,https://x.example/1")
    document = json.loads((await desk.write("posts.json")).read_text("utf-8"))
    assert (document["format"], document["version"]) == ("porte-voix posts", 1)
    told = {entry["channel"]: entry for entry in document["posts"][0]["publications"]}
    assert told["Compte X"]["address"] == "https://x.example/1"
    assert told["Compte X"]["sent"] == "2027-01-04T07:30:01Z"
    assert told["Compte X"]["reason"] == "with a note"
    other = await desk.second()
    await desk.add_file(desk.folder / "out" / "posts.csv", other)
    ((_, publications),) = [(one, one.publications) for one in await desk.gathered(other)]
    assert {publication.state for publication, _ in publications} == {S.queued}


async def test_a_post_that_was_taken_back_does_not_come_to_life_again(desk, telegram) -> None:
    post = await desk.add(NewPost("Non", "Non", publish_at=datetime(2027, 1, 4, 8, 30), channels=(telegram,)))
    draft = await desk.add(NewPost("Ébauche", "Peut-être", channels=(telegram,)))
    async with desk.database.write() as session:
        await cancel_post(session, desk.campaign.id, post.id, desk.clock())
    assert "Non" not in (await desk.write("posts.csv")).read_text("utf-8")
    other = await desk.second()
    await desk.add_document(await desk.write("posts.json"), other)
    again = {one.post.title: one for one in await desk.gathered(other)}
    assert again["Non"].post.state is PostState.cancelled
    assert [publication.state for publication, _ in again["Non"].publications] == [S.cancelled]
    assert again[draft.title].post.state is PostState.draft


async def test_pictures_and_territories_come_along_by_name(desk, telegram, material) -> None:
    async with desk.database.write() as session:
        place = await add_territory(session, desk.campaign.id, "La Réunion", timezone="Indian/Reunion")
    picture = NewPicture("a.png", (material / "images" / "train-a-un-euro.png").read_bytes(), "Un train")
    at = datetime(2027, 1, 4, 8, 30)
    await desk.add(
        NewPost("Train", "Le train", publish_at=at, channels=(telegram,), pictures=(picture,), territory_id=place.id)
    )
    other = await desk.second()
    await desk.add_document(await desk.write("posts.json"), other)
    (again,) = await desk.gathered(other)
    assert again.territory == "La Réunion"
    assert [medium.alt for medium in again.pictures] == ["Un train"]
    assert (desk.media / again.pictures[0].file).read_bytes() == picture.data


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[1]", "is not a document of posts"),
        ("{", "is not a document of posts"),
        ('{"format": "porte-voix posts", "version": 2, "posts": []}', "version"),
        ('{"posts": [{"title": "a"}]}', "posts.1.text"),
    ],
)
def test_a_document_that_cannot_be_read_is_one_sentence(tmp_path, clock, content, said) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(FileRefused, match=said):
        read_document(tmp_path / "a.json", [], [], clock())


def test_complaint_11_each_wrong_post_of_a_document_is_named_with_its_field(tmp_path, clock) -> None:
    posts = [
        {"title": "Un", "text": "a", "publish_at": "2027-03-28 02:30", "publications": [{"channel": "Nulle part"}]},
        {"title": "Deux", "text": "b", "publish_at": "2020-01-01 08:00", "pictures": [{"file": "../a.png"}]},
        {"title": "Trois", "text": "c", "territory": "Atlantide", "share_kit": True},
    ]
    (tmp_path / "a.json").write_text(json.dumps({"posts": posts}))
    bad = [str(entry) for entry in read_document(tmp_path / "a.json", [], [], clock()).bad]
    for said in (
        "post 1 (“Un”), publish_at: 2027-03-28 02:30 does not exist in Europe/Paris",
        "post 1 (“Un”), channels: channel “Nulle part” is unknown",
        "post 2 (“Deux”), publish_at: 2020-01-01 08:00 (Europe/Paris) is in the past",
        "post 2 (“Deux”), pictures: ../a.png lies outside",
        "post 3 (“Trois”), territory: territory “Atlantide” is unknown",
    ):
        assert any(line.startswith(said) for line in bad), bad


async def test_the_calendar_has_an_event_a_post_with_zone_channels_and_state(desk, material) -> None:
    await desk.add_file(material / "campagne.csv", desk.campaign)
    posts = await desk.gathered()
    written = post_calendar.to_ics(posts, desk.campaign, desk.clock())
    assert max(map(len, written.split(b"\r\n"))) <= 75  # RFC 5545, 3.1
    calendar = Calendar.from_ical(written)
    events = {str(event["uid"]): event for event in calendar.walk("VEVENT")}
    assert len(events) == 46
    assert {str(zone["tzid"]) for zone in calendar.walk("VTIMEZONE")} == {one.post.timezone for one in posts}
    for one in posts:
        event = events[f"post-{one.post.id}@la-region-qui-ose.porte-voix"]
        assert event.decoded("dtstart") == one.post.publish_at
        assert event["dtstart"].params["TZID"] == one.post.timezone
        assert str(event["summary"]) == one.post.title
        assert "Canal Telegram (telegram): queued" in event["description"] or "Compte X (x)" in event["description"]
    later = Calendar.from_ical(post_calendar.to_ics(posts, desk.campaign, desk.clock() + timedelta(days=1)))
    assert {str(event["uid"]) for event in later.walk("VEVENT")} == set(events)


@pytest.mark.parametrize(
    "at",
    [
        datetime(2027, 3, 28, 0, 59, tzinfo=UTC),  # 01:59, the last minute before the gap
        datetime(2027, 3, 28, 1, 0, tzinfo=UTC),  # 03:00
        datetime(2027, 10, 31, 0, 30, tzinfo=UTC),  # 02:30 for the first time
        datetime(2027, 10, 31, 1, 30, tzinfo=UTC),  # 02:30 for the second time
    ],
)
async def test_complaint_5_the_calendar_keeps_each_moment_of_both_nights(desk, telegram, at) -> None:
    await desk.add(NewPost("Nuit", "Nuit", publish_at=at, timezone="Europe/Paris", channels=(telegram,)))
    written = post_calendar.to_ics(await desk.gathered(), desk.campaign, desk.clock())
    (event,) = Calendar.from_ical(written).walk("VEVENT")
    read = event.decoded("dtstart")
    assert read.astimezone(UTC) == at
    assert read.astimezone(ZoneInfo("Europe/Paris")).hour == at.astimezone(ZoneInfo("Europe/Paris")).hour
