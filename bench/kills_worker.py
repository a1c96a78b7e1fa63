"""The part of the program that publishes, alone in a process of its own: `python -m bench.kills_worker STORE SITE`.

The same store, engine, timetable and Publisher as `run_bot.py run`, on the stand-ins at SITE; without bot and pages,
whose start costs a second of CPU that two hundred kills would pay for. Says "runs" when it has started.
"""

import asyncio
import os
import sys
from pathlib import Path

from campaigns.database import Database
from campaigns.models import Channel
from campaigns.times import system_clock
from networks import open_network
from networks.base import Network
from sandbox.defaults import DEMO_TOKEN
from schedules.engine import EmbeddedEngine
from schedules.publishing import Publisher


async def _main(folder: Path, site: str) -> None:
    given = {"telegram": {"bot_token": DEMO_TOKEN, "base_url": f"{site}/telegram"}}

    def open_channel(channel: Channel) -> Network:
        return open_network(channel.network, {**given.get(channel.network, {}), **channel.settings})

    database = Database(f"sqlite:///{folder / 'porte-voix.sqlite3'}")
    await database.prepare()
    worker = f"kills-{os.getpid()}"
    publisher = Publisher(database, system_clock, open_channel, folder / "media", worker=worker)
    await EmbeddedEngine(folder, [publisher]).start()
    print("runs", flush=True)
    await asyncio.Event().wait()  # until it is killed


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), sys.argv[2]))
