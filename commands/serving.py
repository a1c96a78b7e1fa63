"""The program: bot, web pages and schedules in one process, or this process's part of them, put together and taken apart in order."""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import twitter_text  # noqa: F401 - now, not while somebody waits for a count
import uvicorn
from fastapi import FastAPI
from rich.text import Text
from telegram.error import InvalidToken, NetworkError
from uvicorn.loops.auto import auto_loop_factory

from bot.app import BotRunner
from bot.visit import House
from bot.webhook import WebhookRefused
from campaigns import first_steps, installation
from campaigns.database import Database
from campaigns.settings import Settings, secret_key
from campaigns.shared_clock import SharedClock
from campaigns.stores import STORE_AWAY, said_by
from campaigns.times import Clock
from campaigns.vault import vault_of
from commands.common import Refused, opened, out, say
from commands.elsewhere import ended, follow_store, follow_token, learn_name
from commands.logs import speaks_json
from commands.roles import SPEAKING, Role, Roles, has, refuse_other_key
from commands.works import engine_of
from networks.pace import Pace
from web.app import create_app, only_metrics
from web.sends import SendCounts
from web.site import Site

log = logging.getLogger(__name__)
BOT_REFUSED = "Telegram refuses PORTEVOIX_BOT_TOKEN; set it to the token that @BotFather shows"
RETRY = 5.0  # seconds between tries to reach Telegram at start
BESIDE = (
    25.0  # messages a second to many people, where answers go out from other processes: Telegram takes about 30 in all
)


class Beside(Protocol):
    """What runs on the same port beside the program: the demo's stand-ins."""

    address: str

    async def mount(self, page: FastAPI, database: Database) -> None:
        """Add its routes, before anything is served."""

    async def close(self) -> None:
        """Answer whoever still waits, so that the server can stop."""


class Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the program stops in its own order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run_program(main: Coroutine[Any, Any, None]) -> None:
    """`asyncio.run` on the loop that uvicorn would take: uvloop, where the system has it."""
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(main)


def bind(settings: Settings, name: str = "port") -> socket.socket:
    """Take the port that this setting names, before anything else starts."""
    port = getattr(settings, name)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Named TCP: on a socket of protocol 0, asyncio leaves Nagle's delay on, 40 ms an answer.
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((settings.host, port))
        taken.listen(2048)
    except OSError as error:
        taken.close()
        reason = f"port {port} on {settings.host} cannot be used ({error.strerror})"
        hint = " (make demo PORT=8123)" if name == "port" else ""
        raise Refused(f"{reason}; set PORTEVOIX_{name.upper()} to another{hint}") from None
    return taken


async def serve(
    settings: Settings,
    own_clock: Clock,
    *,
    taken: socket.socket | None,
    beside: Beside | None = None,
    roles: Roles = frozenset(),
) -> None:
    """Run everything in this process, or the roles, until SIGTERM or SIGINT; what is in flight ends first.

    `taken` is the port of the pages, None where others serve them. Raises DatabaseChanged where another version of the
    program changed the schema meanwhile.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with opened(settings) as database, contextlib.AsyncExitStack() as stack:
        clock = SharedClock(own_clock)
        await clock.set_by(database)
        await _refuse_without_token(database, settings.bot_token.get_secret_value())
        if roles:
            await refuse_other_key(database)
        house = House(database, settings, clock)
        sends = SendCounts()
        page = create_app(
            database=database,
            settings=settings,
            clock=clock,
            secret_key=secret_key(settings),
            bot_username=None,
            sends=sends,
            counts=house.counts,
        )
        if beside is not None:
            await beside.mount(page, database)
        site: Site = page.state.site
        address = beside.address if beside else settings.site_url
        if taken is not None:
            await _serve_pages(page, taken, stack)
        else:
            address = f"as {', '.join(sorted(roles))}"
            if settings.metrics_port:
                await _serve_pages(only_metrics(page), bind(settings, "metrics_port"), stack)
        if beside is not None:
            stack.push_async_callback(beside.close)
        told: Text | None = Text.assemble(
            "Porte-voix runs ", "at " if taken is not None else "", (address, "bold"), " (Ctrl-C stops it)"
        )
        if roles:
            stack.push_async_callback(ended, asyncio.create_task(follow_token(house, site)))
        following = asyncio.create_task(follow_store(database, clock))
        stack.push_async_callback(ended, following)
        following.add_done_callback(lambda _: stop.set())
        while not stop.is_set():
            site.token_changed.clear()
            await _run_works(house, site, sends, stop, told, roles)
            told = None
        if following.done():
            following.result()


async def _serve_pages(page: FastAPI, taken: socket.socket, stack: contextlib.AsyncExitStack) -> None:
    server = Server(
        uvicorn.Config(page, log_config=None, access_log=False, proxy_headers=False, timeout_graceful_shutdown=5)
    )
    serving = asyncio.create_task(server.serve(sockets=[taken]))

    async def stop_serving() -> None:
        page.state.site.boards.close()  # whoever watches one would keep the server from stopping
        server.should_exit = True
        await serving

    stack.push_async_callback(stop_serving)


async def _run_works(
    house: House, site: Site, sends: SendCounts, stop: asyncio.Event, told: Text | None, roles: Roles
) -> None:
    """The schedules, and the bot where there is a token, until the program stops or the token is another one.

    `told` is printed when the schedules run.
    """
    token = house.settings.bot_token.get_secret_value()
    runner = None
    if token and (not roles or roles & SPEAKING):
        runner = BotRunner(house, Pace(BESIDE) if roles else None)
    async with contextlib.AsyncExitStack() as stack:
        if runner is not None:
            stack.push_async_callback(runner.close)  # behind the engine: its last cards go out through the bot
        engine = engine_of(house, runner, sends, roles)
        await engine.start()
        stack.push_async_callback(engine.stop)
        if told is not None:
            say(told)
        if told is not None and has(roles, Role.web):
            with contextlib.suppress(*STORE_AWAY):  # gone already: the timetable says so
                await _tell_of_first_steps(house)
        if not has(roles, Role.bot):
            runner = None  # it only sends
            if token and Role.web in roles:
                stack.push_async_callback(ended, asyncio.create_task(learn_name(house, site)))
        if runner is not None:
            site.take_update = runner.take  # which says "not now" until it has begun, and when it ends
            await runner.register()  # before Telegram answers: a bot that cannot begin must not look well
        if runner is not None and await _start_bot(runner, house.settings, stop, site.token_changed):
            site.bot_username = runner.username
            stack.push_async_callback(runner.hush)
            settle_memory()
            await _until_deaf(runner, house.settings, stop, site.token_changed)
        ends = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(site.token_changed.wait())]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        if stop.is_set():
            say("Stopping; what is being sent ends first.")


async def _tell_of_first_steps(house: House) -> None:
    async with house.database.read() as session:
        if await first_steps.is_untouched(session):
            if speaks_json():  # a log is kept, and read by more people than may set up
                log.warning("nobody can log in yet: make the first account with `organizers add`")
                return
            key = first_steps.setup_key(vault_of(session))
            address = f"{house.settings.site_url}/console/start?key={key}"
            out.print(f"Nobody can log in yet. Make the first account at {address}", soft_wrap=True)


def settle_memory() -> None:
    """What was loaded until now stays to the end: the collector need not look through it again and again.

    That is a quarter of what an update costs.
    """
    gc.collect()
    gc.freeze()


async def _refuse_without_token(database: Database, token: str) -> None:
    async with database.read() as session:
        named = [channel.name for channel in await installation.channels(session) if channel.network == "telegram"]
    if named and not token:
        raise Refused(
            f"channel {named[0]} is on Telegram, and PORTEVOIX_BOT_TOKEN is empty: set it to what @BotFather gave"
        )
    if not token:
        log.warning("PORTEVOIX_BOT_TOKEN is empty: the bot does not run")


async def _until_deaf(runner: BotRunner, settings: Settings, stop: asyncio.Event, changed: asyncio.Event) -> None:
    """Wait for the signal, for another token, or until this one is revoked.

    A token of the environment that is revoked ends the program: a deaf bot must not look alive.
    """
    ends = [asyncio.ensure_future(each) for each in (stop.wait(), changed.wait(), runner.heard_its_last())]
    done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for end in ends:
        end.cancel()
    if ends[2] in done and isinstance(ends[2].exception(), InvalidToken):
        _refused(settings)


def _refused(settings: Settings) -> None:
    """Telegram refuses the token. One that was given in the console can be given anew there, so the program goes on."""
    if not settings.token_is_kept:
        raise Refused(BOT_REFUSED)
    log.error("Telegram refuses the bot's token: give a new one in the console, under First steps")


async def _start_bot(runner: BotRunner, settings: Settings, stop: asyncio.Event, changed: asyncio.Event) -> bool:
    """Start the bot, however long Telegram is away; False where the program was stopped meanwhile, or the token refused."""
    told = ""
    while not stop.is_set() and not changed.is_set():
        try:
            await runner.start()
        except InvalidToken:
            _refused(settings)
            return False
        except NetworkError as error:
            if isinstance(error, WebhookRefused) and error.message != told:
                told = error.message
                log.error("%s", told)
            elif not isinstance(error, WebhookRefused):
                name = type(error).__name__
                log.warning("Telegram cannot be reached (%s); the bot starts as soon as it answers", name)
        except STORE_AWAY as error:
            log.warning("the bot starts as soon as the database answers (%s)", said_by(error))
        else:
            return True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), RETRY)
    return False
