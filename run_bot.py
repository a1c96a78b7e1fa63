"""The one command of Porte-voix: wiring only. `python run_bot.py --help` lists what it does."""

import gc

gc.disable()  # before the imports: looking again and again at modules that stay took a fifth of each start

import shutil
from typing import Annotated

import typer

from campaigns.opening import opener
from campaigns.stores import shown_address
from campaigns.times import system_clock
from commands import (
    addresses,
    backing_up,
    badges,
    channels,
    communes,
    events,
    frames,
    keys,
    missions,
    moving,
    posts,
    rehearse,
    silence,
    tokens,
    webhooks,
)
from commands.common import (
    checked,
    opened,
    out,
    prepared_settings,
    run_async,
    sentences,
)
from commands.installing import campaigns_app, organizers_app, territories_app
from commands.leaders import interests_app, leaders_app
from commands.roles import Role, checked_roles, has

gc.freeze()  # what was imported stays, and no later pass looks at it
gc.enable()

app = typer.Typer(
    help="Porte-voix: a campaign speaks with many voices.", no_args_is_help=True, pretty_exceptions_enable=False
)
app.add_typer(campaigns_app, name="campaigns")
app.add_typer(territories_app, name="territories")
app.add_typer(organizers_app, name="organizers")
app.add_typer(channels.app, name="channels")
app.add_typer(posts.app, name="posts")
app.add_typer(silence.app, name="silence")
app.add_typer(frames.app, name="frames")
app.add_typer(addresses.app, name="addresses")
app.add_typer(communes.app, name="communes")
app.add_typer(missions.app, name="missions")
app.add_typer(events.app, name="events")
app.add_typer(keys.app, name="keys")
app.add_typer(leaders_app, name="leaders")
app.add_typer(interests_app, name="interests")
app.add_typer(tokens.app, name="tokens")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(badges.app, name="badge")
app.command("rehearse")(rehearse.rehearse_queue)
app.command("move-to")(moving.move_to)
app.command("backup")(backing_up.backup)
app.command("restore")(backing_up.restore)


@app.command()
def run(
    role: Annotated[
        list[Role] | None,
        typer.Option(help="What this process does; may be repeated. Needs PostgreSQL. Without it: everything."),
    ] = None,
) -> None:
    """Run everything in one process: bot, web pages, schedules; or the roles of this one."""
    from commands import reports
    from commands.serving import bind, run_program, serve  # here: only this command waits for the web and bot libraries

    with sentences():
        settings = prepared_settings()
        reports.begin(settings)
        roles = checked_roles(settings, role or ())
        taken = bind(settings) if has(roles, Role.web) else None
        run_program(serve(settings, system_clock, taken=taken, roles=roles))


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Where the demo listens.")] = 8000,
    reset: Annotated[bool, typer.Option(help="Start anew.")] = False,
    stand_ins: Annotated[
        bool,
        typer.Option(
            "--stand-ins", help="Only Telegram and the networks, for a demo that moved to PostgreSQL (docs/scale.md)."
        ),
    ] = False,
) -> None:
    """Play a fictional campaign on this machine; no account is needed, nothing leaves it."""
    from commands import demo as stage
    from commands.serving import bind, run_program, serve

    with sentences():
        if stand_ins:
            settings = prepared_settings(host="127.0.0.1", port=port)
            run_program(stage.serve_stand_ins(settings, system_clock, bind(settings)))
            return
        if reset:
            shutil.rmtree(stage.FOLDER, ignore_errors=True)
        settings = prepared_settings(**stage.settings_of(stage.FOLDER, f"http://127.0.0.1:{port}"), port=port)
        run_program(serve(settings, system_clock, taken=bind(settings), beside=stage.Demo(settings, system_clock)))


@app.command()
def migrate() -> None:
    """Bring the database to this program's version."""

    async def main() -> None:
        settings = prepared_settings()
        async with opened(settings):
            out.print(f"The database {shown_address(settings.store_url)} is ready.")

    run_async(main())


@app.command()
def doctor() -> None:
    """Look at settings, database, token, channels, clock and disk: a line each, with what to do."""
    from schedules import checkup

    async def main() -> None:
        settings = prepared_settings()
        async with opened(settings) as database:
            findings = await checkup.look(database, settings, opener(settings), system_clock)
        for finding in findings:
            out.print(checked(finding.good, finding.said, finding.what))
        if not all(finding.good for finding in findings):
            raise typer.Exit(1)

    run_async(main())


if __name__ == "__main__":
    app()
