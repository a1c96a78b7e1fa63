"""kill -9 at each step of a publication, on the real program: nothing is lost and nothing goes out twice.

The stand-in holds a request before or after it accepted it, so that the program dies at exactly that step.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.vaults import vault_in
from campaigns import installation, posts
from campaigns.database import Database
from campaigns.media import NewPicture
from campaigns.models import Campaign, Publication, PublicationState
from campaigns.posts import NewPost
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_ACCOUNTS, DEMO_CHANNELS
from sandbox.server import SandboxServer
from tests.program import Program

S = PublicationState
OPERATION = {"telegram": "sendMessage", "x": "POST /2/tweets"}
PLACE = {"telegram": DEMO_CHANNELS[0].id, "x": DEMO_ACCOUNTS[0].username}


class Stage:
    """A campaign with one channel, on the data folder of the program."""

    def __init__(
        self, program: Program, sandbox: SandboxClient, server: SandboxServer, folder: Path, network: str
    ) -> None:
        self.program, self.sandbox, self.server, self.folder, self.network = program, sandbox, server, folder, network

    def database(self) -> Database:
        return Database(self.program.store_url, vault_in(self.folder))

    async def prepare(self) -> None:
        account, database = DEMO_ACCOUNTS[0], self.database()
        keys = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
        settings = {
            "telegram": {"chat_id": str(PLACE["telegram"])},
            "x": {**{key: getattr(account, key) for key in keys}, "base_url": self.server.x},
        }[self.network]
        await database.prepare()
        async with database.write() as session:
            campaign = await installation.add_campaign(session, Campaign(slug="", name="Campagne"), datetime.now(UTC))
            await installation.add_channel(session, campaign.id, self.network, "Canal", settings)
        await database.close()

    async def queue(self, text: str, *, picture: bytes | None = None, late: timedelta = timedelta(0)) -> int:
        """Queue a post that is due at once, or later; its publication's id."""
        database, now = self.database(), datetime.now(UTC)
        async with database.write() as session:
            (channel,) = await installation.channels(session)
            pictures = (NewPicture("a.png", picture),) if picture else ()
            new = NewPost("Titre", text, publish_at=now + late, channels=(channel,), pictures=pictures)
            post = await posts.add_post(session, channel.campaign_id, new, media_dir=self.folder / "media", now=now)
            ((publication, _),) = (await posts.publications_of(session, [post.id]))[post.id]
        await database.close()
        return publication.id

    async def state(self, publication_id: int) -> PublicationState:
        database = self.database()
        async with database.read() as session:
            publication = await session.get_one(Publication, publication_id)
        await database.close()
        return publication.state

    async def accepted(self) -> list[str]:
        """What followers can see, from the stand-in's own ledger."""
        service = self.network
        return [entry["text"] for entry in await self.sandbox.ledger(service=service, channel=PLACE[service])]


@pytest.fixture(params=["telegram", "x"])
async def stage(
    request: pytest.FixtureRequest,
    program: Program,
    sandbox: SandboxClient,
    sandbox_server: SandboxServer,
    tmp_path: Path,
) -> Stage:
    made = Stage(program, sandbox, sandbox_server, tmp_path / "data", request.param)
    await made.prepare()
    return made


async def test_killed_before_a_post_is_due_it_goes_out_once_after_the_restart(stage: Stage) -> None:
    publication = await stage.queue("Plus tard", late=timedelta(seconds=3))
    await stage.program.start()
    await stage.program.kill()
    assert await stage.state(publication) is S.queued
    await stage.program.start()
    await stage.program.line(f"publication {publication} is out")
    assert await stage.accepted() == ["Plus tard"]


async def test_killed_before_the_network_accepted_it_is_unknown_and_nothing_is_sent_again(stage: Stage) -> None:
    hold = await stage.sandbox.hold(stage.network, OPERATION[stage.network], "before")
    publication = await stage.queue("Coupée avant")
    await stage.program.start()
    await stage.sandbox.held(hold)
    await stage.program.kill()
    assert await stage.state(publication) is S.sending
    await _restart_and_send_another(stage)
    assert await stage.state(publication) is S.unknown
    assert await stage.accepted() == ["La suivante"]


async def test_killed_after_the_network_accepted_it_is_unknown_and_out_once(stage: Stage) -> None:
    hold = await stage.sandbox.hold(stage.network, OPERATION[stage.network], "after")
    publication = await stage.queue("Coupée après")
    await stage.program.start()
    await stage.sandbox.held(hold)
    await stage.program.kill()
    await _restart_and_send_another(stage)
    assert await stage.state(publication) is S.unknown
    assert await stage.accepted() == ["Coupée après", "La suivante"]


async def test_killed_once_the_receipt_is_written_it_stays_published(stage: Stage) -> None:
    first = await stage.queue("Arrivée")
    await stage.program.start()
    await stage.program.line(f"publication {first} is out")
    # The receipt is written in one commit with the beginning of the next publication: hold that one.
    hold = await stage.sandbox.hold(stage.network, OPERATION[stage.network], "before")
    await stage.queue("Coupée")
    await stage.sandbox.held(hold)
    await stage.program.kill()
    await _restart_and_send_another(stage)
    assert await stage.state(first) is S.published
    assert await stage.accepted() == ["Arrivée", "La suivante"]


async def test_killed_between_picture_and_text_nothing_is_doubled(stage: Stage, portrait: bytes) -> None:
    """Telegram: the picture is out, the text is not. X: the picture is uploaded, the post is not."""
    text = "Long " * 250 if stage.network == "telegram" else "Avec image"
    hold = await stage.sandbox.hold(stage.network, OPERATION[stage.network], "before")
    publication = await stage.queue(text, picture=portrait)
    await stage.program.start()
    await stage.sandbox.held(hold)
    before = len(await stage.accepted())
    await stage.program.kill()
    await _restart_and_send_another(stage)
    assert await stage.state(publication) is S.unknown
    assert len(await stage.accepted()) == before + 1


async def test_sigterm_lets_the_publication_in_flight_end(stage: Stage) -> None:
    hold = await stage.sandbox.hold(stage.network, OPERATION[stage.network], "before")
    publication = await stage.queue("En vol")
    await stage.program.start()
    await stage.sandbox.held(hold)
    await stage.program.terminate()
    await stage.program.line("Stopping")
    await stage.sandbox.release(hold)
    assert await stage.program.ended() == 0, stage.program.output
    assert await stage.state(publication) is S.published
    assert await stage.accepted() == ["En vol"]


async def _restart_and_send_another(stage: Stage) -> None:
    """The channel goes on: a later post is out, which also says that everything before it was decided."""
    await stage.sandbox.clear_faults()
    await stage.program.start()
    await stage.queue("La suivante")
    await stage.program.line("publication [0-9]+ is out")
