"""missions: what the campaign does beyond the screen, and who comes."""

from dataclasses import replace
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from campaigns import installation, missions
from campaigns.missions import NewMission
from campaigns.models import Mission, MissionKind
from campaigns.times import parse_local, system_clock, to_utc, zone
from commands.common import (  # fmt: skip
    CampaignOption,
    Refused,
    TerritoryOption,
    campaign_of,
    opened,
    out,
    people_are,
    prepared_settings,
    run_async,
)

app = typer.Typer(help="Door to door, leaflets, meetings, rallies: what people sign up for in the bot.", no_args_is_help=True)  # fmt: skip


@app.command("add")
def add(
    title: Annotated[str, typer.Argument(help="What people read on the button.")],
    place: Annotated[str, typer.Option(help="Where people meet.")],
    at: Annotated[str, typer.Option(help="Such as “2027-03-06 10:00”, on the campaign's clock.")],
    kind: Annotated[MissionKind, typer.Option(help="What people do there.")] = MissionKind.other,
    aim: Annotated[str, typer.Option(help="What it is for, in words.")] = "",
    capacity: Annotated[int | None, typer.Option(help="How many people can come; else there is no limit.")] = None,
    clock: Annotated[str | None, typer.Option(help="Another time zone than the campaign's, as Indian/Reunion.")] = None,
    territory: TerritoryOption = None,
    campaign: CampaignOption = None,
) -> None:
    """Add a mission: who it is for finds it under /missions in the bot; nobody is written to."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await campaign_of(session, campaign)
            where = await installation.find_territory(session, owner.id, territory) if territory else None
            timezone = clock or owner.timezone
            new = NewMission(
                title,
                place,
                to_utc(parse_local(at), timezone),
                timezone,
                kind,
                aim,
                capacity,
                where.id if where else None,
            )
            mission = await missions.add_mission(session, owner.id, new, system_clock())
            local = mission.starts_at.astimezone(zone(timezone))
        whom = f"{where.name} and below" if where else "everybody"
        out.print(f"“{mission.title}” is on {local:%Y-%m-%d %H:%M} ({timezone}), for {whom}.")

    run_async(main())


@app.command("list")
def list_missions(campaign: CampaignOption = None) -> None:
    """List the missions, the latest first, with how many signed up and reported."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.read() as session:
            owner = await installation.find_campaign(session, campaign)
            found = await missions.overviews(session, owner.id)
        table = Table(
            "number", "when", "clock", "what", "where", "for", "come", "reports", "doors", "talks", "leaflets"
        )
        for each in found:
            mission = each.mission
            local = mission.starts_at.astimezone(zone(mission.timezone))
            most = f" of {mission.capacity}" if mission.capacity else ""
            sums = [each.total(figure) for figure in ("doors", "talks", "leaflets")]
            table.add_row(
                str(mission.id),
                f"{local:%Y-%m-%d %H:%M}" + (", called off" if mission.called_off_at else ""),
                mission.timezone,
                mission.title,
                mission.place,
                each.territory or "everybody",
                f"{len(each.people)}{most}",
                str(len(each.reports)),
                *("–" if total is None else str(total) for total in sums),
            )
        out.print(table)
        if not found:
            out.print("There is no mission yet; add one with: python run_bot.py missions add TITLE --place … --at …")

    run_async(main())


NumberArgument = Annotated[int, typer.Argument(help="The mission's number, as `missions list` shows it.")]


async def _found(session: AsyncSession, slug: str | None, number: int) -> Mission:
    owner = await installation.find_campaign(session, slug)
    mission = await missions.find_mission(session, owner.id, number)
    if mission is None:
        raise Refused(f"{owner.name} has no mission {number}; `missions list` shows them")
    return mission


@app.command("change")
def change(
    number: NumberArgument,
    title: Annotated[str | None, typer.Option(help="What people read on the button.")] = None,
    place: Annotated[str | None, typer.Option(help="Where people meet.")] = None,
    at: Annotated[str | None, typer.Option(help="Such as “2027-03-06 10:00”, on the mission's clock.")] = None,
    aim: Annotated[str | None, typer.Option(help="What it is for, in words.")] = None,
    capacity: Annotated[int | None, typer.Option(help="How many people can come; 0: there is no limit.")] = None,
    campaign: CampaignOption = None,
) -> None:
    """Change a mission; the rest stays. Of another place or time, who signed up is told by the bot."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            mission = await _found(session, campaign, number)
            plan = missions.as_planned(mission)
            new = replace(
                plan,
                title=plan.title if title is None else title,
                place=plan.place if place is None else place,
                starts_at=to_utc(parse_local(at), mission.timezone) if at else plan.starts_at,
                aim=plan.aim if aim is None else aim,
                capacity=plan.capacity if capacity is None else capacity or None,
            )
            told = await missions.change_mission(session, mission, new, system_clock())
        out.print(f"“{mission.title}” is changed; {people_are(told)} told by the bot.")

    run_async(main())


@app.command("call-off")
def call_off(number: NumberArgument, campaign: CampaignOption = None) -> None:
    """The mission does not take place: who signed up is told by the bot, and it leaves the lists. There is no way back."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            mission = await _found(session, campaign, number)
            told = await missions.call_off(session, mission, system_clock())
        out.print(f"“{mission.title}” is called off; {people_are(told)} told by the bot.")

    run_async(main())
