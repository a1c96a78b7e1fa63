"""What every command needs: settings, the database, one sentence for a user's mistake."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncSession

from badges import BadgeError
from campaigns import bot_tokens, channel_secrets, installation, webhook_secrets
from campaigns.access_tokens import TokenRefused
from campaigns.backups import BackupProblem
from campaigns.database import Database, DatabaseAway, DatabaseProblem
from campaigns.interests import InterestProblem
from campaigns.media_stores import MediaAway, MediaProblem
from campaigns.models import Campaign
from campaigns.plans import PlanProblem
from campaigns.post_files import FileRefused
from campaigns.settings import Settings, SettingsProblem, read_settings, vault_for
from campaigns.times import TimeProblem, system_clock
from campaigns.webhooks import TargetRefused
from commands import logs
from networks.errors import ChannelSettingsWrong
from schedules.engine import EngineProblem

log = logging.getLogger(__name__)

# Titles and reasons are people's and networks' own: what looks like "[bold]" or ":heart:" in them is printed as it is.
out = Console(markup=False, emoji=False, highlight=False)

CampaignOption = Annotated[str | None, typer.Option("--campaign", help="Its slug; needed where there are several.")]

TerritoryOption = Annotated[
    str | None, typer.Option("--territory", help="Of this territory and those below; else of the whole campaign.")
]


class Refused(Exception):
    """The command cannot do this; the message is for the user."""


KNOWN_PROBLEMS = (
    Refused,
    SettingsProblem,
    DatabaseProblem,
    BackupProblem,
    MediaProblem,
    MediaAway,
    EngineProblem,
    FileRefused,
    TimeProblem,
    BadgeError,
    PlanProblem,
    InterestProblem,
    TokenRefused,
    TargetRefused,
    ChannelSettingsWrong,
    installation.NotFound,
    installation.AlreadyThere,
)


def checked(good: bool, said: str, title: str = "") -> Text:
    """A line with a tick or a cross before it, and its title in bold."""
    mark = ("✓ ", "green") if good else ("✗ ", "red")
    return Text.assemble(mark, (f"{title}  ", "bold") if title else "", said)


@contextmanager
def sentences() -> Iterator[None]:
    """A user's mistake is one sentence and a non-zero exit, never a traceback."""
    try:
        yield
    except KNOWN_PROBLEMS as problem:
        if logs.speaks_json():
            log.critical("%s", problem)
        else:
            print(f"Error: {problem}", file=sys.stderr)  # noqa: T201 - to the terminal, whatever the log level
        raise typer.Exit(os.EX_TEMPFAIL if isinstance(problem, DatabaseAway) else 1) from None


def run_async(main: Coroutine[Any, Any, None]) -> None:
    with sentences():
        asyncio.run(main)


def prepared_settings(**overrides: Any) -> Settings:
    """The settings, logging as they say, and a data folder that can be written."""
    settings = read_settings(**overrides)
    logs.set_up(settings.log_level, settings.log_format)
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        probe = settings.data_dir / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        reason = error.strerror or error
        raise Refused(
            f"the folder {settings.data_dir} cannot be written ({reason}); set PORTEVOIX_DATA_DIR to one that can"
        ) from None
    return settings


def say(said: Text | str) -> None:
    """To the terminal; where the program speaks JSON, as an event of its log."""
    if logs.speaks_json():
        log.info("%s", said)
    else:
        out.print(said)


def people_are(n: int) -> str:
    """How many, before what is done to them."""
    return "1 person is" if n == 1 else f"{n} people are"


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.store_url, vault_for(settings))
    try:
        await database.prepare(settings.database_wait)
        await _lock_what_is_open(database)
        async with database.read() as session:
            await bot_tokens.take_kept(session, settings)
        yield database
    finally:
        await database.close()


async def _lock_what_is_open(database: Database) -> None:
    """The credentials that an earlier version stored in the clear."""
    async with database.read() as session:
        if not await channel_secrets.some_are_open(session) and not await webhook_secrets.some_are_open(session):
            return
    async with database.write() as session:
        found = await channel_secrets.lock_what_is_open(session) + await webhook_secrets.lock_what_is_open(session)
    log.info("%d credentials of channels and webhooks are locked now; older backups hold them in the clear", found)


async def campaign_of(session: AsyncSession, slug: str | None) -> Campaign:
    """The named campaign, or the only one. A new installation is given one, so that its first command works."""
    if slug is None and not await installation.campaigns(session):
        out.print("There was no campaign yet: “Campagne” was made. `campaigns add` makes others.")
        return await installation.add_campaign(session, Campaign(slug="campagne", name="Campagne"), system_clock())
    return await installation.find_campaign(session, slug)
