"""An organizer links their account by a code that works once; nothing else about them changes."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlmodel import select
from telegram.error import NetworkError

from bot import organizers
from bot.polling import Poller
from campaigns import health, installation
from campaigns.database import Database
from campaigns.models import Campaign, Dialogue, Organizer, Role, Supporter
from networks.errors import ChannelRevoked, NetworkDown
from sandbox.client import SandboxClient
from tests.bot.conftest import Books, Person
from tests.bot.lives import Life
from tests.conftest import FakeClock

NewPerson = Callable[..., Awaitable[Person]]


@pytest.fixture
def code(database: Database, campaign: Campaign, clock: FakeClock) -> Callable[..., Awaitable[str]]:
    """An organizer's new code; they are made where they do not exist."""

    async def make(email: str = "camille@exemple.fr") -> str:
        async with database.write() as session:
            if await session.scalar(select(Organizer).where(Organizer.email == email)) is None:
                await installation.add_organizer(
                    session, campaign.id, email, "Camille", "une phrase longue", Role.editor, clock()
                )
            return await installation.make_link_code(session, email)

    return make


async def linked(database: Database) -> dict[str, int | None]:
    async with database.read() as session:
        return {row.email: row.telegram_id for row in await session.scalars(select(Organizer))}


async def rows(database: Database, *tables: type[Supporter] | type[Dialogue]) -> int:
    async with database.read() as session:
        return sum([len((await session.scalars(select(table))).all()) for table in tables])


async def test_a_code_links_the_account_once_and_leaves_no_supporter_and_no_dialogue(
    zoe: Person, person: NewPerson, database: Database, code: Callable[[], Awaitable[str]]
) -> None:
    first = await code()
    assert "Merci, c’est fait" in (await zoe.start(f"o-{first}")).text
    assert await linked(database) == {"camille@exemple.fr": zoe.id}
    assert await rows(database, Supporter, Dialogue) == 0
    stranger = await person("Léo")
    for void in (first, "nonsense", ""):
        assert "Ce code a déjà servi" in (await stranger.start(f"o-{void}")).text
    assert await linked(database) == {"camille@exemple.fr": zoe.id}
    assert await rows(database, Supporter, Dialogue) == 0


async def test_a_new_code_voids_the_one_before(
    zoe: Person, database: Database, code: Callable[[], Awaitable[str]]
) -> None:
    before, after = await code(), await code()
    assert "Ce code a déjà servi" in (await zoe.start(f"o-{before}")).text
    assert "Merci" in (await zoe.start(f"o-{after}")).text


async def test_an_account_tells_one_organizer_and_says_which_it_left(
    zoe: Person, database: Database, code: Callable[..., Awaitable[str]]
) -> None:
    await zoe.start(f"o-{await code()}")
    assert "une autre adresse" in (await zoe.start(f"o-{await code('dominique@exemple.fr')}")).text
    assert await linked(database) == {"camille@exemple.fr": None, "dominique@exemple.fr": zoe.id}


async def test_a_supporter_in_the_middle_of_joining_may_link_and_goes_on(
    zoe: Person, database: Database, code: Callable[[], Awaitable[str]], books: Books
) -> None:
    await zoe.start()
    await zoe.start(f"o-{await code()}")
    await zoe.tap("join:contact:yes")
    await zoe.tap("join:counting:no")
    assert await books.place(zoe) is not None


async def test_an_unknown_organizer_gets_no_code(database: Database, campaign: Campaign) -> None:
    async with database.write() as session:
        with pytest.raises(installation.NotFound, match="organizers add personne"):
            await installation.make_link_code(session, "personne@exemple.fr")


async def test_the_bot_writes_to_an_organizer_and_says_when_they_are_gone(
    zoe: Person, life: Life, sandbox: SandboxClient
) -> None:
    bot = life.runner.app.bot
    await zoe.start()
    await organizers.tell(bot, zoe.id, "⚠️ <Canal> & co")  # plain text: a reason may hold anything
    assert (await zoe.messages())[-1]["text"] == "⚠️ <Canal> & co"
    await sandbox.fault("telegram", "revoked", "sendMessage", count=1)
    with pytest.raises(NetworkDown):  # the token, not the person
        await organizers.tell(bot, zoe.id, "?")
    await sandbox.block(zoe.id)
    with pytest.raises(ChannelRevoked, match="blocked the bot"):
        await organizers.tell(bot, zoe.id, "?")


async def beats(database: Database, clock: FakeClock) -> dict[str, float]:
    async with database.read() as session:
        seen = await health.look(session, clock())
    return {name: (clock() - at).total_seconds() for name, at in seen.beats.items()}


@pytest.mark.about_polling
async def test_the_bot_beats_when_telegram_answered_and_leaves_when_it_stops(
    zoe: Person, life: Life, database: Database, clock: FakeClock
) -> None:
    await life.runner.register()
    clock.advance(timedelta(seconds=100))
    assert await beats(database, clock) == {health.POLLER: 100}
    await zoe.say("bonjour")  # ends the request that waits
    assert await beats(database, clock) == {health.POLLER: 0}
    clock.advance(health.BEAT - timedelta(seconds=1))
    await zoe.say("encore")  # so soon after the last one nothing is written
    assert await beats(database, clock) == {health.POLLER: 4}
    await life.stop()
    assert await beats(database, clock) == {}
    await life.start()


@pytest.mark.about_polling
async def test_complaint_2_a_request_that_telegram_did_not_answer_is_no_beat() -> None:
    heard: list[str] = []
    poller: Poller

    class Wire:
        answers: list[Exception | None] = [NetworkError("the cable"), None, NetworkError("the cable")]  # noqa: RUF012

        async def get_updates(self, **_: object) -> tuple[()]:
            answer = self.answers.pop(0)
            if not self.answers:
                poller.stop()
            if answer is not None:
                raise answer
            return ()

    async def handle(_: object) -> None: ...

    async def hear() -> None:
        heard.append("answered")

    poller = Poller(Wire(), handle, hear)  # type: ignore[arg-type]
    poller._pause = lambda seconds: handle(seconds)  # type: ignore[assignment,method-assign]
    await poller.run()
    assert heard == ["answered"]


async def test_an_organizer_hears_of_the_commands_of_the_team_and_nobody_else_does(
    zoe: Person, code: Callable[[], Awaitable[str]]
) -> None:
    assert "/bureau" not in (await zoe.say("/help")).text and "/desk" not in (await zoe.say("/help")).text
    said = (await zoe.start(f"o-{await code()}")).text
    assert "/publier" in said and "/bureau" in said and "/live" in said
    assert "/desk – ce qui vous attend, et la suite" in (await zoe.say("/help")).text
