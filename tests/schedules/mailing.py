"""A campaign's people and the broadcaster that writes to them, on a clock that sleeping moves, and a Telegram that obeys."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from sqlmodel import col, select

from campaigns import broadcasts, supporters
from campaigns.database import Database
from campaigns.handouts import Digest, Run
from campaigns.models import Broadcast, Campaign, Handout, HandoutState, Post, Purpose, Supporter
from campaigns.posts import NewPost, add_post
from campaigns.segments import Segment
from networks.pace import Pace
from schedules.broadcasts import Broadcaster
from tests.conftest import FakeClock


def told(what: Run | Digest) -> str:
    """The titles of a digest's posts, a broadcast's text, or the post's title."""
    if isinstance(what, Digest):
        return " + ".join(post.title for post in what.posts)
    return what.text or what.what.title


class Mail:
    """Telegram for these tests: keeps who got what and when, and says what it was told to say; sleeping moves the clock."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.got: list[tuple[str, str]] = []
        self.at: list[float] = []
        self.answers: list[Exception] = []
        self.numbers: list[int] = []
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        self.time = 0.0  # seconds; the clock itself knows no parts of a microsecond

    def now(self) -> float:
        return self.time

    async def deliver(self, what: Run | Digest, supporter: Supporter) -> int:
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        if self.answers:
            raise self.answers.pop(0)
        self.got.append((supporter.first_name, told(what)))
        self.at.append(self.now())
        self.numbers.append(supporter.telegram_id)
        return len(self.got)

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.clock.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)


class Stage:
    """People, posts and broadcasts of one campaign, and the broadcaster that serves them."""

    def __init__(self, database: Database, clock: FakeClock, campaign: Campaign, folder: Path) -> None:
        self.database, self.clock, self.campaign, self.folder = database, clock, campaign, folder
        self.mail = Mail(clock)
        self.pace = Pace(now=self.mail.now, sleep=self.mail.sleep)
        self.broadcaster = Broadcaster(database, clock, self.mail.deliver, self.pace)

    async def join(self, *names: str, first: int = 1, territory_id: int | None = None) -> list[Supporter]:
        purposes = frozenset({Purpose.contact, Purpose.counting})
        async with self.database.write() as session:
            return [
                (
                    await supporters.join(
                        session,
                        supporters.Joining(
                            self.campaign.id, first + n, name, "fr", purposes, self.clock(), territory_id
                        ),
                    )
                )[0]
                for n, name in enumerate(names)
            ]

    async def post(self, title: str) -> Post:
        async with self.database.write() as session:
            new = NewPost(title, title, publish_at=self.clock(), share_kit=True)
            return await add_post(session, self.campaign.id, new, media_dir=self.folder, now=self.clock())

    async def begin(self, text: str = "Rendez-vous samedi") -> Broadcast:
        async with self.database.write() as session:
            made = await broadcasts.add_broadcast(session, Segment(self.campaign.id), text, self.clock())
            await broadcasts.approve(session, made, None, self.clock())
            await broadcasts.start(session, made, None, self.clock())
            return made

    async def play(self) -> None:
        await self.broadcaster.tick()
        await self.broadcaster.settled()

    async def states(self) -> list[HandoutState]:
        """In the order of the people."""
        async with self.database.read() as session:
            return list(await session.scalars(select(Handout.state).order_by(col(Handout.supporter_id))))

    async def progress(self, broadcast: Broadcast) -> broadcasts.Progress:
        async with self.database.read() as session:
            return await broadcasts.progress(session, broadcast.id)
