"""A disk that is full: nothing is sent that cannot be written down first, people get a sentence, and all goes on when there is room."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from campaigns import posts
from campaigns.installation import add_campaign, add_channel
from campaigns.models import Campaign, Channel
from campaigns.posts import NewPost
from campaigns.times import system_clock
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_CHANNELS
from tests.program import Program

NO_ROOM = "could not extend file: No space left on device"
NO_LIMIT = resource.RLIM_INFINITY


@contextmanager
def full(program: Program) -> Iterator[None]:
    """No byte is written any more: to the program's own files, or by the server, which says so in its own way (53100)."""
    if program.store_url.startswith("sqlite"):
        resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (0, NO_LIMIT))
        yield
        resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (NO_LIMIT, NO_LIMIT))
        return
    program.ask(
        "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53100', MESSAGE = '{NO_ROOM}'; END $$"
    )
    for table in ("heartbeat", "supporter", "participation", "dialogue"):
        program.ask(f"CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION no_room()")
    for table in ("publication", "channel"):  # the test's own post is written all the same
        program.ask(f"CREATE TRIGGER no_room BEFORE UPDATE ON {table} EXECUTE FUNCTION no_room()")
    yield
    program.ask("DROP FUNCTION no_room CASCADE")


async def connected(program: Program) -> Channel:
    database, now = program.store(program.vault), system_clock()
    async with database.write() as session:
        campaign = await add_campaign(session, Campaign(slug="", name="Campagne"), now)
        settings = {"chat_id": str(DEMO_CHANNELS[0].id)}
        channel = await add_channel(session, campaign.id, "telegram", "Canal", settings)
    await database.close()
    return channel


async def queue(program: Program, channel: Channel) -> None:
    """A post that is due."""
    database, now = program.store(program.vault), system_clock()
    async with database.write() as session:
        new = NewPost("Titre", "Sur un disque plein", publish_at=now, channels=(channel,))
        await posts.add_post(session, channel.campaign_id, new, media_dir=program.folder / "media", now=now)
    await database.close()


async def test_on_a_full_disk_nothing_goes_out_everybody_is_told_and_it_goes_on_when_there_is_room(
    program: Program, sandbox: SandboxClient
) -> None:
    channel = await connected(program)
    await program.start()
    person = await sandbox.person("Zoé", language_code="fr")
    async with httpx.AsyncClient(base_url=program.site) as visitor:
        with full(program):
            await queue(program, channel)
            await program.line("the database does not answer")
            unwell = await visitor.get("/healthz")
            assert unwell.status_code == 503
            assert "the database takes nothing that is written (" in unwell.text
            assert "make room on the database's disk" in unwell.text
            await sandbox.start(person)
            await sandbox.message(person, lambda message: "de notre côté" in message.get("text", ""), within=60)
            assert await sandbox.ledger(service="telegram", channel=str(DEMO_CHANNELS[0].id)) == []
            assert program.ask("SELECT state, attempts FROM publication") == [("queued", 0)]
        await program.line("publication 1 is out")
        while (await visitor.get("/healthz")).status_code != 200:
            pass
    assert await program.stop() == 0
    said = [program.output.count(f"the database {what}") for what in ("does not answer", "answers again")]
    assert said in ([1, 1], [2, 2])  # not at each tick; a write that was under way may come late
    assert "never retrieved" not in program.output
    assert program.ask("SELECT state, attempts FROM publication") == [("published", 1)]
