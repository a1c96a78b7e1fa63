"""The command line as a user meets it: what works, and one sentence with a non-zero exit for what does not."""

import socket
from pathlib import Path

import pytest

from campaigns.settings import PREFIX
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_ACCOUNTS, DEMO_CHANNELS
from sandbox.server import SandboxServer
from tests.bucket import KEY, SECRET, Storage
from tests.program import Program

CHAT = DEMO_CHANNELS[0].id
HEADER = "title,text,link,image,alt,publish_at,timezone,channels,share_kit\n"


async def refused(program: Program, *arguments: str) -> str:
    """What a command says that cannot do it: an exit code, a sentence, and never a traceback."""
    code, said = await program.call(*arguments)
    assert code == 1, said
    assert "Traceback" not in said
    return " ".join(said.split())


async def done(program: Program, *arguments: str) -> str:
    code, said = await program.call(*arguments)
    assert code == 0, said
    return said


@pytest.fixture
async def with_channel(program: Program) -> Program:
    await done(program, "channels", "add", "telegram", "Canal", "--set", f"chat_id={CHAT}")
    return program


async def test_a_wrong_token_is_one_sentence(program: Program, sandbox: SandboxClient) -> None:
    program.set(BOT_TOKEN="123:wrong")
    assert "refuses PORTEVOIX_BOT_TOKEN" in await refused(program, "run")


async def test_a_token_that_is_revoked_while_it_runs_ends_the_program_with_a_sentence(
    program: Program, sandbox: SandboxClient
) -> None:
    await program.start()
    await sandbox.fault("telegram", "revoked", "getUpdates", count=None)
    await sandbox.say(await _started(sandbox), "bonjour")  # ends the request that waits
    assert await program.ended() == 1
    assert "refuses PORTEVOIX_BOT_TOKEN" in program.output


async def _started(sandbox: SandboxClient) -> int:
    person = await sandbox.person("Zoé")
    await sandbox.start(person)
    return person


async def test_a_telegram_channel_without_a_token_is_one_sentence(with_channel: Program) -> None:
    with_channel.set(BOT_TOKEN="")
    assert "channel Canal is on Telegram, and PORTEVOIX_BOT_TOKEN is empty" in await refused(with_channel, "run")


@pytest.mark.about_files
async def test_roles_are_refused_on_sqlite_with_what_to_do(program: Program) -> None:
    said = await refused(program, "run", "--role", "web", "--role", "worker")
    assert "meet in a database of PostgreSQL; SQLite is one process’s own file" in said
    assert "set PORTEVOIX_DATABASE_URL=postgresql://" in said and "run without --role" in said


async def test_a_role_that_there_is_not_is_refused_with_those_that_there_are(program: Program) -> None:
    code, said = await program.call("run", "--role", "chief")
    assert code != 0 and all(role in said for role in ("web", "bot", "worker", "clock"))


async def test_a_database_newer_than_the_program_is_refused_and_left_alone(program: Program) -> None:
    await done(program, "migrate")
    program.ask("UPDATE alembic_version SET version_num = '9999'")
    for command in (["run"], ["migrate"], ["posts", "list"]):
        assert "written by a newer Porte-voix" in await refused(program, *command)


async def test_a_port_in_use_is_one_sentence(program: Program) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        program.set(PORT=str(taken.getsockname()[1]))
        assert "cannot be used (Address already in use); set PORTEVOIX_PORT" in await refused(program, "run")


async def test_a_folder_that_cannot_be_written_is_one_sentence(program: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    program.set(DATA_DIR=str(tmp_path / "file" / "data"))
    assert "cannot be written (Not a directory); set PORTEVOIX_DATA_DIR" in await refused(program, "migrate")


async def test_a_second_program_on_the_same_data_is_refused(program: Program, sandbox: SandboxClient) -> None:
    await program.start()
    program.set(PORT="0")
    assert "another Porte-voix already runs" in await refused(program, "run")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "many", "PORT"),
        ("PORT", "70000", "less than or equal to 65535"),
        ("LOG_LEVEL", "LOUD", "must be DEBUG, INFO, WARNING or ERROR"),
        ("PUBLIC_URL", "campagne.fr", "must begin with https://"),
        ("BOT_TOKEN_FILE", "/nowhere/token", "cannot be read"),
        ("DATABASE_URL", "mysql://x/y", "SQLite or PostgreSQL"),
        ("DATABASE_URL", "nonsense", "is not a database's address"),
    ],
)
async def test_a_wrong_setting_is_named_with_what_to_write(program: Program, name: str, value: str, said: str) -> None:
    program.set(**{name: value})
    sentence = await refused(program, "migrate")
    assert said in sentence and PREFIX + name in sentence


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("telegraph", "Canal"), "network “telegraph” is unknown; choose one of telegram, x"),
        (("telegram", "Canal"), "telegram needs chat_id: add --set chat_id=…"),
        (("telegram", "Canal", "--set", "chat_id"), "--set chat_id: write name=value"),
        (("telegram", "Canal", "--set", "chat_id=@a", "--set", "colour=red"), "telegram has no setting colour"),
        (("x", "Compte", "--set", "consumer_key=k"), "x needs consumer_secret, access_token, access_token_secret"),
        (("telegram", "Canal", "--set", "chat_id=@a", "--territory", "Lune"), "territory “Lune” does not exist"),
        (("telegram", "Canal", "--set", "chat_id=@a", "--set", "base_url=ftp://x"), "must begin with https://"),
        (("telegram", "Canal", "--set", "chat_id=@a", "--campaign", "autre"), "campaign “autre” does not exist"),
    ],
)
async def test_a_wrong_channel_is_named_with_what_to_write(
    program: Program, arguments: tuple[str, ...], said: str
) -> None:
    await done(program, "campaigns", "add", "Campagne")
    assert said in await refused(program, "channels", "add", *arguments)


async def test_channels_check_asks_each_network_and_mends_one_that_rested(
    with_channel: Program, sandbox: SandboxClient, sandbox_server: SandboxServer
) -> None:
    keys = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
    sets = [f"{key}={getattr(DEMO_ACCOUNTS[0], key)}" for key in keys] + [f"base_url={sandbox_server.x}"]
    await done(with_channel, "channels", "add", "x", "Compte", *(part for pair in sets for part in ("--set", pair)))
    await sandbox.fault("x", "revoked", "GET /2/users/me", count=1)
    said = await refused(with_channel, "channels", "check")
    assert "✓ Canal" in said and "✗ Compte (x): X refuses the channel's keys" in said
    assert f"✓ Compte (x): @{DEMO_ACCOUNTS[0].username}" in await done(with_channel, "channels", "check")
    assert "access_token" not in await done(with_channel, "channels", "list")


async def test_complaint_10_channels_check_lets_a_channel_that_rested_go_on(
    with_channel: Program, sandbox: SandboxClient
) -> None:
    rested = "SELECT resting_reason, told_resting_at FROM channel"
    with_channel.ask(
        "UPDATE channel SET resting_reason = 'Telegram refuses the token', told_resting_at = '2026-12-01 08:00:00.000000'"
    )
    with_channel.set(PUBLIC_URL="https://exemple.fr")
    assert "the channel rests; `channels check` lets it send again" in await refused(with_channel, "doctor")
    assert "✓ Canal" in await done(with_channel, "channels", "check")
    assert with_channel.ask(rested) == [(None, None)]
    assert "✓ channel Canal" in await done(with_channel, "doctor")


async def test_an_import_with_bad_lines_names_them_all_and_stores_nothing(
    with_channel: Program, tmp_path: Path
) -> None:
    file = tmp_path / "posts.csv"
    file.write_text(
        HEADER
        + "Bon,Bonjour,,,,2099-01-01 08:00,Europe/Paris,Canal,oui\n"
        + f"Long,{'x' * 4097},,,,2099-01-01 08:00,Europe/Paris,Canal,oui\n"
        + "Passé,Bonjour,exemple.fr,,,2020-01-01 08:00,Europe/Paris,Radio,oui\n"
    )
    said = await refused(with_channel, "posts", "import", str(file))
    assert "line 3, column text: telegram takes 4096 characters, the text has 4097" in said
    assert "line 4, column link: “exemple.fr” is not a web address" in said
    assert "line 4, column channels: channel “Radio” is unknown; there are: Canal" in said
    assert "Bon" not in await done(with_channel, "posts", "list")
    code, said = await with_channel.call("posts", "import", str(file), "--skip-bad")
    assert code == 1 and "1 posts are queued, 2 lines are wrong" in said
    listed = await done(with_channel, "posts", "list")
    assert "Bon" in listed and "Canal: queued" in listed and "2099-01-01 08:00 Europe/Paris" in listed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--frame", "moon", "--out", "b.png"), "no frame design moon"),
        (("--frame", "ring", "--out", "b.gif"), "a badge is written as .jpg, .png or .webp"),
        (("--frame", "ring", "--out", "nowhere/b.png"), "nowhere/b.png: No such file"),
    ],
)
async def test_a_badge_that_cannot_be_made_says_why(
    program: Program, tmp_path: Path, portrait: bytes, arguments: tuple[str, ...], said: str
) -> None:
    photo = tmp_path / "p.jpg"
    photo.write_bytes(portrait)
    assert said in await refused(program, "badge", str(photo), "--name", "Zoé", *arguments)


async def test_a_badge_is_made_from_a_file(program: Program, tmp_path: Path, portrait: bytes) -> None:
    photo, badge = tmp_path / "p.jpg", tmp_path / "b.png"
    photo.write_bytes(portrait)
    await done(program, "badge", str(photo), "--frame", "banner", "--name", "Zoé", "--out", str(badge))
    assert badge.read_bytes().startswith(b"\x89PNG")
    photo.write_bytes(b"not a photo")
    assert "not a picture" in await refused(
        program, "badge", str(photo), "--frame", "ring", "--name", "Zoé", "--out", str(badge)
    )


async def test_communes_are_imported_or_each_wrong_line_is_named_and_none_is(program: Program, tmp_path: Path) -> None:
    file = tmp_path / "communes.csv"
    file.write_text("name,postcode,territory\nPort-Clair,99100,Littoral\nHautbois,99210,Plateau\n")
    await done(program, "territories", "add", "Littoral")
    said = await refused(program, "communes", "import", str(file))
    assert "line 3, column territory: territory “Plateau” is unknown; there are: Littoral" in said
    assert "nothing was imported" in said
    await done(program, "territories", "add", "Plateau")
    assert "has 2 communes now" in await done(program, "communes", "import", str(file))
    file.write_text("name,postcode,territory\n")
    assert "holds no commune; nothing was changed" in await refused(program, "communes", "import", str(file))
    assert "cannot be read" in await refused(program, "communes", "import", str(tmp_path / "none.csv"))


async def test_missions_are_added_and_listed_on_the_campaigns_clock(program: Program) -> None:
    add = ("missions", "add", "Porte-à-porte", "--place", "Place du Marché", "--kind", "doors", "--at")
    await done(program, "territories", "add", "Littoral")
    said = await done(program, *add, "2097-03-06 10:00", "--territory", "Littoral", "--capacity", "8")
    assert "“Porte-à-porte” is on 2097-03-06 10:00 (Europe/Paris), for Littoral and below." in said
    assert "for everybody" in await done(program, *add, "06/03/2097 14h00", "--clock", "Indian/Reunion")
    listed = " ".join((await done(program, "missions", "list")).split())
    assert "2097-03-06 10:00 │ Europe/Paris" in listed and "0 of 8" in listed and "Littoral" in listed
    assert "2097-03-06 14:00 │ Indian/Reunion" in listed
    for at, sentence in (
        ("demain", "“demain” is not a date and time; write 2026-12-01 08:30"),
        ("2097-03-31 02:30", "does not exist in Europe/Paris: clocks go forward that night"),
        ("2020-03-06 10:00", "2020-03-06 10:00 (Europe/Paris) is in the past"),
    ):
        assert sentence in await refused(program, *add, at)
    assert "territory “Nulle part” does not exist" in await refused(
        program, *add, "2097-03-06 10:00", "--territory", "Nulle part"
    )


async def test_a_mission_is_changed_and_called_off_by_its_number(program: Program) -> None:
    await done(program, "missions", "add", "Tracts", "--place", "Marché", "--at", "2097-03-06 10:00")
    said = await done(
        program, "missions", "change", "1", "--place", "Gare", "--at", "2097-03-07 11:00", "--capacity", "5"
    )
    assert "“Tracts” is changed; 0 people are told by the bot." in said
    listed = " ".join((await done(program, "missions", "list")).split())
    assert "2097-03-07 11:00" in listed and "Gare" in listed and "0 of 5" in listed
    assert "is in the past" in await refused(program, "missions", "change", "1", "--at", "2020-03-07 11:00")
    assert "“Tracts” is called off" in await done(program, "missions", "call-off", "1")
    assert "“Tracts” is called off already" in await refused(program, "missions", "change", "1", "--place", "Halle")
    assert "Campagne has no mission 9; `missions list` shows them" in await refused(
        program, "missions", "call-off", "9"
    )


async def test_an_event_gets_buses_is_changed_and_called_off_by_its_code(program: Program, tmp_path: Path) -> None:
    add = (
        "events",
        "add",
        "Rassemblement",
        "--place",
        "Halle",
        "--at",
        "2097-03-09 14:00",
        "--until",
        "2097-03-09 17:00",
    )
    said = await done(program, *add, "--remind", "2d, 3h")
    assert "“Rassemblement” is on 2097-03-09 14:00 (Europe/Paris), for everybody." in said
    code = said.split("Its code: ")[1].split()[0]
    assert f"https://t.me/YOUR_BOT?start=e-{code}" in said
    bus = ("events", "bus", code, "Flers", "--stop", "Gare", "--seats", "50", "--leaves")
    assert "A bus from Flers takes 50 people" in await done(program, *bus, "2097-03-09 12:00")
    assert "would leave after the beginning" in await refused(program, *bus, "2097-03-09 15:00")
    assert "a new bus needs a TOWN, --stop, --leaves and --seats" in await refused(
        program, "events", "bus", code, "Caen"
    )
    assert "has no bus 9" in await refused(program, "events", "bus", code, "--number", "9")
    assert "add --number" in await refused(program, "events", "bus", code, "--drop")
    assert "is changed; 0 people are" in await done(program, "events", "bus", code, "--number", "1", "--seats", "60")
    assert "is changed" in await done(
        program, "events", "change", code, "--at", "2097-03-10 15:00", "--title", "Marche"
    )
    listed = " ".join((await done(program, "events", "list")).split())
    assert "2097-03-10 15:00" in listed and "Marche" in listed and "1: Flers 0 of 60" in listed
    shown = await done(program, "events", "people", code)
    assert "Sunday 10 March 15:00 – 18:00 · Halle" in shown and "Flers: 13:00, Gare – 0 of 60" in shown  # along with it
    file = tmp_path / "qui.csv"
    assert "0 people are written to" in await done(program, "events", "people", code, "--out", str(file))
    assert file.read_text("utf-8-sig") == "First name,Bus,Stop,Leaves at\n"
    assert "written as .csv or .txt" in await refused(program, "events", "people", code, "--out", "qui.pdf")
    assert "No such file" in await refused(program, "events", "people", code, "--out", str(tmp_path / "no" / "q.txt"))
    assert "does not run" in await done(program, "events", "bus", code, "--number", "1", "--drop")
    assert "“Marche” is called off; 0 people are told by the bot." in await done(program, "events", "call-off", code)
    assert "“Marche” is called off already" in await refused(program, "events", "change", code, "--place", "Stade")
    assert "no event of Campagne has the code “x”" in await refused(program, "events", "call-off", "x")
    assert "“soon” is not when a reminder can come" in await refused(program, *add, "--remind", "soon")
    assert "it ends before it begins" in await refused(program, *add, "--until", "2097-03-09 13:00")


async def test_a_territory_gets_a_common_goal_and_loses_it(program: Program) -> None:
    await done(program, "territories", "add", "Littoral")
    assert "The goal of Littoral is 500 visit." in await done(
        program, "territories", "goal", "littoral", "500", "--of", "visit"
    )
    assert "Littoral has no goal." in await done(program, "territories", "goal", "Littoral", "0")
    assert "choose one of said_shared, visit, badge_made, recruited" in await refused(
        program, "territories", "goal", "Littoral", "5", "--of", "received"
    )
    assert "territory “Mars” does not exist; choose one of Littoral" in await refused(
        program, "territories", "goal", "Mars", "5"
    )


async def test_the_quiet_hours_of_a_campaign_are_two_hours_or_none(program: Program) -> None:
    await done(program, "campaigns", "add", "Campagne")
    for hours in ("22-7", "none"):
        await done(program, "campaigns", "set", "--quiet", hours)
    for wrong in ("22", "22-24", "at night"):
        assert f"“{wrong}” names no quiet hours; write two hours of the clock, such as 21-8, or none" in await refused(
            program, "campaigns", "set", "--quiet", wrong
        )


async def test_how_french_speaks_of_women_and_men_is_set_by_its_name(program: Program) -> None:
    await done(program, "campaigns", "add", "Campagne")
    await done(program, "campaigns", "set", "--inclusive", "brackets")
    code, said = await program.call("campaigns", "set", "--inclusive", "dots")
    assert code == 2 and "'dots' is not one of 'point', 'hyphen', 'brackets', 'none'" in said


async def test_doctor_gives_a_line_each_with_what_to_do(with_channel: Program, sandbox: SandboxClient) -> None:
    with_channel.set(PUBLIC_URL="https://exemple.fr")
    lines = (await done(with_channel, "doctor")).splitlines()
    servers = ("database's clock",) if with_channel.store_url.startswith("postgresql") else ()
    assert [line.split("  ")[0] for line in lines] == [
        f"✓ {w}" for w in ("settings", "database", "disk", "clock", *servers, "bot token", "channel Canal")
    ]
    with_channel.set(PUBLIC_URL="", BOT_TOKEN="123:wrong")
    said = await refused(with_channel, "doctor")
    assert "✗ settings PORTEVOIX_PUBLIC_URL is empty" in said and "✗ bot token Telegram refuses the bot token" in said


async def test_an_organizer_with_a_short_password_is_refused(program: Program) -> None:
    assert "take at least 10" in await refused(program, "organizers", "add", "a@exemple.fr", "--password", "short")
    assert "is not an e-mail address" in await refused(
        program, "organizers", "add", "camille", "--password", "long enough indeed"
    )


async def test_the_output_never_holds_the_bot_token(program: Program, sandbox: SandboxClient) -> None:
    program.set(LOG_LEVEL="DEBUG")
    await done(program, "campaigns", "add", "Campagne")
    await program.start()
    person = await sandbox.person("Zoé")
    await sandbox.start(person)
    await sandbox.message(person, lambda m: "reply_markup" in m)
    await program.stop()
    assert program.token not in program.output


async def test_referents_are_appointed_listed_and_dismissed(program: Program, sandbox: SandboxClient) -> None:
    await done(program, "territories", "add", "Vallée")
    made = " ".join((await done(program, "leaders", "appoint", "vallée", "--messages", "2")).split())
    assert "For a referent of Vallée" in made and f"t.me/{await sandbox.bot()}?start=l-" in made
    code = made.rpartition("start=")[2]
    listed = "".join((await done(program, "leaders", "list")).split())
    assert "not taken".replace(" ", "") in listed and "Vallée" in listed
    await done(program, "leaders", "appoint", "Vallée")
    assert "has two places for referents" in await refused(program, "leaders", "appoint", "Vallée")
    assert "choose one of Vallée" in await refused(program, "leaders", "appoint", "Nulle part")
    assert "The place in Vallée is free" in await done(program, "leaders", "dismiss", "1")
    assert "leaders list" in await refused(program, "leaders", "dismiss", "1")
    assert code not in await done(program, "leaders", "list")
    program.set(BOT_TOKEN="")
    assert "/start l-" in await done(program, "leaders", "appoint", "Vallée")


async def test_themes_are_offered_listed_and_taken_away(program: Program) -> None:
    assert "under /rhythm" in await done(program, "interests", "add", "Le rail")
    assert "exists already" in await refused(program, "interests", "add", "le rail")
    assert "Le rail  0" in await done(program, "interests", "list")
    assert "no longer offered" in await done(program, "interests", "remove", "le rail")
    assert "does not exist" in await refused(program, "interests", "remove", "Le rail")
    assert "no theme yet" in await done(program, "interests", "list")


async def test_doctor_asks_the_storage_of_pictures_whether_it_takes_and_gives(
    with_channel: Program, sandbox: SandboxClient, storage: Storage
) -> None:
    with_channel.set(MEDIA_URL=storage.url, MEDIA_KEY=KEY, MEDIA_SECRET=SECRET)
    _code, said = await with_channel.call("doctor")
    assert "✓ pictures  s3://pictures/orne can be read and written" in said
    assert storage.names() == []
    storage.stop()
    said = await refused(with_channel, "doctor")
    assert "✗ pictures the pictures' storage s3://pictures/orne cannot be used just now" in said
