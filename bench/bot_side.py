"""One side of bench.bot in a process of its own: `python -m bench.bot_side CASE HOST [NUMBER]`, in a folder that is its own."""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import func, insert, select
from sqlmodel import SQLModel
from telegram import Bot, Update
from telegram.error import RetryAfter
from telegram.ext import ApplicationBuilder, ContextTypes, MessageHandler, filters

from bench.telegram_stub import FIRST_CHAT
from bot.app import BotRunner
from bot.visit import House
from campaigns import broadcasts
from campaigns.database import Database
from campaigns.installation import add_campaign
from campaigns.models import Broadcast, BroadcastState, Campaign, Consent, Handout, Participation, Purpose, Supporter
from campaigns.segments import Segment
from campaigns.settings import read_settings
from campaigns.times import system_clock
from commands.serving import settle_memory
from networks.pace import PER_SECOND, Pace
from networks.telegram_request import TelegramRequest
from schedules.broadcasts import Broadcaster

TOKEN = "42:TEST"  # noqa: S105 - the stub takes any
TEXT = "BROADCAST: the launch is on Saturday at 13:45. Share the message with your friends, and come with them."
AT_ONCE = 256  # updates; what python-telegram-bot takes for concurrent_updates(True)
NO_LIMIT = 1e9  # messages a second


async def people(database: Database, number: int) -> int:
    """So many supporters who agreed to be written to; the campaign's number."""
    now, rows = datetime.now(UTC), range(1, number + 1)
    async with database.write() as session:
        new = Campaign(slug="", name="La Région qui ose", quiet_from=0, quiet_until=0)  # measured at any hour
        campaign = await add_campaign(session, new, now)
        connection = await session.connection()
        makers: tuple[tuple[type[SQLModel], Callable[[int], dict[str, Any]]], ...] = (
            (Supporter, lambda i: {"id": i, "telegram_id": FIRST_CHAT + i - 1, "first_name": "Zoé", "language": "fr", "created_at": now}),
            (Participation, lambda i: {"supporter_id": i, "campaign_id": campaign.id, "invite_code": f"code{i}", "joined_at": now}),
            (Consent, lambda i: {"supporter_id": i, "campaign_id": campaign.id, "purpose": Purpose.contact, "wording": "1", "language": "fr", "surface": "telegram", "given_at": now}),
        )  # fmt: skip
        for table, row in makers:
            for first in range(0, number, 5_000):
                await connection.execute(insert(table), [row(i) for i in rows[first : first + 5_000]])
    return campaign.id


async def opened(host: str, number: int) -> tuple[House, int]:
    settings = read_settings(_env_file=None, data_dir=Path.cwd(), bot_token=TOKEN, telegram_base_url=host)
    database = Database(settings.store_url)
    await database.prepare()
    return House(database, settings, system_clock), await people(database, number)


async def updates(host: str, number: int) -> None:
    """The bot as it runs, for people it knows, until it is killed."""
    house, _ = await opened(host, number)
    runner = BotRunner(house, Pace(NO_LIMIT))
    print("runs", flush=True)
    sys.stdin.readline()
    await runner.start()
    settle_memory()
    await runner.heard_its_last()


def echo(host: str, number: int) -> None:
    """python-telegram-bot's own echo bot, on our HTTP client, without a database, until it is killed."""

    async def answer(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.effective_chat is not None and update.effective_message is not None
        await context.bot.send_message(update.effective_chat.id, update.effective_message.text or "")

    builder = ApplicationBuilder().token(TOKEN).base_url(f"{host}/bot").concurrent_updates(AT_ONCE)
    app = builder.request(TelegramRequest(AT_ONCE)).get_updates_request(TelegramRequest(1)).build()
    app.add_handler(MessageHandler(filters.TEXT, answer))
    print("runs", flush=True)
    sys.stdin.readline()
    app.run_polling(allowed_updates=["message"], bootstrap_retries=0)


async def plain(host: str, number: int) -> dict[str, Any]:
    """A broadcast as one writes it on python-telegram-bot with its default client: no rows, 256 at once."""
    chats: Iterator[int] = iter(range(FIRST_CHAT, FIRST_CHAT + number))
    async with Bot(TOKEN, base_url=f"{host}/bot") as bot:

        async def work() -> None:
            for chat in chats:
                try:
                    await bot.send_message(
                        chat, TEXT, read_timeout=60, write_timeout=60, connect_timeout=60, pool_timeout=60
                    )
                except RetryAfter:
                    raise SystemExit("the stub has no limit here") from None

        start = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        return {"seconds": time.perf_counter() - start}


async def broadcast(host: str, number: int, pace: float) -> dict[str, Any]:
    """The bot as it runs, and a broadcast to everybody."""
    house, campaign_id = await opened(host, number)
    runner = BotRunner(house, Pace(pace))
    await runner.start()
    settle_memory()
    sender = Broadcaster(house.database, system_clock, runner.deliver, runner.pace)
    async with house.database.write() as session:
        made = await broadcasts.add_broadcast(session, Segment(campaign_id), TEXT, system_clock())
        await broadcasts.approve(session, made, None, system_clock())
        await broadcasts.start(session, made, None, system_clock())
    process, highest = psutil.Process(), 0
    before, start = process.memory_info().rss, time.perf_counter()
    await sender.tick()
    waiting = asyncio.ensure_future(sender.settled())
    while not waiting.done():
        highest = max(highest, process.memory_info().rss)
        await asyncio.wait([waiting], timeout=0.25)
    seconds = time.perf_counter() - start
    async with house.database.read() as session:
        ended = await session.get_one(Broadcast, made.id, populate_existing=True)
        assert ended.state is BroadcastState.done, ended.state
        states = await session.execute(select(Handout.state, func.count()).group_by(Handout.state))  # type: ignore[call-overload]
        rows = {str(row[0]): row[1] for row in states}
    await runner.stop()
    await house.database.close()
    return {"seconds": seconds, "growth": (highest - before) / 2**20, "rows": rows}


CASES: dict[str, Callable[[str, int], Coroutine[Any, Any, dict[str, Any] | None]]] = {
    "updates": updates,
    "plain": plain,
    "fast": lambda host, number: broadcast(host, number, NO_LIMIT),
    "paced": lambda host, number: broadcast(host, number, PER_SECOND),
}

if __name__ == "__main__":
    case, address, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if case == "echo":
        echo(address, size)
    elif (answer := asyncio.run(CASES[case](address, size))) is not None:
        print(json.dumps(answer))
