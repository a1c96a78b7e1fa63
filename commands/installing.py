"""campaigns, territories, organizers: what an installation holds before the first post."""

from typing import Annotated

import typer

from campaigns import accounts, installation, second_factors
from campaigns.badge_frames import frame_of
from campaigns.figures import GOALS
from campaigns.models import Campaign, Kind, Role
from campaigns.settings import Settings
from campaigns.times import system_clock
from campaigns.words import Inclusive
from commands.common import CampaignOption, Refused, campaign_of, opened, out, prepared_settings, run_async
from networks.errors import NetworkProblem
from networks.telegram import username_of

campaigns_app = typer.Typer(help="The installation's campaigns.", no_args_is_help=True)
territories_app = typer.Typer(help="Where a campaign's people are.", no_args_is_help=True)
organizers_app = typer.Typer(help="Who may enter the console.", no_args_is_help=True)


@campaigns_app.command("add")
def campaigns_add(
    name: str,
    slug: Annotated[str, typer.Option(help="For addresses; made from the name.")] = "",
    slogan: str = "",
    about: str = "",
    hashtag: str = "",
    timezone: str = "Europe/Paris",
    primary: Annotated[str, typer.Option(help="Colour, as #C8102E.")] = "#C8102E",
    secondary: Annotated[str, typer.Option(help="Colour, as #1D2B5C.")] = "#1D2B5C",
) -> None:
    """Add a campaign with the project's own frames."""

    async def main() -> None:
        campaign = Campaign(
            slug=slug,
            name=name,
            slogan=slogan,
            about=about,
            hashtag=hashtag,
            timezone=timezone,
            primary_colour=primary,
            secondary_colour=secondary,
        )
        frame_of(campaign, "ring")  # its colours and slogan must do before it is stored
        async with opened(prepared_settings()) as database, database.write() as session:
            stored = await installation.add_campaign(session, campaign, system_clock())
            out.print(f"Campaign “{stored.name}” has the slug {stored.slug}.")

    run_async(main())


@campaigns_app.command("set")
def campaigns_set(
    sponsor_line: Annotated[str | None, typer.Option(help="Stamped on every post, share kit and badge.")] = None,
    notice_url: Annotated[str | None, typer.Option(help="Where the full transparency notice is.")] = None,
    approvals: Annotated[
        int | None, typer.Option(min=0, help="How many organizers beside the author must say yes.")
    ] = None,
    near_vote_days: Annotated[
        int | None, typer.Option(min=0, help="So many days before a polling day one more must.")
    ] = None,
    quiet: Annotated[
        str | None, typer.Option(help="Hours in which nobody is written to unless they chose others: 21-8, or none.")
    ] = None,
    inclusive: Annotated[
        Inclusive | None,
        typer.Option(help="How French speaks of women and men: compté·e, compté-e, compté(e), compté."),
    ] = None,
    campaign: CampaignOption = None,
) -> None:
    """Set what the campaign stamps on its posts, who approves them, when its people are left in peace, and its French."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await installation.find_campaign(session, campaign)
            given = {
                "sponsor_line": sponsor_line,
                "notice_url": notice_url,
                "approvals": approvals,
                "near_vote_days": near_vote_days,
                "inclusive": inclusive,
                **(dict(zip(("quiet_from", "quiet_until"), hours(quiet), strict=True)) if quiet is not None else {}),
            }
            for field, value in given.items():
                if value is not None:
                    setattr(owner, field, value)
            frame_of(owner, "ring")  # the line must have room on a badge
        out.print(f"{owner.name} is set.")

    run_async(main())


def hours(text: str) -> tuple[int, int]:
    """Read "21-8" or "none"; raises Refused."""
    if text.strip().lower() == "none":
        return 0, 0
    parts = [part.strip() for part in text.split("-")]
    if len(parts) != 2 or not all(part.isdecimal() and int(part) <= 23 for part in parts):
        raise Refused(f"“{text}” names no quiet hours; write two hours of the clock, such as 21-8, or none")
    return int(parts[0]), int(parts[1])


@campaigns_app.command("list")
def campaigns_list() -> None:
    """List the campaigns."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.read() as session:
            for campaign in await installation.campaigns(session):
                out.print(f"{campaign.slug}  {campaign.name}")

    run_async(main())


@territories_app.command("add")
def territories_add(
    name: str, parent: str | None = None, timezone: str | None = None, campaign: CampaignOption = None
) -> None:
    """Add a territory, at the top or under a parent."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await campaign_of(session, campaign)
            above = await installation.find_territory(session, owner.id, parent) if parent else None
            await installation.add_territory(session, owner.id, name, above, timezone)
            out.print(f"Territory “{name}” is added to {owner.name}.")

    run_async(main())


@territories_app.command("goal")
def territories_goal(
    name: str,
    goal: Annotated[int, typer.Argument(min=0, help="What its people want to reach together; 0: no common goal.")],
    of: Annotated[str, typer.Option(help=f"What is counted: {', '.join(GOALS)}.")] = Kind.said_shared,
    campaign: CampaignOption = None,
) -> None:
    """Set the common goal that a territory's people, and those below it, see in /me."""

    async def main() -> None:
        if of not in GOALS:
            raise Refused(f"“{of}” is nothing that a goal counts; choose one of {', '.join(GOALS)}")
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await campaign_of(session, campaign)
            territory = await installation.find_territory(session, owner.id, name)
            territory.goal, territory.goal_kind = (goal, Kind(of)) if goal else (None, None)
            out.print(f"The goal of {territory.name} is {goal} {of}." if goal else f"{territory.name} has no goal.")

    run_async(main())


@organizers_app.command("add")
def organizers_add(
    email: str,
    name: str = "",
    role: Role = Role.admin,
    password: Annotated[
        str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True, envvar="PORTEVOIX_NEW_PASSWORD")
    ] = "",
    campaign: CampaignOption = None,
) -> None:
    """Let somebody into the console of a campaign; asks for a password."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await campaign_of(session, campaign)
            try:
                await installation.add_organizer(
                    session, owner.id, email, name or email.partition("@")[0], password, role, system_clock()
                )
            except ValueError as error:
                raise Refused(str(error)) from None
            out.print(f"{email} is {role} of {owner.name}.")

    run_async(main())


@organizers_app.command("reset-codes")
def organizers_reset_codes(email: str) -> None:
    """For an organizer who lost telephone and recovery codes: the password alone does until they set codes up anew."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            organizer = await accounts.organizer_by_email(session, email.strip().lower())
            if organizer is None:
                raise Refused(f"no organizer has the address “{email}”; run: python run_bot.py organizers add {email}")
            for owner, _held in await installation.roles(session, organizer.id):
                await accounts.reset_second_factor(session, owner.id, None, organizer.id, system_clock())
            await second_factors.remove(session, organizer.id)
        out.print(f"{email} logs in with the password alone, and can set up codes anew.")

    run_async(main())


@organizers_app.command("link")
def organizers_link(email: str) -> None:
    """Make a one-time link with which an organizer lets the bot tell them what needs them."""

    async def main() -> None:
        settings = prepared_settings()
        async with opened(settings) as database, database.write() as session:
            code = await installation.make_link_code(session, email)
        bot = await bot_name(settings)
        if bot is None:
            out.print("The bot's name is not known: PORTEVOIX_BOT_TOKEN is empty, or Telegram does not answer.")
            out.print(f"Have {email} write this to the bot, once: /start o-{code}", soft_wrap=True)
        else:
            out.print(f"For {email}, to open on their telephone; it works once:")
            out.print(f"{settings.telegram_link}/{bot}?start=o-{code}", soft_wrap=True)

    run_async(main())


async def bot_name(settings: Settings) -> str | None:
    """The bot's name at Telegram; None without a token, or where Telegram does not answer."""
    token = settings.bot_token.get_secret_value()
    if not token:
        return None
    try:
        return await username_of(token, settings.telegram_base_url)
    except NetworkProblem:
        return None
