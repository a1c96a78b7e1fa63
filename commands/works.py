"""What is done without anybody asking for it, put together: for one process, or for its part in the work of many."""

import os
import random
import socket

from bot import organizers
from bot.app import BotRunner
from bot.visit import House
from campaigns.made_badges import BadgeFiles
from campaigns.made_results import ResultFiles
from campaigns.models import FileKind
from campaigns.opening import opener
from commands.roles import Role, Roles
from networks.webhooks import WebhookSender
from schedules.answers import Answers
from schedules.approvals import Approvals
from schedules.broadcasts import Broadcaster
from schedules.engine import EmbeddedEngine, Engine
from schedules.file_making import FileMaking, Maker
from schedules.forgetting import Forgetting
from schedules.heart import Heart
from schedules.measuring import Measuring
from schedules.menus import Menus
from schedules.notices import Notices
from schedules.publishing import Publisher
from schedules.pulse import MaySend, Pulse, always
from schedules.recurring import Recurring
from schedules.rolling import Rolling
from schedules.settling import Settler
from schedules.signup_messages import SignupMessages
from schedules.tidying import Tidying
from schedules.timetable import Speaker, Work
from schedules.watches import Watches
from schedules.webhooks import Webhooks
from web.sends import SendCounts


def engine_of(house: House, runner: BotRunner | None, sends: SendCounts, roles: Roles) -> Engine:
    """What runs the works in this process: without roles all of them, alone on the store."""
    pulse = Pulse()
    may_send = pulse.beats if roles else always
    publisher = _publisher(house, sends, may_send)
    speakers = _speakers(house, runner, may_send) if runner is not None else []
    files = files_of(house)
    light = [*_light(house), *(_by_the_bot(house, runner) if runner is not None else [])]
    if not roles:
        works: list[Work] = [Heart(house.database, house.clock), publisher, *light, *speakers, files]
        return EmbeddedEngine(house.settings.data_dir, works, house.database)
    from schedules.procrastinate_engine import (
        ProcrastinateEngine,
        Works,
    )  # here: only who has roles waits for its library

    return ProcrastinateEngine(
        house.database,
        house.clock,
        Works(publisher, speakers, light, files, pulse),
        ticks=Role.clock in roles,
        drains=Role.worker in roles,
    )


def _publisher(house: House, sends: SendCounts, may_send: MaySend) -> Publisher:
    return Publisher(
        house.database,
        house.clock,
        opener(house.settings),
        house.settings.media,
        worker=_worker(),
        rng=random.Random(),
        site_url=house.settings.site_url,
        observe=sends,
        may_send=may_send,
    )


def files_of(house: House) -> FileMaking:
    """What makes the files that organizers ask for."""
    settings, store, clock = house.settings, house.database, house.clock
    results = ResultFiles(store, clock, settings.media)
    makers: dict[FileKind, Maker] = {
        FileKind.report_pdf: results.report,
        FileKind.results_xlsx: results.workbook,
        FileKind.badges: BadgeFiles(store, settings.files, settings.frames).badges,
    }
    return FileMaking(store, clock, settings.files, makers, worker=_worker())


def _worker() -> str:
    """Whose a claim is, where this process is alone on the store."""
    return f"{socket.gethostname()}-{os.getpid()}"


def _light(house: House) -> list[Work]:
    settings, store, clock = house.settings, house.database, house.clock
    return [
        Recurring(store, clock),
        Settler(store, clock, opener(settings), settings.media),
        Webhooks(store, clock, WebhookSender()),
        Tidying(store, clock, settings.media, settings.files),
        Measuring(store, clock, opener(settings)),
        Rolling(store, clock),
        Forgetting(store, clock, settings.acts_months),
    ]


def _speakers(house: House, runner: BotRunner, may_send: MaySend) -> list[Speaker]:
    store, clock, pace = house.database, house.clock, runner.pace
    return [
        Broadcaster(store, clock, runner.deliver, pace, house.counts.message, may_send=may_send),
        SignupMessages(store, clock, runner.tell_of_signup, pace, may_send=may_send),
    ]


def _by_the_bot(house: House, runner: BotRunner) -> list[Work]:
    store, clock, settings = house.database, house.clock, house.settings

    async def tell_organizer(telegram_id: int, text: str) -> None:
        await organizers.tell(runner.app.bot, telegram_id, text)

    return [
        Answers(store, clock, runner.answer),
        Approvals(store, clock, runner.tell_of_approval),
        Watches(store, clock, runner.show_progress),
        Menus(store, clock, runner.show_menu),
        Notices(store, clock, tell_organizer, f"{settings.site_url}/console", public=bool(settings.public_url)),
    ]
