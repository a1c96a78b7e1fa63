"""What `rehearse` costs: the command itself, in a process of its own, on a queue of three weeks."""

import asyncio
import os
import resource
import statistics
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.rows import Row, Say, row
from bench.vaults import vault_in
from campaigns import installation
from campaigns.database import Database
from campaigns.models import Campaign, Post, PostState, Publication

POSTS = 500  # an hour apart
ROUNDS = 3
GOAL = 30.0  # seconds of CPU, also in a storm: as long as somebody waits at a terminal for three weeks of posts
ROOT = Path(__file__).parent.parent
X_KEYS = dict.fromkeys(("consumer_key", "consumer_secret", "access_token", "access_token_secret"), "secret")
CHANNELS = [
    ("telegram", "Canal", {"chat_id": "@canal"}),
    ("x", "Compte X", X_KEYS),
    ("x", "Compte X d’une section", X_KEYS),
    ("mastodon", "Mastodon", {"base_url": "https://exemple.fr", "access_token": "secret"}),
]


def run(say: Say = lambda _: None) -> list[Row]:
    """CPU seconds of the whole command, start of Python and page included."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        publications = asyncio.run(_fill(folder))
        cases = {"": [], "--faults=storm": ["--faults", "storm"]}
        found: dict[str, list[float]] = {case: [] for case in cases}
        for turn in range(1, ROUNDS + 1):
            for case, options in cases.items():
                say(f"rehearsal: {POSTS} posts {case}, round {turn} of {ROUNDS}")
                found[case].append(_cpu(folder, options))
    plain, storm = (statistics.median(seconds) for seconds in found.values())
    queue = f"{publications:,} publications on {len(CHANNELS)} channels over {POSTS // 24} days"
    against = f"{queue}; with --faults storm {storm:.1f} s"
    name = f"rehearsal: CPU of `rehearse --html` of {POSTS} posts"
    return [row(name, round(plain, 1), "s", against, f"< {GOAL:g} s", plain < GOAL and storm < GOAL)]


async def _fill(folder: Path) -> int:
    """Each post on one to four channels; how many publications."""
    database = Database(f"sqlite:///{folder / 'porte-voix.sqlite3'}", vault_in(folder))
    await database.prepare()
    now, count = datetime.now(UTC), 0
    async with database.write() as session:
        campaign = await installation.add_campaign(session, Campaign(slug="", name="Le rail public"), now)
        channels = [await installation.add_channel(session, campaign.id, *each) for each in CHANNELS]
        for number in range(POSTS):
            due = now + timedelta(hours=number + 1)
            text = (
                f"Rendez-vous n° {number * 7919 % 1000}, {number % 97} rue de la gare, quai {number**2}. #LeRailPublic"
            )
            post = Post(campaign_id=campaign.id, title=f"Rendez-vous {number}", text=text, state=PostState.scheduled,
                        publish_at=due, created_at=now)  # fmt: skip
            session.add(post)
            await session.flush()
            chosen = channels[: 1 + number % len(channels)]
            session.add_all(Publication(post_id=post.id, channel_id=channel.id, due_at=due) for channel in chosen)
            count += len(chosen)
    await database.close()
    return count


def _cpu(folder: Path, options: list[str]) -> float:
    command = [sys.executable, str(ROOT / "run_bot.py"), "rehearse", "--html", str(folder / "page.html"), *options]
    environment = os.environ | {"PORTEVOIX_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
