"""channels: the accounts that a campaign owns on networks."""

from typing import Annotated

import typer
from rich.progress import track
from rich.table import Table

from campaigns import installation
from campaigns.models import Channel
from campaigns.slots import parse_slots
from commands.common import CampaignOption, Refused, campaign_of, opened, opener, out, prepared_settings, run_async
from networks.errors import NetworkProblem

app = typer.Typer(help="The accounts that a campaign owns on networks.", no_args_is_help=True)


@app.command("add")
def channels_add(
    network: Annotated[str, typer.Argument(help="telegram or x.")],
    name: Annotated[str, typer.Argument(help="As it is called in CSV files and in the console.")],
    settings: Annotated[list[str] | None, typer.Option("--set", help="key=value; see docs/channels.md.")] = None,
    campaign: CampaignOption = None,
) -> None:
    """Add a channel, or mend the one of that name with new settings."""

    async def main() -> None:
        given: dict[str, str] = {}
        for pair in settings or []:
            key, equals, value = pair.partition("=")
            if not equals:
                raise Refused(f"--set {pair}: write key=value")
            given[key.strip()] = value.strip()
        territory_name = given.pop("territory", None)
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await campaign_of(session, campaign)
            territory = await installation.find_territory(session, owner.id, territory_name) if territory_name else None
            await installation.add_channel(session, owner.id, network, name, given, territory)
        out.print(f"Channel “{name}” is ready; `channels check` asks the network.")

    run_async(main())


@app.command("set")
def channels_set(
    name: str,
    slots: Annotated[
        str | None, typer.Option(help="Weekly posting slots, such as “Mon-Fri 08:00, 18:00; Sat 10:00”.")
    ] = None,
    price_post: Annotated[float | None, typer.Option(help="Dollars a post; X: 0.015.")] = None,
    price_link: Annotated[float | None, typer.Option(help="Dollars a post with a link; X: 0.200.")] = None,
    monthly_cap: Annotated[float | None, typer.Option(help="Dollars a month; 0: none.")] = None,
    daily_quota: Annotated[int | None, typer.Option(help="Posts a day; 0: none.")] = None,
    campaign: CampaignOption = None,
) -> None:
    """Set a channel's posting slots, prices, cap and quota."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await installation.find_campaign(session, campaign)
            known = await installation.channels(session, owner.id)
            channel = next((c for c in known if c.name.casefold() == name.casefold()), None)
            if channel is None:
                raise Refused(
                    f"channel “{name}” is unknown; there are: {', '.join(c.name for c in known) or 'none yet'}"
                )
            if slots is not None:
                try:
                    channel.slots = str(parse_slots(slots, owner.timezone)) if slots.strip() else ""
                except ValueError as problem:
                    raise Refused(str(problem)) from None
            for field, dollars in (
                ("price_post", price_post),
                ("price_link", price_link),
                ("monthly_cap", monthly_cap),
            ):
                if dollars is not None:
                    setattr(channel, field, round(dollars * 1000))
            channel.daily_quota = channel.daily_quota if daily_quota is None else daily_quota
        out.print(f"Channel “{channel.name}” is set.")

    run_async(main())


@app.command("list")
def channels_list(campaign: CampaignOption = None) -> None:
    """List a campaign's channels; secrets are not shown."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.read() as session:
            owner = await installation.find_campaign(session, campaign)
            table = Table("name", "network", "state")
            for channel in await installation.channels(session, owner.id):
                table.add_row(channel.name, channel.network, channel.resting_reason or "ready")
            out.print(table)

    run_async(main())


@app.command("check")
def channels_check(campaign: CampaignOption = None) -> None:
    """Ask each network whether the channel's credential does; one that rested and does sends again."""

    async def main() -> None:
        settings = prepared_settings()
        bad = 0
        async with opened(settings) as database:
            async with database.read() as session:
                owner = await installation.find_campaign(session, campaign)
                known = await installation.channels(session, owner.id)
            for channel in track(known, "Asking", console=out, transient=True, disable=not out.is_terminal):
                try:
                    network = opener(settings)(channel)
                    try:
                        said = await network.check()
                    finally:
                        await network.close()
                except NetworkProblem as problem:
                    bad += 1
                    out.print(f"[red]✗[/] {channel.name} ({channel.network}): {problem}", highlight=False)
                else:
                    out.print(f"[green]✓[/] {channel.name} ({channel.network}): {said}", highlight=False)
                    async with database.write() as session:
                        installation.mend(await session.get_one(Channel, channel.id))
        if bad:
            raise typer.Exit(1)
        if not known:
            out.print("There is no channel yet; add one with: python run_bot.py channels add")

    run_async(main())
