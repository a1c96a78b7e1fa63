"""keys: the secret key that locks what the store keeps."""

import typer

from campaigns import channel_secrets, kept_secrets, second_factors, webhook_secrets
from commands.common import checked, opened, out, prepared_settings, run_async

app = typer.Typer(
    help="The secret key that locks channels' and webhooks' credentials, and organizers' codes.", no_args_is_help=True
)


@app.command("renew")
def keys_renew() -> None:
    """Lock everything with the present secret key. The key before is in PORTEVOIX_OLD_SECRET_KEY, and is not needed after."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            channels, unreadable = await channel_secrets.lock_anew(session)
            factors, lost = await second_factors.lock_anew(session)
            kept, unknown = await kept_secrets.lock_anew(session)
            signing, mute = await webhook_secrets.lock_anew(session)
        changed = channels + factors + kept + signing
        out.print(
            checked(True, f"{changed} {'secret is' if changed == 1 else 'secrets are'} locked with the present key now")
        )
        for problem in unreadable:
            out.print(checked(False, f"channel “{problem.channel.name}”: {problem}"), soft_wrap=True)
        for organizer_id in lost:
            out.print(
                checked(False, f"the codes of organizer {organizer_id} cannot be read: `organizers reset-codes`"),
                soft_wrap=True,
            )
        for name in unknown:
            out.print(checked(False, f"the {name} cannot be read: give it again"), soft_wrap=True)
        for webhook in mute:
            out.print(checked(False, f"webhook {webhook.target.id}: {webhook}"), soft_wrap=True)
        if unreadable or lost or unknown or mute:
            raise typer.Exit(1)

    run_async(main())
