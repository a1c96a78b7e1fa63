"""The installation's bot token: what the environment says, else what was given in the console, kept locked."""

import logging
import re
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from campaigns import installation, kept_secrets
from campaigns.accounts import audit_account
from campaigns.models import Organizer, Role
from campaigns.settings import Settings
from campaigns.vault import WrongKey
from campaigns.words import mark

log = logging.getLogger(__name__)
SHAPE = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{1,100}")  # as @BotFather writes them
NO_TOKEN = mark("This is not a bot’s token. @BotFather shows it as 123456789:AAF… — copy all of it.")


async def take_kept(session: AsyncSession, settings: Settings) -> None:
    """Give the settings the token that the console keeps, unless the environment gave one."""
    if settings.bot_token.get_secret_value() and not settings.token_is_kept:
        return
    try:
        token = await kept_secrets.kept(session, kept_secrets.BOT_TOKEN)
    except WrongKey:
        log.error(
            "the bot's token was locked with another secret key: set PORTEVOIX_OLD_SECRET_KEY to that key, or give the"
            " token anew in the console, under First steps"
        )
        return
    if token is not None:
        settings.take_kept_token(token)


async def may_give(session: AsyncSession, settings: Settings, organizer_id: int) -> bool:
    """Whether an admin may give the bot's token: every campaign is served by the one bot, so they are admin of them all."""
    if settings.bot_token.get_secret_value() and not settings.token_is_kept:
        return False
    held = {
        campaign.id
        for campaign, role in await installation.roles(session, organizer_id)
        if role.role is Role.admin and role.territory_id is None
    }
    return held == {campaign.id for campaign in await installation.campaigns(session)}


async def keep(session: AsyncSession, organizer: Organizer, token: str, username: str, now: datetime) -> None:
    """Keep a token that Telegram has accepted. `Settings.take_kept_token` behind the commit puts it to use."""
    await kept_secrets.keep(session, kept_secrets.BOT_TOKEN, token, now)
    for campaign in await installation.campaigns(session):
        audit_account(session, campaign.id, organizer.id, None, now, "bot token given", f"@{username}")
