"""People of the comms team in the chat with the bot, and what the tables then hold of their posts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from campaigns.database import Database
from campaigns.installation import add_organizer
from campaigns.models import (
    Audit,
    Campaign,
    Channel,
    Media,
    Organizer,
    OrganizerRole,
    Post,
    Publication,
    Role,
)
from tests.bot.conftest import Person, plain, written


@dataclass
class Team:
    """The organizers of an installation, and their posts."""

    database: Database
    campaign: Campaign
    clock: object

    async def seat(self, who: Person, role: Role = Role.editor, campaign: Campaign | None = None) -> Organizer:
        """Make a person an organizer of the campaign, whose account is linked."""
        now: datetime = self.clock()  # type: ignore[operator]
        async with self.database.write() as session:
            found = await add_organizer(
                session,
                (campaign or self.campaign).id,
                f"{who.id}@exemple.fr",
                who.name,
                "une phrase longue",
                role,
                now,
            )
            found.telegram_id = who.id
            return found

    async def revoke(self, organizer: Organizer, campaign: Campaign | None = None) -> None:
        async with self.database.write() as session:
            row = await session.get_one(OrganizerRole, (organizer.id, (campaign or self.campaign).id))
            await session.delete(row)

    async def posts(self) -> list[Post]:
        async with self.database.read() as session:
            return list(await session.scalars(select(Post).order_by(col(Post.id))))

    async def media(self) -> list[Media]:
        async with self.database.read() as session:
            return list(await session.scalars(select(Media).order_by(col(Media.post_id), col(Media.position))))

    async def publications(self) -> list[tuple[str, str, str]]:
        """(title, channel, state) of each."""
        async with self.database.read() as session:
            rows = await session.execute(
                select(Post.title, Channel.name, Publication.state)
                .join(Publication, col(Publication.post_id) == col(Post.id))
                .join(Channel, col(Channel.id) == col(Publication.channel_id))
                .order_by(col(Publication.id))
            )
            return [(title, name, state.value) for title, name, state in rows.all()]

    async def audits(self) -> list[tuple[str, int | None]]:
        """(action, organizer) of each row."""
        async with self.database.read() as session:
            rows = await session.scalars(select(Audit).order_by(col(Audit.id)))
            return [(row.action, row.organizer_id) for row in rows]


async def cards(who: Person, beginning: str) -> list[str]:
    """The bot's messages in this chat that begin so, as they stand."""
    return [written(m) for m in await who.messages() if m["from"]["is_bot"] and written(m).startswith(beginning)]


async def last(who: Person) -> str:
    return plain(written((await who.messages())[-1]))


def named(posts: Sequence[Post]) -> list[str]:
    return [post.title for post in posts]
