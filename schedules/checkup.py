"""What `doctor` looks at: settings, database, disk, clock, token and channels, a finding each with what to do."""

import asyncio
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from campaigns import installation
from campaigns.database import Database
from campaigns.media_stores import opened
from campaigns.models import Channel
from campaigns.settings import Settings
from campaigns.stores import shown_address
from campaigns.times import Clock
from networks.base import Network
from networks.errors import NetworkProblem
from networks.telegram import username_of

LITTLE_DISK = 500_000_000  # bytes; pictures and the database's log need room
LARGEST_SKEW = timedelta(seconds=5)  # a post would go out that early or late


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    good: bool
    said: str


async def look(
    database: Database, settings: Settings, open_network: Callable[[Channel], Network], clock: Clock
) -> list[Finding]:
    """Every finding, the good ones included."""
    async with database.read() as session:
        campaigns = await installation.campaigns(session)
        channels = await installation.channels(session)
    return [
        _settings(settings),
        Finding(
            "database", True, f"{shown_address(settings.store_url)} is up to date, with {len(campaigns)} campaigns"
        ),
        _disk(settings),
        *await _media(settings),
        await _clock(settings, clock),
        *await _stores_clock(database, clock),
        await _token(settings),
        *[await _channel(channel, open_network) for channel in channels],
    ]


def _settings(settings: Settings) -> Finding:
    if not settings.public_url:
        said = f"PORTEVOIX_PUBLIC_URL is empty: links would lead to {settings.site_url}; set it to your site's https address"
        return Finding("settings", False, said)
    if not settings.public_url.startswith("https://"):
        return Finding(
            "settings", False, f"PORTEVOIX_PUBLIC_URL is {settings.public_url}: people's browsers need https://"
        )
    return Finding("settings", True, f"links lead to {settings.public_url}")


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.data_dir).free
    if free < LITTLE_DISK:
        return Finding(
            "disk", False, f"{settings.data_dir} has {free / 1e6:.0f} MB left: make room, or set PORTEVOIX_DATA_DIR"
        )
    return Finding("disk", True, f"{settings.data_dir} has {free / 1e9:.1f} GB left")


async def _media(settings: Settings) -> list[Finding]:
    """Whether the bucket of pictures takes and gives; nothing where there is none."""
    if not settings.media_url:
        return []
    store, probe = opened(settings.media), f".probe-{os.getpid()}"
    try:
        await asyncio.to_thread(store.store, probe, b"doctor")
        await asyncio.to_thread(store.load, probe)
        await asyncio.to_thread(store.delete, probe)
    except OSError as away:
        return [Finding("pictures", False, str(away))]
    return [Finding("pictures", True, f"{settings.media_url.partition('?')[0]} can be read and written")]


async def _stores_clock(database: Database, clock: Clock) -> list[Finding]:
    """Compared with that of the database's server, by which every process goes."""
    async with database.read() as session:
        theirs = await database.time(session)
    if theirs is None:
        return []
    skew = clock() - theirs
    if abs(skew) <= LARGEST_SKEW:
        return [Finding("database's clock", True, f"within {LARGEST_SKEW.total_seconds():.0f} s of this machine's")]
    where = "behind" if skew > timedelta() else "ahead of"
    said = f"it is {abs(skew).total_seconds():.0f} s {where} this machine's, and counts for all: switch on time synchronisation on both"
    return [Finding("database's clock", False, f"{said} (timedatectl set-ntp true)")]


async def _clock(settings: Settings, clock: Clock) -> Finding:
    """Compared with the Date that Telegram's server gives with its answers."""
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.head(settings.telegram_base_url)
        theirs: datetime = parsedate_to_datetime(answer.headers["date"])
    except (httpx.HTTPError, KeyError, ValueError) as error:
        said = f"{settings.telegram_base_url} did not tell the time ({type(error).__name__}); check the network"
        return Finding("clock", False, said)
    skew = abs(clock() - theirs)
    if skew > LARGEST_SKEW:
        return Finding(
            "clock",
            False,
            f"it is {skew.total_seconds():.0f} s off; switch on time synchronisation (timedatectl set-ntp true)",
        )
    return Finding("clock", True, f"within {LARGEST_SKEW.total_seconds():.0f} s of Telegram's")


async def _token(settings: Settings) -> Finding:
    token = settings.bot_token.get_secret_value()
    if not token:
        return Finding("bot token", False, "PORTEVOIX_BOT_TOKEN is empty; ask @BotFather for one")
    try:
        username = await username_of(token, settings.telegram_base_url)
    except NetworkProblem as problem:
        return Finding("bot token", False, str(problem))
    return Finding("bot token", True, f"the bot is @{username}")


async def _channel(channel: Channel, open_network: Callable[[Channel], Network]) -> Finding:
    what = f"channel {channel.name}"
    try:
        network = open_network(channel)
        try:
            said = await network.check()
        finally:
            await network.close()
    except NetworkProblem as problem:
        return Finding(what, False, str(problem))
    if channel.resting_reason:
        return Finding(what, False, f"{said} answers, but the channel rests; `channels check` lets it send again")
    return Finding(what, True, f"{channel.network}: {said}")
