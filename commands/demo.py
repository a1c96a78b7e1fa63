"""demo: the fictional campaign of the sandbox, played on this machine by the real program."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from campaigns import addresses, communes, event_planning, installation, interests, missions, silence_windows
from campaigns.channel_secrets import change_settings
from campaigns.database import Database
from campaigns.media import NewPicture
from campaigns.media_stores import MediaHome
from campaigns.models import Campaign, Channel, EventKind, LatePolicy, MissionKind, Organizer, Role
from campaigns.posts import NewPost, add_post
from campaigns.settings import Settings
from campaigns.slots import parse_slots
from campaigns.times import Clock, to_utc
from commands.common import opened, say
from sandbox import stage
from sandbox.__main__ import Server as SandboxServer
from sandbox.app import Sandbox, create_sandbox
from sandbox.bluesky.state import DEMO_ACTORS
from sandbox.crowd import Crowd
from sandbox.defaults import COMMUNES, DEMO_ACCOUNTS, DEMO_CHANNELS, DEMO_PEOPLE, DEMO_TOKEN, PersonSeed
from sandbox.facebook.state import DEMO_PAGES
from sandbox.mail.server import DEMO_LOGIN
from sandbox.mastodon.state import DEMO_MEMBERS
from sandbox.posters import poster
from web.console.access import sign_in

log = logging.getLogger(__name__)
CHANNEL = replace(DEMO_CHANNELS[0], title=stage.NAME, username=stage.ACCOUNT)
ACCOUNT = replace(DEMO_ACCOUNTS[0], name=stage.NAME, username=stage.ACCOUNT)
MEMBER = replace(DEMO_MEMBERS[0], name=stage.NAME, username=stage.ACCOUNT)
ACTOR = replace(DEMO_ACTORS[0], name=stage.NAME, handle=stage.BLUESKY_HANDLE)
PAGE = replace(DEMO_PAGES[0], name=stage.NAME)
TEAM = PersonSeed(500_010, "Camille, de l’équipe", "camille_equipe", "fr", "shown")  # talks with the bot as ORGANIZER
FOLDER = Path("var/demo")
VOTE_AHEAD = timedelta(days=50)  # at least; far enough for the first posts to need nobody's yes


def settings_of(folder: Path, site: str) -> dict[str, Any]:
    """The settings of a demo: everything on this machine, whatever the environment says."""
    return {
        "data_dir": folder,
        "database_url": f"sqlite:///{folder / 'porte-voix.sqlite3'}",
        "bot_token": SecretStr(DEMO_TOKEN),
        "telegram_base_url": f"{site}/sandbox/telegram",
        "public_url": site,
        "host": "127.0.0.1",
        "log_level": "WARNING",
    }


class Demo:
    """The sandbox beside the real program, in one process and on one port."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self.address = f"{settings.site_url}/sandbox/"
        links = [
            (
                "Console de l’équipe",
                "Écrire et programmer un message, voir les comptes. Vous y êtes déjà connecté·e.",
                "/console/demo",
            ),
            ("Page de la campagne", "Ce que voit tout le monde, avec les boutons de partage.", "/"),
            ("Badge de soutien", "Une photo, un cadre, un prénom, sans Telegram.", "/badge"),
            (
                "L’équipe sur son téléphone",
                "Dans le même bot\u202f: valider, écrire (/publier), décider (/bureau), parler en direct (/live).",
                f"/sandbox/chat?person={TEAM.id}",
            ),
        ]
        self._sandbox = stand_ins(settings.data_dir, clock, links)
        self._crowd: asyncio.Task[None] | None = None
        self._link_code = ""

    async def mount(self, page: FastAPI, database: Database) -> None:
        """Put the sandbox under /sandbox, and the campaign into an empty database."""
        smtp_port = await self._sandbox.mail.start()
        await fill(database, self._settings, self._clock, smtp_port)
        async with database.write() as session:
            self._link_code = await installation.make_link_code(session, stage.ORGANIZER)
        page.mount("/sandbox", self._sandbox)

        @page.get("/console/demo")
        async def enter(request: Request) -> Response:
            async with database.read() as session:
                organizer = await installation.log_in(session, stage.ORGANIZER, PASSWORD)
            answer = RedirectResponse("/console", 303)
            if organizer is not None:
                await sign_in(request, answer, organizer.id)
            return answer

        self._crowd = asyncio.create_task(self._play())

    async def _play(self) -> None:
        try:
            sandbox, team = f"{self._settings.site_url}/sandbox", (TEAM.id, f"o-{self._link_code}")
            await Crowd(sandbox, self._settings.site_url, organizer=team).play()
        except Exception:  # the crowd is decoration: the demo goes on without it
            log.exception("the demo's other supporters stopped")

    async def close(self) -> None:
        if self._crowd is not None:
            self._crowd.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._crowd
        self._sandbox.close()


def stand_ins(folder: Path, clock: Clock, links: Sequence[tuple[str, str, str]] = ()) -> Sandbox:
    """Telegram and the networks with the demo's accounts and people, and what they saw before in this folder."""
    return create_sandbox(
        clock=clock,
        store=folder / "sandbox.sqlite3",
        bots={DEMO_TOKEN: f"{stage.ACCOUNT}_bot"},
        channels=(CHANNEL,),
        accounts=(ACCOUNT,),
        members=(MEMBER,),
        actors=(ACTOR,),
        pages=(PAGE,),
        people=(*DEMO_PEOPLE, TEAM),
        link_titles={f"{stage.LINK}{post.path}": post.title for post in stage.POSTS if post.path},
        home_links=links,
    )


async def serve_stand_ins(settings: Settings, clock: Clock, taken: socket.socket) -> None:
    """Only them, for a demo whose program runs as other processes; its channels in the store are led here."""
    sandbox = stand_ins(settings.data_dir, clock)
    site = f"http://{settings.host}:{settings.port}"
    smtp_port = await sandbox.mail.start()
    async with opened(settings) as database, database.write() as session:
        await _follow_ports(session, where_it_is(site, smtp_port))
    page = FastAPI()
    page.mount("/sandbox", sandbox)
    server = SandboxServer(uvicorn.Config(page, log_config=None, access_log=False, timeout_graceful_shutdown=5))
    server.sandbox = sandbox
    say(f"The stand-ins are at {site}/sandbox/ (Ctrl-C stops them)")
    await server.serve(sockets=[taken])


PASSWORD = "demonstration"  # noqa: S105 - the demo listens on this machine only


async def fill(database: Database, settings: Settings, clock: Clock, smtp_port: int) -> None:
    """Write the fictional campaign, its channels on the stand-ins, and its posts, unless it is there."""
    now = clock()
    addressed = where_it_is(settings.site_url, smtp_port)
    async with database.write() as session:
        if await installation.campaigns(session):
            await _follow_ports(session, addressed)
            return
        campaign = Campaign(
            slug=stage.SLUG,
            name=stage.NAME,
            slogan=stage.SLOGAN,
            about=stage.ABOUT,
            hashtag=stage.HASHTAG,
            primary_colour=stage.PRIMARY,
            secondary_colour=stage.SECONDARY,
            text_colour=stage.TEXT,
            near_vote_days=stage.NEAR_VOTE,
            quiet_from=0,
            quiet_until=0,  # who tries it at night shall see it, too
        )
        await installation.add_campaign(session, campaign, now)
        for name in stage.TERRITORIES:
            await installation.add_territory(session, campaign.id, name)
        towns = communes.read_communes(COMMUNES, await installation.territories(session, campaign.id))
        await communes.store_communes(session, campaign.id, towns.communes)
        vote = await _add_polling_day(session, campaign, now)
        await _add_relays(session, campaign, now)
        await _add_missions(session, campaign, now)
        await _add_events(session, campaign, vote, now)
        for theme in stage.THEMES:
            await interests.add_interest(session, campaign.id, theme)
        channels = {
            network: await installation.add_channel(
                session, campaign.id, network, name, {**keys_of(network), **addressed.get(network, {})}
            )
            for network, name in stage.CHANNELS.items()
        }
        _set(channels)
        await installation.add_organizer(session, campaign.id, stage.ORGANIZER, "Camille", PASSWORD, Role.admin, now)
        nadia = await installation.add_organizer(
            session, campaign.id, stage.COLLEAGUE, "Nadia", PASSWORD, Role.editor, now
        )
        for post in stage.POSTS:
            await _add_post(session, campaign, post, channels, vote, nadia, settings.media, now)


def keys_of(network: str) -> dict[str, str]:
    """A channel's settings on the stand-ins, without where these listen."""
    account = DEMO_ACCOUNTS[0]
    keys = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
    return {
        "telegram": {"chat_id": str(CHANNEL.id)},
        "x": {name: getattr(account, name) for name in keys},
        "mastodon": {"access_token": MEMBER.access_token},
        "bluesky": {"handle": ACTOR.handle, "app_password": ACTOR.app_password},
        "facebook": {"page_id": PAGE.id, "access_token": PAGE.access_token},
        "mail": {
            "host": "127.0.0.1",
            "username": DEMO_LOGIN[0],
            "password": DEMO_LOGIN[1],
            "sender": stage.SENDER,
            "starttls": "no",
            "per_minute": "600",
        },
    }[network]


def where_it_is(site_url: str, smtp_port: int) -> dict[str, dict[str, str]]:
    """Where the stand-ins listen this time."""
    web = {network: {"base_url": f"{site_url}/sandbox/{network}"} for network in stage.CHANNELS}
    return {**web, "telegram": {}, "mail": {"port": str(smtp_port)}}


def _set(channels: dict[str, Channel]) -> None:
    """Slots, and what X asks for a post with a cap that is soon reached."""
    for channel in channels.values():
        channel.slots = str(parse_slots(stage.SLOTS, "Europe/Paris"))
    channels["x"].price_post, channels["x"].price_link = round(stage.X_PRICE * 1000), round(stage.X_PRICE_LINK * 1000)
    channels["x"].monthly_cap = round(stage.X_CAP * 1000)


async def _add_polling_day(session: AsyncSession, campaign: Campaign, now: datetime) -> datetime:
    """A vote on a Sunday to come; gives its midnight on the campaign's clock."""
    ahead = now + VOTE_AHEAD
    day = (ahead + timedelta(days=6 - ahead.weekday())).date()
    await silence_windows.add_polling_day(session, campaign, day, now, label="premier tour")
    return datetime.combine(day, datetime.min.time())


async def _add_relays(session: AsyncSession, campaign: Campaign, now: datetime) -> None:
    places = {place.name: place.id for place in await installation.territories(session, campaign.id)}
    people = [
        addresses.NewAddress(f"{installation.slug_of(name)}@relais.example", name, places[territory])
        for name, territory in stage.RELAYS
    ]
    await addresses.store_addresses(session, campaign.id, people, now)


async def _add_missions(session: AsyncSession, campaign: Campaign, now: datetime) -> None:
    places = {place.name: place.id for place in await installation.territories(session, campaign.id)}
    for planned in stage.MISSIONS:
        at = now + planned.after
        new = missions.NewMission(
            title=planned.title,
            place=planned.place,
            starts_at=at.replace(minute=0, second=0, microsecond=0) if planned.after >= timedelta(days=1) else at,
            timezone=campaign.timezone,
            kind=MissionKind(planned.kind),
            aim=planned.aim,
            capacity=planned.capacity,
            territory_id=places[planned.territory] if planned.territory else None,
        )
        await missions.add_mission(session, campaign.id, new, now)


async def _add_events(session: AsyncSession, campaign: Campaign, vote: datetime, now: datetime) -> None:
    """`vote` is the midnight of the polling day, whose stations are open from 8 to 19."""
    opens, closes = (to_utc(vote + timedelta(hours=hour), campaign.timezone) for hour in (8, 19))
    for planned in stage.EVENTS:
        starts_at = opens if planned.after is None else now + planned.after
        new = event_planning.NewEvent(
            title=planned.title,
            place=planned.place,
            starts_at=starts_at,
            ends_at=closes if planned.after is None else starts_at + planned.lasts,
            timezone=campaign.timezone,
            kind=EventKind(planned.kind),
            about=planned.about,
            reminders=planned.reminders,
        )
        event = await event_planning.add_event(session, campaign.id, new, now)
        for town, stop, before, seats in planned.buses:
            bus = event_planning.NewBus(town, stop, starts_at - before, seats)
            await event_planning.add_bus(session, event, bus, now)


async def _add_post(
    session: AsyncSession,
    campaign: Campaign,
    post: stage.StagePost,
    channels: dict[str, Channel],
    vote: datetime,
    colleague: Organizer,
    media_dir: MediaHome,
    now: datetime,
) -> None:
    pictures = (NewPicture("poster.jpg", poster(post.poster[0]), post.poster[1]),) if post.poster else ()
    moment = (
        to_utc(vote - post.before_vote, campaign.timezone)
        if post.before_vote
        else None
        if post.recurrence
        else now + post.after
    )
    new = NewPost(
        title=post.title,
        text=post.text,
        link=f"{stage.LINK}{post.path}" if post.path else None,
        publish_at=moment.astimezone(UTC) if moment else None,
        timezone=campaign.timezone,
        channels=tuple(channels[network] for network in post.networks),
        share_kit=post.share_kit,
        versions=post.versions,
        wordings=post.wordings,
        pictures=pictures,
        recurrence=post.recurrence,
        late_policy=LatePolicy(post.late_policy),
    )
    author = colleague.id if post.colleague else None
    await add_post(session, campaign.id, new, media_dir=media_dir, now=now, author_id=author)


async def _follow_ports(session: AsyncSession, addressed: dict[str, dict[str, str]]) -> None:
    """The demo may be started again on other ports: its channels move along."""
    for channel in await installation.channels(session):
        change_settings(session, channel, addressed[channel.network])
