"""channels: the accounts that a campaign owns on networks."""

from typing import Annotated

import typer
from rich.progress import track
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from campaigns import installation
from campaigns.costs import dollars
from campaigns.forecast import spent_by
from campaigns.installation import Terms
from campaigns.models import Campaign, Channel
from campaigns.opening import opener
from campaigns.settings import Settings
from campaigns.slots import SlotsProblem
from campaigns.times import system_clock
from commands.common import (
    CampaignOption,
    Refused,
    TerritoryOption,
    campaign_of,
    checked,
    opened,
    out,
    prepared_settings,
    run_async,
)
from networks import NETWORKS, OPTIONAL_SETTINGS, REQUIRED_SETTINGS, check_settings
from networks.errors import NetworkProblem

app = typer.Typer(help="The accounts that a campaign owns on networks.", no_args_is_help=True)
SettingsOption = Annotated[
    list[str] | None, typer.Option("--set", help="name=value, once for each setting; docs/channels.md has them all.")
]
NETWORK_HELP = "One of " + ", ".join(NETWORKS) + "."


def _needs() -> str:
    """The settings of each network, for the help."""
    lines = []
    for network, required in REQUIRED_SETTINGS.items():
        more = [name for name in OPTIONAL_SETTINGS.get(network, ("base_url",)) if name not in required]
        lines.append(f"{network}: {', '.join(required)}" + (f" (may have: {', '.join(more)})" if more else ""))
    return "\n\n".join(lines)


@app.command("add", epilog=_needs())
def channels_add(
    network: Annotated[str, typer.Argument(help=NETWORK_HELP)],
    name: Annotated[str, typer.Argument(help="As it is called in CSV files and in the console.")],
    settings: SettingsOption = None,
    territory: TerritoryOption = None,
    campaign: CampaignOption = None,
) -> None:
    """Add a channel, with the settings that its network needs:"""

    async def main() -> None:
        given = _pairs(settings)
        where = given.pop("territory", territory)  # said as a setting of all networks, it means the same
        check_settings(network, given)  # before anything is made
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await campaign_of(session, campaign)
            place = await installation.find_territory(session, owner.id, where) if where else None
            await installation.add_channel(session, owner.id, network, name, given, place)
        out.print(f"Channel “{name}” is ready; `channels check` asks the network.")

    run_async(main())


@app.command("mend")
def channels_mend(
    name: Annotated[str, typer.Argument(help="The channel's name.")],
    settings: SettingsOption = None,
    territory: TerritoryOption = None,
    campaign: CampaignOption = None,
) -> None:
    """Give a channel new settings, such as a new token; the others stay. The network is asked, then what waited goes on."""

    async def main() -> None:
        given = _pairs(settings)
        where = given.pop("territory", territory)
        program = prepared_settings()
        async with opened(program) as database:
            async with database.write() as session:
                owner = await installation.find_campaign(session, campaign)
                channel = await installation.find_channel(session, owner.id, name)
                place = await installation.find_territory(session, owner.id, where) if where else None
                await installation.change_channel(session, channel, given)  # it rests until the network has said yes
                channel.territory_id = place.id if place else channel.territory_id
            said = await _ask(program, channel)
            if isinstance(said, NetworkProblem):
                raise Refused(
                    f"channel “{channel.name}” has its new settings, and the network does not take them: {said}"
                )
            async with database.write() as session:
                installation.mend(await session.get_one(Channel, channel.id))
        out.print(f"Channel “{channel.name}” is mended: {said}. What waited goes on.")

    run_async(main())


def _pairs(settings: list[str] | None) -> dict[str, str]:
    given: dict[str, str] = {}
    for pair in settings or []:
        key, equals, value = pair.partition("=")
        if not equals:
            raise Refused(f"--set {pair}: write name=value")
        given[key.strip()] = value.strip()
    return given


@app.command("set")
def channels_set(
    name: Annotated[str, typer.Argument(help="The channel's name.")],
    slots: Annotated[
        str | None, typer.Option(help="Weekly posting slots, such as “Mon-Fri 08:00, 18:00; Sat 10:00”; “” for none.")
    ] = None,
    price_post: Annotated[
        float | None, typer.Option(min=0, max=1000, help="Dollars a post; X: 0.015 unless set.")
    ] = None,
    price_link: Annotated[
        float | None, typer.Option(min=0, max=1000, help="Dollars a post with a link; X: 0.200 unless set.")
    ] = None,
    monthly_cap: Annotated[float | None, typer.Option(min=0, max=1_000_000, help="Dollars a month; 0: none.")] = None,
    daily_quota: Annotated[int | None, typer.Option(min=0, max=1_000_000, help="Posts a day; 0: none.")] = None,
    metrics_cap: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1_000_000,
            help="Dollars a month for reading likes and views where that costs ($0.001 a read on X, at most 45 reads a post); 0: not read.",
        ),
    ] = None,
    campaign: CampaignOption = None,
) -> None:
    """Set a channel's posting slots, prices, cap and quota; what is not named stays."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await installation.find_campaign(session, campaign)
            channel = await installation.find_channel(session, owner.id, name)
            try:
                installation.set_terms(
                    channel, Terms(slots, price_post, price_link, monthly_cap, daily_quota, metrics_cap), owner.timezone
                )
            except SlotsProblem as problem:
                raise Refused(f"--slots: {problem}") from None
        terms = [channel.slots or "no slots", *_money(channel)]
        out.print(f"Channel “{channel.name}” is set: {'; '.join(terms)}.", soft_wrap=True)

    run_async(main())


def _money(channel: Channel) -> list[str]:
    """What a channel asks and may spend, in words."""
    said = []
    if channel.price_post or channel.price_link:
        said.append(f"{dollars(channel.price_post)} a post, {dollars(channel.price_link)} with a link")
    if channel.monthly_cap:
        said.append(f"at most {dollars(channel.monthly_cap)} a month")
    if channel.metrics_cap:
        said.append(f"at most {dollars(channel.metrics_cap)} a month for reading figures")
    if channel.daily_quota:
        said.append(f"at most {channel.daily_quota} posts a day")
    return said


@app.command("list")
def channels_list(campaign: CampaignOption = None) -> None:
    """List a campaign's channels with their slots, prices and caps; secrets are not shown."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.read() as session:
            owner = await installation.find_campaign(session, campaign)
            places = {place.id: place.name for place in await installation.territories(session, owner.id)}
            known = await installation.channels(session, owner.id)
            spent = {c.id: await spent_by(session, owner, c, system_clock(), system_clock()) for c in known}
        table = Table("name", "network", "territory", "state", "slots", "money")
        for channel in known:
            money = [
                *_money(channel),
                *([f"{dollars(spent[channel.id])} spent this month"] if spent[channel.id] else []),
            ]
            state = f"rests: {channel.resting_reason}" if channel.resting_reason else "ready"
            territory = places.get(channel.territory_id or 0, "")
            table.add_row(channel.name, channel.network, territory, state, channel.slots, "\n".join(money))
        out.print(table)
        if not known:
            out.print("There is no channel yet; add one with: python run_bot.py channels add")

    run_async(main())


@app.command("check")
def channels_check(
    name: Annotated[str | None, typer.Argument(help="Only this channel.")] = None, campaign: CampaignOption = None
) -> None:
    """Ask each network whether the channel's credential does; one that rested and does sends again."""

    async def main() -> None:
        settings = prepared_settings()
        bad = 0
        async with opened(settings) as database:
            async with database.read() as session:
                owner = await installation.find_campaign(session, campaign)
                known = (
                    [await installation.find_channel(session, owner.id, name)] if name else await _all(session, owner)
                )
            for channel in track(known, "Asking", console=out, transient=True, disable=not out.is_terminal):
                said = await _ask(settings, channel)
                if isinstance(said, NetworkProblem):
                    bad += 1
                    out.print(checked(False, f"{channel.name} ({channel.network}): {said}"), soft_wrap=True)
                else:
                    out.print(checked(True, f"{channel.name} ({channel.network}): {said}"), soft_wrap=True)
                    async with database.write() as session:
                        installation.mend(await session.get_one(Channel, channel.id))
        if bad:
            out.print("Mend one with: python run_bot.py channels mend NAME --set name=value")
            raise typer.Exit(1)
        if not known:
            out.print("There is no channel yet; add one with: python run_bot.py channels add")

    run_async(main())


async def _all(session: AsyncSession, owner: Campaign) -> list[Channel]:
    return list(await installation.channels(session, owner.id))


async def _ask(settings: Settings, channel: Channel) -> str | NetworkProblem:
    """What the network says of a channel's credential."""
    try:
        network = opener(settings)(channel)
        try:
            return await network.check()
        finally:
            await network.close()
    except NetworkProblem as problem:
        return problem
