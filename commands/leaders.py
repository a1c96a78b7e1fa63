"""leaders: the two referents of each territory. And interests: the themes that people may choose."""

from typing import Annotated

import typer
from rich.table import Table

from campaigns import installation, interests, leaders
from campaigns.leaders import LeaderRefused
from campaigns.settings import Settings
from campaigns.times import system_clock
from commands.common import CampaignOption, Refused, campaign_of, opened, out, prepared_settings, run_async
from commands.installing import bot_name

leaders_app = typer.Typer(help="The two referents of each territory.", no_args_is_help=True)
interests_app = typer.Typer(help="Themes that people choose in the bot, so that they hear of them.", no_args_is_help=True)  # fmt: skip


@leaders_app.command("appoint")
def appoint(
    territory: str,
    most_a_day: Annotated[
        int, typer.Option("--messages", min=0, help="How many a day to the territory need nobody else's yes.")
    ] = 1,
    campaign: CampaignOption = None,
) -> None:
    """Make a referent's place, and the link by which somebody takes it; hand it to that person alone."""

    async def main() -> None:
        settings = prepared_settings()
        async with opened(settings) as database, database.write() as session:
            owner = await installation.find_campaign(session, campaign)
            where = await installation.find_territory(session, owner.id, territory)
            try:
                made = await leaders.appoint(session, where, system_clock(), most_a_day=most_a_day)
            except LeaderRefused as refused:
                raise Refused(f"{refused} See: python run_bot.py leaders list") from None
        out.print(f"For a referent of {where.name}, to open on their telephone; it works once:")
        out.print(await _link(settings, made.link_code or ""), soft_wrap=True)

    run_async(main())


async def _link(settings: Settings, code: str) -> str:
    bot = await bot_name(settings)
    return f"{settings.telegram_link}/{bot}?start=l-{code}" if bot else f"/start l-{code}   (to write to the bot)"


@leaders_app.command("list")
def list_leaders(campaign: CampaignOption = None) -> None:
    """List the referents, and the links that nobody opened yet."""

    async def main() -> None:
        settings = prepared_settings()
        async with opened(settings) as database, database.read() as session:
            owner = await installation.find_campaign(session, campaign)
            found = await leaders.seats(session, owner.id)
        table = Table("number", "territory", "referent", "messages a day", "since")
        for seat in found:
            leader = seat.leader
            who = seat.name or f"not taken: {await _link(settings, leader.link_code or '')}"
            since = f"{leader.accepted_at:%Y-%m-%d}" if leader.accepted_at else "–"
            table.add_row(str(leader.id), seat.territory.name, who, str(leader.most_a_day), since)
        out.print(table)
        if not found:
            out.print("There is no referent yet; make a place with: python run_bot.py leaders appoint TERRITORY")

    run_async(main())


@leaders_app.command("dismiss")
def dismiss(
    number: Annotated[int, typer.Argument(help="As `leaders list` shows it.")], campaign: CampaignOption = None
) -> None:
    """Take a place back, taken or not; what this person wrote and nobody said yes to is dropped."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await installation.find_campaign(session, campaign)
            seat = await leaders.dismiss(session, owner.id, number, None, system_clock())
            if seat is None:
                raise Refused(f"{owner.name} has no referent's place {number}; see: python run_bot.py leaders list")
        out.print(f"The place in {seat.territory.name} is free.")

    run_async(main())


@interests_app.command("add")
def add_interest(name: str, campaign: CampaignOption = None) -> None:
    """Offer a theme; people choose it under /rhythm."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await campaign_of(session, campaign)
            interest = await interests.add_interest(session, owner.id, name)
        out.print(f"People of {owner.name} may choose “{interest.name}” under /rhythm.")

    run_async(main())


@interests_app.command("list")
def list_interests(campaign: CampaignOption = None) -> None:
    """List the themes with how many people chose each."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.read() as session:
            owner = await installation.find_campaign(session, campaign)
            found = await interests.interests_of(session, owner.id)
            chosen = await interests.counts(session, owner.id)
        for interest in found:
            out.print(f"{interest.name}  {chosen.get(interest.id, 0)}")
        if not found:
            out.print("There is no theme yet; offer one with: python run_bot.py interests add NAME")

    run_async(main())


@interests_app.command("remove")
def remove_interest(name: str, campaign: CampaignOption = None) -> None:
    """Take a theme away, with everybody's choice of it."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await installation.find_campaign(session, campaign)
            interest = await interests.find_interest(session, owner.id, name)
            await interests.remove_interest(session, interest)
        out.print(f"“{interest.name}” is no longer offered.")

    run_async(main())
