"""webhooks: other programs that are told of what happens."""

from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from campaigns import installation, webhooks
from campaigns.models import Campaign, WebhookOccasion, WebhookTarget
from campaigns.times import system_clock
from campaigns.vault import vault_of
from commands.common import CampaignOption, Refused, checked, opened, out, prepared_settings, run_async
from networks.webhooks import WebhookSender

app = typer.Typer(help="Other programs that are told of what happens to posts: docs/api.md.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(help="As `webhooks list` shows it.")]


@app.command("add")
def webhooks_add(
    url: Annotated[str, typer.Argument(help="Begins with https:// and can be reached from the internet.")],
    on: Annotated[
        list[WebhookOccasion] | None, typer.Option("--on", help="Once for each occasion; else it is told of all.")
    ] = None,
    campaign: CampaignOption = None,
) -> None:
    """Tell an address of what happens. The secret that signs what it is sent is printed once."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await installation.find_campaign(session, campaign)
            target, secret = await webhooks.add_target(
                session, owner.id, url, on or list(WebhookOccasion), system_clock()
            )
        out.print(
            f"Webhook {target.id} is told of: {', '.join(target.occasions)}. Its secret, which is not shown again:"
        )
        out.print(secret, soft_wrap=True)
        out.print(f"Try it with: python run_bot.py webhooks test {target.id}")

    run_async(main())


@app.command("list")
def webhooks_list(campaign: CampaignOption = None) -> None:
    """List the addresses, with what waits for each and what was given up."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.read() as session:
            owner = await installation.find_campaign(session, campaign)
            found = await webhooks.targets_of(session, owner.id)
        table = Table("number", "address", "is told of", "wait", "given up", "state")
        for each in found:
            target = each.target
            occasions = ", ".join(target.occasions)
            waits = f"; tried again {target.not_before:%Y-%m-%d %H:%M} UTC" if target.not_before else ""
            state = f"{target.trouble}{waits}" if target.trouble else "good"
            table.add_row(str(target.id), target.url, occasions, str(each.waiting), str(each.given_up), state)
        out.print(table)
        if not found:
            out.print("There is no webhook yet; add one with: python run_bot.py webhooks add https://…")

    run_async(main())


@app.command("test")
def webhooks_test(number: Number, campaign: CampaignOption = None) -> None:
    """Send a test message now; where it is taken, what waits goes out at once."""

    async def main() -> None:
        async with opened(prepared_settings()) as database:
            async with database.read() as session:
                (owner, target), vault = await _find(session, number, campaign), vault_of(session)
            outcome = await webhooks.send_test(vault, owner, target, system_clock(), WebhookSender())
            if outcome.trouble is None:
                async with database.write() as session:
                    webhooks.go_on((await _find(session, number, campaign))[1])
        if outcome.trouble is not None:
            out.print(checked(False, f"{target.url}: {outcome.trouble}"), soft_wrap=True)
            raise typer.Exit(1)
        out.print(checked(True, f"{target.url} answered {outcome.status}"), soft_wrap=True)

    run_async(main())


@app.command("retry")
def webhooks_retry(number: Number, campaign: CampaignOption = None) -> None:
    """Send what was given up once more, and what waits at once."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            _owner, target = await _find(session, number, campaign)
            tried = await webhooks.try_again(session, target)
        out.print(f"{tried} messages that were given up are sent once more.")

    run_async(main())


@app.command("remove")
def webhooks_remove(number: Number, campaign: CampaignOption = None) -> None:
    """Tell an address nothing more; what waits for it is dropped."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            owner, target = await _find(session, number, campaign)
            await webhooks.remove_target(session, owner.id, target.id)
        out.print(f"{target.url} is told nothing more.", soft_wrap=True)

    run_async(main())


async def _find(session: AsyncSession, number: int, slug: str | None) -> tuple[Campaign, WebhookTarget]:
    owner = await installation.find_campaign(session, slug)
    target = await webhooks.find_target(session, owner.id, number)
    if target is None:
        raise Refused(f"{owner.name} has no webhook {number}; see: python run_bot.py webhooks list")
    return owner, target
