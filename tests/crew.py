"""One program as several processes with roles, on one server and the stand-ins; and a campaign with channels for them."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from campaigns import broadcasts, installation, posts, supporters
from campaigns.database import Database, DatabaseAway
from campaigns.media import NewPicture
from campaigns.models import Campaign, Channel, Publication, PublicationState, Purpose
from campaigns.posts import NewPost
from campaigns.segments import Segment
from campaigns.times import system_clock
from sandbox.client import SandboxClient
from tests.conftest import free_port
from tests.program import Program


class Crew:
    """`await crew.start("worker")` gives the process; all of them are stopped at the end."""

    def __init__(self, program: Program, sandbox: SandboxClient) -> None:
        self._program, self.sandbox = program, sandbox
        self._started: list[Program] = []

    async def start(self, *roles: str, skew: int = 0, **settings: str) -> Program:
        """Runs when this returns; on a machine whose clock is `skew` seconds ahead."""
        started = self._program.again()
        started.set(PORT=str(free_port()), **settings)
        if skew:
            started.skew(skew)
        self._started.append(started)
        await started.start("run", *(part for role in roles for part in ("--role", role)))
        await started.line("Porte-voix runs")
        return started

    async def stop(self) -> None:
        for started in self._started:
            await started.stop()

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Database]:
        database = self._program.store(self._program.vault)
        try:
            yield database
        finally:
            await database.close()

    async def put_to_sleep(self, process: Program) -> None:
        """At a moment when it writes nothing: others would wait for that write until the server ends its session."""
        while True:
            process.signal(signal.SIGSTOP)
            try:
                async with self.store() as database, database.write():
                    return
            except (DatabaseAway, DBAPIError):
                process.signal(signal.SIGCONT)

    async def channels(self, count: int, *, campaign: str = "Campagne") -> list[Channel]:
        """On Telegram, each with a chat of its own, in one campaign, which is made unless it is there."""
        async with self.store() as database, database.write() as session:
            there = {each.name: each for each in await installation.campaigns(session)}
            made = there.get(campaign) or await installation.add_campaign(
                session, Campaign(slug="", name=campaign), system_clock()
            )
            return [
                await installation.add_channel(
                    session,
                    made.id,
                    "telegram",
                    f"Canal {n}",
                    {"chat_id": str(await self.sandbox.channel(f"Canal {n}"))},
                )
                for n in range(count)
            ]

    async def queue(
        self, channels: list[Channel], *texts: str, at: datetime | None = None, pictures: tuple[NewPicture, ...] = ()
    ) -> None:
        """These posts, in this order, on each of these channels."""
        async with self.store() as database, database.write() as session:
            for text in texts:
                now = system_clock()
                new = NewPost(text[:80], text, publish_at=at or now, channels=tuple(channels), pictures=pictures)
                media = self._program.folder / "media"
                await posts.add_post(session, channels[0].campaign_id, new, media_dir=media, now=now)

    async def people(self, count: int) -> list[int]:
        """Supporters of a campaign without quiet hours, to whom the bot may write; their numbers on Telegram."""
        found = [await self.sandbox.person(f"P{n}", language_code="fr") for n in range(count)]
        async with self.store() as database, database.write() as session:
            new = Campaign(slug="", name="Campagne", quiet_from=0, quiet_until=0)
            campaign = await installation.add_campaign(session, new, system_clock())
            for number in found:
                purposes = frozenset({Purpose.contact})
                joining = supporters.Joining(campaign.id, number, "P", "fr", purposes, system_clock())
                await supporters.join(session, joining)
        for number in found:
            await self.sandbox.start(number)
        return found

    async def broadcast(self, text: str) -> None:
        """To everybody, at once."""
        async with self.store() as database, database.write() as session:
            (campaign,) = await installation.campaigns(session)
            made = await broadcasts.add_broadcast(session, Segment(campaign.id), text, system_clock())
            await broadcasts.approve(session, made, None, system_clock())
            await broadcasts.start(session, made, None, system_clock())

    async def accepted(self, channel: Channel) -> list[str]:
        """What followers of a channel can see, in order."""
        ledger = await self.sandbox.ledger(service="telegram", channel=channel.settings["chat_id"])
        return [entry["text"] for entry in ledger]

    async def states(self, channel: Channel) -> list[PublicationState]:
        async with self.store() as database, database.read() as session:
            query = select(col(Publication.state)).where(col(Publication.channel_id) == channel.id)
            return list(await session.scalars(query.order_by(col(Publication.id))))
