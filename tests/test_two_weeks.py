"""Two weeks of a campaign with 1,000 activists, lived through in a minute: every figure equals an independent recount.

The bot, the publisher, the broadcaster and the share links are the program's own, on a clock that this test moves;
Telegram is the stand-in, over HTTP. `tests.fortnight` says what happens, `tests.crowd` does it and keeps the journal,
`tests.recount` counts anew what the journal says.
"""

import io
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlmodel import col, select

from bot.app import BotRunner
from bot.visit import House
from campaigns import missions, silence_windows
from campaigns.database import Database
from campaigns.installation import add_campaign, add_channel, add_territory
from campaigns.missions import NewMission
from campaigns.models import (
    Campaign,
    CampaignTally,
    Channel,
    Consent,
    Engagement,
    Kind,
    Participation,
    PostTally,
    Supporter,
    Tally,
)
from campaigns.opening import opener
from campaigns.posts import NewPost, add_post
from campaigns.settings import read_settings
from commands.serving import settle_memory
from networks.pace import Pace
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_CHANNELS, DEMO_TOKEN
from sandbox.server import SandboxServer
from schedules.broadcasts import Broadcaster
from schedules.publishing import Publisher
from tests.conftest import FakeClock
from tests.crowd import Crowd
from tests.fortnight import KITS, MISSIONS, ONLY, SUNDAY, Fortnight, moment
from tests.recount import Recount, Silence
from web import create_app

SITE = "https://exemple.fr"
SEED = 20261206


class Installation:
    """A campaign that goes to the Vallée's polling day, with what it has to say and to do."""

    def __init__(self, database: Database, clock: FakeClock, folder: Path) -> None:
        self.database, self.clock, self.folder = database, clock, folder
        self.campaign: Campaign
        self.territories: dict[str, int] = {}
        self.posts: dict[int, str] = {}
        self.missions: dict[int, Any] = {}

    async def prepare(self) -> None:
        async with self.database.write() as session:
            new = Campaign(slug="", name="La Région qui ose", slogan="Osons la région !")
            self.campaign = await add_campaign(session, new, self.clock())
            for name in ("Littoral", "Vallée", "Plaine"):
                self.territories[name] = (await add_territory(session, self.campaign.id, name)).id
            channel = await add_channel(
                session, self.campaign.id, "telegram", "Canal", {"chat_id": str(DEMO_CHANNELS[0].id)}
            )
            day = moment(SUNDAY, 12).date()
            await silence_windows.add_polling_day(
                session, self.campaign, day, self.clock(), territory_id=self.territories["Vallée"]
            )
            for title, (on, hour) in MISSIONS.items():
                begins = moment(on, hour)
                made = NewMission(title, "Place du Marché", begins, "Europe/Paris")
                self.missions[(await missions.add_mission(session, self.campaign.id, made, self.clock())).id] = begins
        for title, when in KITS.items():
            await self._add_post(title, moment(*when), channel)

    async def _add_post(self, title: str, due: Any, channel: Channel) -> None:
        new = NewPost(
            title,
            f"{title}\nOn y va, ensemble.",
            publish_at=due,
            timezone="UTC",
            share_kit=True,
            link="https://exemple.fr/agir",
            wordings=(f"{title} : et vous ?", f"{title}, à votre façon."),
            channels=(channel,),
            territory_id=self.territories.get(ONLY.get(title, "")),
        )
        async with self.database.write() as session:
            post = await add_post(session, self.campaign.id, new, media_dir=self.folder, now=self.clock())
        self.posts[post.id] = title


@pytest.fixture
def photo(portrait: bytes) -> bytes:
    with Image.open(io.BytesIO(portrait)) as picture:
        picture.thumbnail((240, 240))
        file = io.BytesIO()
        picture.save(file, "JPEG")
    return file.getvalue()


def simulated(clock: FakeClock) -> Pace:
    """Telegram's pace, on the simulated clock: to wait for a turn moves it."""
    begin = clock()

    async def sleep(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds, microseconds=1))

    return Pace(now=lambda: (clock() - begin).total_seconds(), sleep=sleep)


@pytest.mark.takes_long
@pytest.mark.timeout(900)  # seconds; on two busy cores it took up to 220
async def test_the_figures_of_two_weeks_equal_an_independent_recount(
    database: Database,
    clock: FakeClock,
    sandbox: SandboxClient,
    sandbox_server: SandboxServer,
    tmp_path: Path,
    photo: bytes,
) -> None:
    clock.now = moment(0, 8)
    settings = read_settings(
        _env_file=None,
        data_dir=tmp_path,
        bot_token=DEMO_TOKEN,
        telegram_base_url=sandbox_server.url + "/telegram",
        public_url=SITE,
        secret_key="a key of the tests",
    )
    made = Installation(database, clock, tmp_path)
    await made.prepare()
    pace = simulated(clock)
    house = House(database, settings, clock)
    runner = BotRunner(house, pace)
    crowd = Crowd(sandbox, clock, photo)
    fortnight = Fortnight(
        database=database,
        clock=clock,
        campaign=made.campaign,
        posts={title: number for number, title in made.posts.items()},
        crowd=crowd,
        publisher=Publisher(database, clock, opener(settings), settings.media_dir, worker="test"),
        broadcaster=Broadcaster(database, clock, runner.deliver, pace),
        site=create_app(database=database, settings=settings, clock=clock, secret_key="k", bot_username=None),
        rng=random.Random(SEED),
        territories=made.territories,
    )
    await runner.start()
    settle_memory()
    try:
        await fortnight.live()
    finally:
        await runner.stop()

    vallee = frozenset({None, made.territories["Vallée"]})
    silence = Silence(moment(SUNDAY - 1, 0), moment(SUNDAY + 1, 0), vallee)
    recount = Recount(made.posts, made.missions, [silence], DEMO_CHANNELS[0].id)
    recount.read(crowd.journal)
    assert recount.wrong == []
    assert len(crowd.people) == 1000
    much_happened(recount)
    await the_tables_say_the_same(database, made.posts, recount)


def much_happened(recount: Recount) -> None:
    """Else that two counts are equal would say little."""
    counts = recount.of_campaign()
    assert set(counts) == {str(kind) for kind in Kind}
    assert min(counts.values()) >= 5, counts
    assert counts["received"] > 1500 and counts["visit"] > 500 and counts["recruited"] > 50
    assert recount.me_read > 20
    kits = Counter(title for title, _ in recount.kits)
    assert set(kits) == set(KITS) and min(kits.values()) > 50, kits
    assert set(recount.kits.values()) == {1}, "somebody got the same kit twice"
    assert recount.on_channel == Counter(set(KITS) - {"Le jour du vote"})
    of_nobody = {kind for person, _, kind, _ in recount.rows() if person is None}
    assert of_nobody >= {"received", "opened", "said_shared", "visit", "recruited"}  # of who erased themselves


async def the_tables_say_the_same(database: Database, titles: dict[int, str], recount: Recount) -> None:
    async with database.read() as session:
        people = {row.id: row.telegram_id for row in await session.scalars(select(Supporter))}
        places = list(await session.scalars(select(Participation)))
        agreed = list(await session.scalars(select(Consent).where(col(Consent.withdrawn_at).is_(None))))
        acts = list(await session.scalars(select(Engagement)))
        tallies = list(await session.scalars(select(Tally)))
        of_posts = list(await session.scalars(select(PostTally)))
        of_campaign = list(await session.scalars(select(CampaignTally)))
    lives = recount.lives
    assert {(people[p.supporter_id], p.territory_id, p.stopped_at is not None) for p in places} == {
        (who, life.territory, life.stopped) for who, life in lives.items()
    }
    assert sorted((people[c.supporter_id], str(c.purpose)) for c in agreed) == sorted(
        (who, purpose) for who, life in lives.items() for purpose in life.yes
    )
    found = Counter((people.get(a.supporter_id or 0), titles.get(a.post_id or 0), str(a.kind), a.network) for a in acts)
    assert found == recount.rows()
    assert not_zero({(people[t.supporter_id], str(t.kind)): t.count for t in tallies}) == recount.tallies()
    assert not_zero({(titles[t.post_id], str(t.kind)): t.count for t in of_posts}) == recount.of_posts()
    assert not_zero({str(t.kind): t.count for t in of_campaign}) == recount.of_campaign()


def not_zero(counts: dict[Any, int]) -> Counter[Any]:
    """What was taken back leaves a nought, which is as good as nothing."""
    return Counter({key: n for key, n in counts.items() if n})
