"""tokens: with which programs use the API."""

from collections.abc import Collection
from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from campaigns import access_tokens, installation
from campaigns.access_tokens import Scope, TokenRefused
from campaigns.models import AccessToken, Role
from campaigns.times import system_clock
from commands.common import CampaignOption, Refused, opened, out, prepared_settings, run_async

app = typer.Typer(help="With which programs use the API: docs/api.md.", no_args_is_help=True)


@app.command("add")
def tokens_add(
    email: Annotated[str, typer.Argument(help="The organizer for whom the program acts.")],
    name: Annotated[str, typer.Argument(help="Which program will hold it.")],
    scope: Annotated[
        list[str], typer.Option("--scope", help=f"Once for each: {', '.join(Scope)}; or all that the role allows: all.")
    ],
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="How long it lasts; else until it is revoked.")
    ] = None,
    campaign: CampaignOption = None,
) -> None:
    """Make a token for one organizer in one campaign. It is printed once and not stored."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await installation.find_campaign(session, campaign)
            organizer = await installation.find_organizer(session, email)
            role = dict(await _roles(session, organizer.id)).get(owner.id)
            now = system_clock()
            token, secret = await access_tokens.make_token(
                session,
                owner.id,
                organizer.id,
                name,
                _scopes(scope, role),
                now,
                now + timedelta(days=days) if days else None,
            )
        until = f", until {token.expires_at:%Y-%m-%d}" if token.expires_at else ""
        out.print(f"Token {token.id} “{token.name}” acts for {organizer.name} in {owner.name}{until}: {', '.join(token.scopes)}.", soft_wrap=True)  # fmt: skip
        out.print("Keep it where only that program reads it; it is not shown again:")
        out.print(secret, soft_wrap=True)

    run_async(main())


async def _roles(session: AsyncSession, organizer_id: int) -> list[tuple[int, Role]]:
    return [(campaign.id, role) for campaign, role in await installation.roles(session, organizer_id)]


def _scopes(names: list[str], role: Role | None) -> Collection[Scope]:
    if names == ["all"]:
        return access_tokens.scopes_of(role) if role is not None else list(Scope)  # without a role none is made
    known = {scope.value: scope for scope in Scope}
    for name in names:
        if name not in known:
            raise TokenRefused(f"“{name}” is no scope; choose from {', '.join(Scope)}, or all alone")
    return [known[name] for name in names]


@app.command("list")
def tokens_list(campaign: CampaignOption = None) -> None:
    """List a campaign's tokens: who they act for, what they may do, when they were last used."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.read() as session:
            owner = await installation.find_campaign(session, campaign)
            found = await access_tokens.tokens_of(session, owner.id)
        table = Table("number", "name", "ends in", "acts for", "scopes", "last used", "state")
        for token, organizer, role in found:
            used = f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never"
            scopes = ", ".join(token.scopes)
            table.add_row(str(token.id), token.name, token.ending, organizer.email, scopes, used, _state(token, role))
        out.print(table)
        if not found:
            out.print("There is no token yet; make one with: python run_bot.py tokens add EMAIL NAME --scope …")

    run_async(main())


def _state(token: AccessToken, role: Role | None) -> str:
    if token.revoked_at is not None:
        return f"revoked {token.revoked_at:%Y-%m-%d}"
    if token.expires_at is not None and token.expires_at <= system_clock():
        return f"expired {token.expires_at:%Y-%m-%d}"
    if role is None:
        return "ended: its organizer has no role any more"
    return f"until {token.expires_at:%Y-%m-%d}" if token.expires_at else "good"


@app.command("revoke")
def tokens_revoke(
    number: Annotated[int, typer.Argument(help="As `tokens list` shows it.")], campaign: CampaignOption = None
) -> None:
    """End a token at once and for good."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await installation.find_campaign(session, campaign)
            token = await access_tokens.revoke_token(session, owner.id, number, system_clock())
            if token is None:
                raise Refused(f"{owner.name} has no token {number}; see: python run_bot.py tokens list")
        out.print(f"Token {number} “{token.name}” opens nothing any more.")

    run_async(main())
