"""From a new campaign to its first post: the bot's token, a channel, a test message, a post. Each step is asked of Telegram."""

from dataclasses import dataclass

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import bot_tokens, installation, posts
from campaigns.channel_secrets import SecretUnreadable
from campaigns.decisions import STATES
from campaigns.models import Channel, Post, Publication, PublicationState
from campaigns.posts import NewPost, PostRefused, add_post
from campaigns.sentences import told
from campaigns.vault import vault_of
from campaigns.words import mark
from networks.errors import ChannelRevoked, ChannelSettingsWrong, NetworkProblem
from networks.telegram import username_of
from web.console.access import Desk, own_form
from web.console.campaign_setup import admin_desk
from web.console.channel_care import ON_ITS_WAY, Typed, connect_checked, send_to_oneself
from web.pages import Trouble, page, words_of
from web.site import site_of
from web.uploads import text_of

_ = mark
router = APIRouter()
HERE = "/console/c/{slug}/start"
WAITS = (PublicationState.queued, PublicationState.sending)
REFUSED = _("Telegram refuses this token: copy it anew from @BotFather.")


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a step, and what was typed in it."""

    step: str = ""  # "bot", "channel", "test" or "post"
    problem: str = ""
    good: str = ""
    code: str = ""  # written to the bot once, it tells who this is
    typed: tuple[str, str] = ("", "")


@router.get(HERE)
async def first_steps(request: Request, slug: str) -> Response:
    return await _page(request, await admin_desk(request, slug), Said())


async def _page(request: Request, desk: Desk, said: Said) -> Response:
    site = site_of(request)
    async with site.database.read() as session:
        channel = await _first_channel(session, desk)
        out = await _newest(session, desk)
        may_give = await bot_tokens.may_give(session, site.settings, desk.organizer.id)
    return page(
        request,
        "console/first_steps.html",
        422 if said.problem else 200,
        desk=desk,
        campaign=desk.campaign,
        said=said,
        told=lambda sentence: told(words_of(request), sentence),
        has_token=bool(site.settings.bot_token.get_secret_value()),
        by_environment=bool(site.settings.bot_token.get_secret_value()) and not site.settings.token_is_kept,
        may_give=may_give,
        bot=site.bot_username,
        telegram_link=site.settings.telegram_link,
        channel=channel,
        out=out,
        waits=out is not None and out[0].state in WAITS,
        states=STATES,
    )


async def _first_channel(session: AsyncSession, desk: Desk) -> Channel | None:
    """The first one on Telegram, else the first."""
    known = sorted(await installation.channels(session, desk.campaign.id), key=lambda each: each.network != "telegram")
    return known[0] if known else None


async def _newest(session: AsyncSession, desk: Desk) -> tuple[Publication, Post, Channel] | None:
    """What became of the latest post that is to go out."""
    for post in await posts.posts_of(session, desk.campaign.id, limit=20):
        for publication, channel in (await posts.publications_of(session, [post.id]))[post.id]:
            return publication, post, channel
    return None


@router.post(f"{HERE}/bot")
async def give_token(request: Request, slug: str) -> Response:
    """The bot's token: Telegram is asked, then it is kept locked, and the running program takes it up."""
    desk, site, words = await admin_desk(request, slug), site_of(request), words_of(request)
    async with own_form(request) as form:
        token = text_of(form, "token")
    async with site.database.read() as session:
        if not await bot_tokens.may_give(session, site.settings, desk.organizer.id):
            raise Trouble(
                403,
                _("This cannot be done here"),
                _(
                    "The bot is that of all campaigns: its token is given where Porte-voix runs, or by an admin of them all."
                ),
            )
    if not bot_tokens.SHAPE.fullmatch(token):
        return await _page(request, desk, Said("bot", words(bot_tokens.NO_TOKEN)))
    try:
        username = await username_of(token, site.settings.telegram_base_url)
    except ChannelRevoked:
        return await _page(request, desk, Said("bot", words(REFUSED)))
    except NetworkProblem as problem:
        return await _page(request, desk, Said("bot", told(words, str(problem))))
    async with site.database.write() as session:
        await bot_tokens.keep(session, desk.organizer, token, username, site.clock())
    site.settings.take_kept_token(token)
    site.bot_username = username
    site.token_changed.set()
    return RedirectResponse(f"{HERE.format(slug=slug)}#channel", 303)


@router.post(f"{HERE}/channel")
async def connect_channel(request: Request, slug: str) -> Response:
    desk, site, words = await admin_desk(request, slug), site_of(request), words_of(request)
    async with own_form(request) as form:
        name, chat = text_of(form, "name"), text_of(form, "chat")
    try:
        if not chat:
            raise ChannelSettingsWrong(_("write the channel’s @name, or its number"))
        await connect_checked(site, desk, "telegram", Typed(name, "", {"chat_id": chat}), site.clock)
    except (ChannelSettingsWrong, NetworkProblem, installation.AlreadyThere) as problem:
        return await _page(request, desk, Said("channel", told(words, str(problem)), typed=(name, chat)))
    return RedirectResponse(f"{HERE.format(slug=slug)}#test", 303)


@router.post(f"{HERE}/link")
async def make_link(request: Request, slug: str) -> Response:
    """A one-time link with which the bot gets to know the organizer: it may write to nobody who did not open it."""
    desk, site = await admin_desk(request, slug), site_of(request)
    async with own_form(request), site.database.write() as session:
        code = await installation.make_link_code(session, desk.organizer.email)
    return await _page(request, desk, Said("test", code=code))


@router.post(f"{HERE}/test")
async def send_test(request: Request, slug: str) -> Response:
    desk, site, words = await admin_desk(request, slug), site_of(request), words_of(request)
    async with own_form(request), site.database.read() as session:
        channel, vault = await _first_channel(session, desk), vault_of(session)
    try:
        if channel is None:
            raise ChannelSettingsWrong(_("connect a channel first"))
        await send_to_oneself(site, desk, channel, vault, words)
    except (ChannelSettingsWrong, NetworkProblem, SecretUnreadable) as problem:
        return await _page(request, desk, Said("test", told(words, str(problem))))
    return await _page(request, desk, Said("test", good=words(ON_ITS_WAY)))


@router.post(f"{HERE}/post")
async def first_post(request: Request, slug: str) -> Response:
    """A text that goes out at once on the first channel, by the same rules as any other."""
    desk, site, words = await admin_desk(request, slug), site_of(request), words_of(request)
    async with own_form(request) as form:
        text = text_of(form, "text")
    if not text:
        return await _page(request, desk, Said("post", words("Write a few words.")))
    now = site.clock()
    title = next((line.strip() for line in text.splitlines() if line.strip()), "")[:60]
    try:
        async with site.database.write() as session:
            channel = await _first_channel(session, desk)
            channels = (channel,) if channel else ()
            new = NewPost(title, text, publish_at=now, timezone=desk.campaign.timezone, channels=channels)
            await add_post(
                session,
                desk.campaign.id,
                new,
                media_dir=site.settings.media,
                now=now,
                author_id=desk.organizer.id,
            )
    except PostRefused as refused:
        problem = " ".join(f"{told(words, each.message)}." for each in refused.problems if each.field != "title")
        return await _page(request, desk, Said("post", problem, typed=(text, "")))
    return RedirectResponse(f"{HERE.format(slug=slug)}#post", 303)
