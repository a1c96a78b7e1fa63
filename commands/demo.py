"""demo: the fictional campaign of the sandbox, played on this machine by the real program."""

import asyncio
import contextlib
import logging
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from campaigns import installation
from campaigns.database import Database
from campaigns.media import NewPicture
from campaigns.models import Campaign, Role
from campaigns.posts import NewPost, add_post
from campaigns.settings import Settings
from campaigns.times import Clock
from sandbox import stage
from sandbox.app import create_sandbox
from sandbox.crowd import Crowd
from sandbox.defaults import DEMO_ACCOUNTS, DEMO_CHANNELS, DEMO_TOKEN
from sandbox.posters import poster
from web.console.access import sign_in

log = logging.getLogger(__name__)
CHANNEL = replace(DEMO_CHANNELS[0], title=stage.NAME, username=stage.ACCOUNT)
ACCOUNT = replace(DEMO_ACCOUNTS[0], name=stage.NAME, username=stage.ACCOUNT)
FOLDER = Path("var/demo")


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
        ]
        self._sandbox = create_sandbox(
            clock=clock,
            store=settings.data_dir / "sandbox.sqlite3",
            bots={DEMO_TOKEN: f"{stage.ACCOUNT}_bot"},
            channels=(CHANNEL,),
            accounts=(ACCOUNT,),
            home_links=links,
        )
        self._crowd: asyncio.Task[None] | None = None

    async def mount(self, page: FastAPI, database: Database) -> None:
        """Put the sandbox under /sandbox, and the campaign into an empty database."""
        await fill(database, self._settings, self._clock)
        page.mount("/sandbox", self._sandbox)

        @page.get("/console/demo")
        async def enter(request: Request) -> Response:
            async with database.read() as session:
                organizer = await installation.log_in(session, stage.ORGANIZER, _PASSWORD)
            if organizer is not None:
                sign_in(request, organizer.id)
            return RedirectResponse("/console", 303)

        self._crowd = asyncio.create_task(self._play())

    async def _play(self) -> None:
        try:
            await Crowd(f"{self._settings.site_url}/sandbox", self._settings.site_url).play()
        except Exception:  # the crowd is decoration: the demo goes on without it
            log.exception("the demo's other supporters stopped")

    async def close(self) -> None:
        if self._crowd is not None:
            self._crowd.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._crowd
        self._sandbox.close()


_PASSWORD = "demonstration"  # noqa: S105 - the demo listens on this machine only


async def fill(database: Database, settings: Settings, clock: Clock) -> None:
    """Write the fictional campaign, its channels on the stand-ins, and its posts, unless it is there."""
    now = clock()
    sandbox = f"{settings.site_url}/sandbox"
    async with database.write() as session:
        if await installation.campaigns(session):
            await _follow_port(session, sandbox)
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
        )
        await installation.add_campaign(session, campaign, now)
        for name in stage.TERRITORIES:
            await installation.add_territory(session, campaign.id, name)
        account = DEMO_ACCOUNTS[0]
        keys = {
            name: getattr(account, name)
            for name in ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
        }
        channels = {
            "telegram": await installation.add_channel(
                session, campaign.id, "telegram", stage.TELEGRAM_CHANNEL, {"chat_id": str(CHANNEL.id)}
            ),
            "x": await installation.add_channel(
                session, campaign.id, "x", stage.X_ACCOUNT, {**keys, "base_url": f"{sandbox}/x"}
            ),
        }
        await installation.add_organizer(session, campaign.id, stage.ORGANIZER, "Équipe", _PASSWORD, Role.admin, now)
        for post in stage.POSTS:
            pictures = (NewPicture("poster.jpg", poster(post.poster[0]), post.poster[1]),) if post.poster else ()
            new = NewPost(
                title=post.title,
                text=post.text,
                link=f"{stage.LINK}{post.path}" if post.path else None,
                publish_at=(now + post.after).astimezone(UTC),
                timezone=campaign.timezone,
                channels=tuple(channels[network] for network in post.networks),
                share_kit=post.share_kit,
                versions=post.versions,
                wordings=post.wordings,
                pictures=pictures,
            )
            await add_post(session, campaign.id, new, media_dir=settings.media_dir, now=now)


async def _follow_port(session: AsyncSession, sandbox: str) -> None:
    """The demo may be started again on another port: its X account moves along."""
    for channel in await installation.channels(session):
        if channel.network == "x":
            channel.settings = {**channel.settings, "base_url": f"{sandbox}/x"}
