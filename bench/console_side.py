"""The server of bench.console in a process of its own: `python -m bench.console_side FOLDER SUPPORTERS POSTS ACTS`.

Writes the database, prints its port and its pages as JSON, then serves until it is killed.
"""

import asyncio
import json
import re
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn

from bench.large import SLUG, Size, fill
from bench.vaults import vault_in
from campaigns.database import Database
from campaigns.settings import read_settings
from campaigns.times import system_clock
from commands.serving import bind, settle_memory
from web import create_app

# What stands in an address for a parameter: the newest row of that kind.
NEWEST = {
    "post_id": "post",
    "publication_id": "publication",
    "channel_id": "channel",
    "territory_id": "territory",
    "supporter_id": "supporter",
    "mission_id": "mission",
    "broadcast_id": "broadcast",
    "segment_id": "segment",
    "frame_id": "frame",
    "organizer_id": "organizer",
}


def pages_of(routes: Any, store: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Each GET route of the console with an address; those without a row to stand for are left out."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from pages_of(inner.routes, store)
        elif "GET" in (getattr(route, "methods", None) or ()) and route.path.startswith("/console"):
            url = _address(route.path, store)
            if url is not None:
                yield route.path, url


def _address(path: str, store: sqlite3.Connection) -> str | None:
    values = {"slug": SLUG}
    for name in re.findall(r"{(\w+)", path):
        if name in values:
            continue
        newest = store.execute(f"SELECT max(id) FROM {NEWEST[name]}").fetchone()[0] if name in NEWEST else None  # noqa: S608 - our own tables
        if newest is None:
            return None
        values[name] = str(newest)
    return re.sub(r"{(\w+)(:\w+)?}", lambda found: values[found[1]], path)


async def main() -> None:
    folder, size = Path(sys.argv[1]), Size(*map(int, sys.argv[2:5]))
    file = folder / "porte-voix.sqlite3"
    fill(file, size, now=system_clock())
    settings = read_settings(_env_file=None, data_dir=folder, host="127.0.0.1", port=0)
    database = Database(settings.store_url, vault_in(folder))
    app = create_app(database=database, settings=settings, clock=system_clock, secret_key="bench", bot_username="bench_bot")  # noqa: S106 # fmt: skip
    with sqlite3.connect(file) as store:
        pages = list(pages_of(app.routes, store))
    listener = bind(settings)
    settle_memory()
    print(json.dumps({"port": listener.getsockname()[1], "pages": pages}), flush=True)
    await uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).serve(sockets=[listener])


if __name__ == "__main__":
    asyncio.run(main())
