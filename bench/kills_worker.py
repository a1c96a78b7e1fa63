"""The part of the program that publishes, alone in a process of its own.

The same store, engine, timetable, Publisher and Settler as `run_bot.py run`, on the stand-ins at SITE; without bot and
pages. The process is forked from one that has the libraries loaded: to load them costs seconds, which two hundred kills
would pay for. It has a memory, connections and files of its own, and nothing of it outlives kill -9 but the data folder.
"""

import asyncio
import logging
import os
from multiprocessing.connection import Connection
from pathlib import Path

from bench.vaults import vault_in
from campaigns.channel_secrets import settings_of
from campaigns.database import Database
from campaigns.models import Channel
from campaigns.times import system_clock
from networks import NETWORKS, open_network
from networks.base import Network
from sandbox.defaults import DEMO_TOKEN
from schedules.engine import EmbeddedEngine
from schedules.publishing import Publisher
from schedules.settling import Settler

PRELOADED = [__name__, "aiosqlite", "alembic.command", *(path.partition(":")[0] for path in NETWORKS.values())]


def live(folder: Path, site: str, says: Connection) -> None:
    """Until it is killed; sends True when it has started."""
    logging.basicConfig(filename=folder / "worker.log", level=logging.WARNING)
    asyncio.run(_live(folder, site, says))


async def _live(folder: Path, site: str, says: Connection) -> None:
    vault = vault_in(folder)
    given = {"telegram": {"bot_token": DEMO_TOKEN, "base_url": f"{site}/telegram"}}

    def open_channel(channel: Channel) -> Network:
        return open_network(channel.network, {**given.get(channel.network, {}), **settings_of(vault, channel)})

    database = Database(f"sqlite:///{folder / 'porte-voix.sqlite3'}", vault)
    await database.prepare()
    worker = f"kills-{os.getpid()}"
    publisher = Publisher(database, system_clock, open_channel, folder / "media", worker=worker)
    settler = Settler(database, system_clock, open_channel, folder / "media")
    await EmbeddedEngine(folder, [publisher, settler], database).start()
    says.send(True)
    await asyncio.Event().wait()
