"""Connecting a channel and mending one: the network is asked first, and only what it takes is stored."""

from dataclasses import dataclass, field

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from campaigns import installation
from campaigns.accounts import audit_account
from campaigns.channel_secrets import SecretUnreadable, settings_of
from campaigns.models import Channel
from campaigns.opening import ask, with_known
from campaigns.sentences import told
from campaigns.times import Clock
from campaigns.vault import Vault, vault_of
from campaigns.words import Words, mark
from networks import NETWORKS, open_network
from networks.base import OutgoingPost, Recipient
from networks.errors import ChannelSettingsWrong, NetworkProblem
from networks.share_intents import LABELS
from web.console import channel_forms
from web.console.access import Desk, own_form
from web.console.channel_forms import CAN_TEST, HINTS, fields_of
from web.console.channels import HERE, admin_of, list_page, own_channel
from web.pages import nothing_here, page, words_of
from web.site import Site, site_of
from web.uploads import text_of

_ = mark
router = APIRouter()
LONGEST_NAME = 80  # characters
ON_ITS_WAY = _("A test message is on its way to you.")
NEEDS_LINK = _("The bot does not know you yet: make a link on your account's page first.")


@dataclass
class Typed:
    """What stands in the form; secrets are typed anew."""

    name: str = ""
    territory: str = ""
    settings: dict[str, str] = field(default_factory=dict)


@router.get(f"{HERE}/connect/{{network}}")
async def connect_form(request: Request, slug: str, network: str) -> Response:
    return await _form(request, await admin_of(request, slug), network, Typed())


async def _form(
    request: Request, desk: Desk, network: str, typed: Typed, status: int = 200, problem: str = ""
) -> Response:
    if network not in NETWORKS:
        raise nothing_here()
    async with site_of(request).database.read() as session:
        places = await installation.territories(session, desk.campaign.id)
    return page(
        request,
        "console/channel_connect.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        network=network,
        label=LABELS.get(network, network),
        hint=HINTS.get(network, ""),
        fields=fields_of(network),
        typed=typed,
        places=places,
        problem=problem,
    )


@router.post(f"{HERE}/connect/{{network}}")
async def connect(request: Request, slug: str, network: str) -> Response:
    desk, site = await admin_of(request, slug), site_of(request)
    if network not in NETWORKS:
        raise nothing_here()
    async with own_form(request) as form:
        typed = Typed(text_of(form, "name"), text_of(form, "territory"), channel_forms.read(form, network))
    try:
        said = await connect_checked(site, desk, network, typed, site.clock)
    except (ChannelSettingsWrong, NetworkProblem, installation.AlreadyThere) as problem:
        return await _form(request, desk, network, typed, 422, told(words_of(request), str(problem)))
    async with site.database.read() as session:
        channel = await installation.find_channel(session, desk.campaign.id, typed.name)
    return await list_page(request, desk, wrong=channel.id, good=said)


async def connect_checked(site: Site, desk: Desk, network: str, typed: Typed, clock: Clock) -> str:
    """Ask the network, then store the channel; what the network says of it. Raises what either does."""
    if not typed.name or len(typed.name) > LONGEST_NAME:
        raise ChannelSettingsWrong(_("give the channel a name of at most 80 characters"))
    async with site.database.read() as session:
        taken = {each.name.casefold() for each in await installation.channels(session, desk.campaign.id)}
        places = {str(place.id): place for place in await installation.territories(session, desk.campaign.id)}
    if typed.name.casefold() in taken:
        raise installation.AlreadyThere(_("a channel of this name exists already: mend it, or choose another name"))
    said = await ask(network, with_known(site.settings, network, typed.settings))
    async with site.database.write() as session:
        channel = await installation.add_channel(
            session, desk.campaign.id, network, typed.name, typed.settings, places.get(typed.territory)
        )
        audit_account(session, desk.campaign.id, desk.organizer.id, None, clock(), "channel connected", channel.name)
    return said


@router.post(f"{HERE}/{{channel_id:int}}/mend")
async def mend(request: Request, slug: str, channel_id: int) -> Response:
    """A new credential: the network is asked, then what waited goes on. Without one, the network is asked again."""
    desk, site, words = await admin_of(request, slug), site_of(request), words_of(request)
    async with site.database.read() as session:
        channel, vault = await own_channel(session, desk, channel_id), vault_of(session)
    async with own_form(request) as form:
        given = channel_forms.read(form, channel.network, channel)
    try:
        said = await ask(channel.network, with_known(site.settings, channel.network, _merged(vault, channel, given)))
        async with site.database.write() as session:
            stored = await session.get_one(Channel, channel.id)
            await installation.change_channel(session, stored, given)
            installation.mend(stored)
            if given:
                audit_account(
                    session, desk.campaign.id, desk.organizer.id, None, site.clock(), "channel mended", stored.name
                )
    except (ChannelSettingsWrong, NetworkProblem, SecretUnreadable) as problem:
        return await list_page(request, desk, 422, wrong=channel.id, problem=told(words, str(problem)))
    return await list_page(request, desk, wrong=channel.id, good=said)


def _merged(vault: Vault, channel: Channel, given: dict[str, str]) -> dict[str, str]:
    """The stored settings under the new ones. A stored secret that no key opens is no hindrance where a new one comes."""
    rest = Channel(
        id=channel.id,
        campaign_id=channel.campaign_id,
        network=channel.network,
        name=channel.name,
        settings=channel.settings,
        secrets={name: locked for name, locked in channel.secrets.items() if name not in given},
    )
    merged = settings_of(vault, rest) | given
    return {name: value for name, value in merged.items() if value}


@router.post(f"{HERE}/{{channel_id:int}}/test")
async def send_test(request: Request, slug: str, channel_id: int) -> Response:
    """A message of the channel to the one who asks for it, and to nobody else."""
    desk, site, words = await admin_of(request, slug), site_of(request), words_of(request)
    async with own_form(request), site.database.read() as session:
        channel, vault = await own_channel(session, desk, channel_id), vault_of(session)
    if channel.network not in CAN_TEST:
        raise nothing_here()
    try:
        await send_to_oneself(site, desk, channel, vault, words)
    except (ChannelSettingsWrong, NetworkProblem, SecretUnreadable) as problem:
        return await list_page(request, desk, 422, wrong=channel.id, problem=told(words, str(problem)))
    return await list_page(request, desk, wrong=channel.id, good=words(ON_ITS_WAY))


async def send_to_oneself(site: Site, desk: Desk, channel: Channel, vault: Vault, words: Words) -> None:
    """A test message from the channel's account to the organizer alone.

    Raises ChannelSettingsWrong, NetworkProblem and SecretUnreadable.
    """
    settings = with_known(site.settings, channel.network, _merged(vault, channel, {}))
    if channel.network == "telegram":
        if desk.organizer.telegram_id is None:
            raise ChannelSettingsWrong(NEEDS_LINK)
        settings["chat_id"] = str(desk.organizer.telegram_id)
    network = open_network(channel.network, settings)
    try:
        text = words("This is a test of “{channel}”: it works.", channel=channel.name)
        me = Recipient(desk.organizer.email, desk.organizer.name, site.url)
        post = OutgoingPost(
            f"test-{channel.id}", text, title=desk.campaign.name, recipients=(me,), written_at=site.clock()
        )
        await network.publish(post)
    finally:
        await network.close()
