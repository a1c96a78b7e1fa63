"""The bot tells organizers, once, what needs them; a mended channel goes on by the late policy."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from campaigns import installation
from campaigns.database import Database
from campaigns.installation import add_channel
from campaigns.models import (
    Campaign,
    Channel,
    LatePolicy,
    Organizer,
    OrganizerRole,
    Publication,
    PublicationState,
    Role,
)
from campaigns.notices import LISTED, LONGEST_REASON, SETTLES
from campaigns.posts import NewPost, add_post
from campaigns.settling import settle
from networks.base import OutgoingPost, Receipt
from networks.errors import ChannelRevoked, NetworkDown, OutcomeUnknown, PostRejected, RateLimited
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_ACCOUNTS
from sandbox.server import SandboxServer
from schedules import notices
from schedules.looking import LOOK
from schedules.notices import Notices
from schedules.publishing import Publisher
from tests.conftest import X_KEYS, FakeClock
from tests.program import Program

MINUTE = timedelta(minutes=1)
REVOKED = "X refuses the channel's keys: make new ones"
S = PublicationState


class Team:
    """A campaign with posts that fail, organizers who are told, and the messages that reached them."""

    def __init__(self, database: Database, clock: FakeClock, campaign: Campaign, folder: Path) -> None:
        self.database, self.clock, self.campaign, self.folder = database, clock, campaign, folder
        self.told: list[tuple[int, str]] = []
        self.troubles: dict[int, Exception] = {}
        self.answers: list[Exception] = []
        self.sent: list[str] = []
        self.notices = self.new_notices()
        self.observed: list[tuple[str, str | None]] = []
        self.publisher = Publisher(
            database,
            clock,
            lambda _: Line(self),
            folder,
            worker="one",
            rng=random.Random(1),
            observe=lambda channel, problem: self.observed.append(
                (channel.name, type(problem).__name__ if problem else None)
            ),
        )

    def new_notices(self, *, public: bool = True) -> Notices:
        return Notices(self.database, self.clock, self._tell, "https://exemple.fr/console", public=public)

    async def _tell(self, telegram_id: int, text: str) -> None:
        if telegram_id in self.troubles:
            raise self.troubles[telegram_id]
        self.told.append((telegram_id, text.replace("\u202f", " ")))

    async def look(self, after: timedelta = LOOK) -> list[tuple[int, str]]:
        """What organizers read at the next look."""
        self.told.clear()
        self.clock.advance(after)
        await self.notices.tick()
        await self.notices.settled()
        return list(self.told)

    async def organizer(
        self, telegram_id: int | None, role: Role = Role.editor, campaign: int | None = None, language: str = "fr"
    ) -> None:
        async with self.database.write() as session:
            row = Organizer(
                email=f"{telegram_id}-{role}@exemple.fr",
                name="Camille",
                password_hash="",
                telegram_id=telegram_id,
                language=language,
                created_at=self.clock(),
            )
            session.add(row)
            await session.flush()
            session.add(OrganizerRole(organizer_id=row.id, campaign_id=campaign or self.campaign.id, role=role))

    async def queue(self, title: str, *channels: Channel, **more: Any) -> None:
        async with self.database.write() as session:
            new = NewPost(title, title, publish_at=self.clock() + MINUTE, channels=channels, **more)
            await add_post(session, self.campaign.id, new, media_dir=self.folder, now=self.clock())

    async def publish(self, *answers: Exception, after: timedelta = MINUTE) -> None:
        """Let the publisher work; each call of the network answers with the next error, then well."""
        self.answers = list(answers)
        self.clock.advance(after)
        await self.publisher.tick()
        await self.publisher.settled()

    async def states(self) -> list[PublicationState]:
        async with self.database.read() as session:
            return list((await session.scalars(select(Publication.state).order_by(Publication.id))).all())  # type: ignore[arg-type]

    async def channel(self, channel: Channel) -> Channel:
        async with self.database.read() as session:
            return await session.get_one(Channel, channel.id)


class Line:
    """The network of every channel."""

    idempotent = can_find = False

    def __init__(self, team: Team) -> None:
        self.team = team

    async def check(self) -> str:
        return "here"

    async def publish(self, post: OutgoingPost) -> Receipt:
        if self.team.answers:
            raise self.team.answers.pop(0)
        self.team.sent.append(post.text)
        return Receipt(str(len(self.team.sent)))

    async def find(self, post: OutgoingPost, since: object = None) -> None:
        return None

    async def close(self) -> None:
        pass


@pytest.fixture
def team(database: Database, clock: FakeClock, campaign: Campaign, tmp_path: Path) -> Team:
    return Team(database, clock, campaign, tmp_path)


@pytest.fixture
async def resting(team: Team, x: Channel) -> Channel:
    """X refused the keys; two posts wait."""
    await team.queue("Un", x)
    await team.queue("Deux", x)
    await team.publish(ChannelRevoked(REVOKED))
    return x


async def test_complaint_10_a_dead_token_is_told_with_what_to_do_and_how_many_posts_wait(
    team: Team, resting: Channel
) -> None:
    await team.organizer(7)
    ((person, text),) = await team.look()
    assert person == 7
    assert "Le canal « Compte X » (x) est au repos." in text
    assert f"Ce que dit le réseau : {REVOKED}" in text
    assert "2 messages attendent ; aucun n’est perdu." in text
    assert f"https://exemple.fr/console/c/{team.campaign.slug}/channels#channel-{resting.id}" in text.split()
    assert 'run_bot.py channels mend "Compte X" --set' in text
    assert await team.states() == [S.queued, S.queued]


async def test_where_nobody_else_reaches_the_console_the_command_is_named_alone(team: Team, resting: Channel) -> None:
    await team.organizer(7)
    team.notices = team.new_notices(public=False)
    ((_person, text),) = await team.look()
    assert "http" not in text
    assert 'run_bot.py channels mend "Compte X" --set' in text and 'run_bot.py channels check "Compte X"' in text


async def test_each_organizer_is_told_in_their_language(team: Team, resting: Channel) -> None:
    await team.organizer(7)
    await team.organizer(8, language="en")
    told = dict(await team.look())
    assert "Le canal « Compte X » (x) est au repos." in told[7]
    assert "Channel “Compte X” (x) is at rest." in told[8]


async def test_it_is_told_once_and_again_only_after_it_was_mended(team: Team, resting: Channel) -> None:
    await team.organizer(7)
    assert len(await team.look()) == 1
    assert await team.look(60 * MINUTE) == []
    team.notices = team.new_notices()  # a restart
    assert await team.look() == []
    async with team.database.write() as session:
        await add_channel(session, team.campaign.id, "x", "Compte X", X_KEYS)
    assert await team.look() == []
    await team.publish(ChannelRevoked(REVOKED))
    assert len(await team.look()) == 1


async def test_who_can_do_something_about_it_is_told_and_no_other_campaign(team: Team, resting: Channel) -> None:
    async with team.database.write() as session:
        other = await installation.add_campaign(session, Campaign(slug="", name="L’Autre"), team.clock())
    for number, role in enumerate(Role, 1):
        await team.organizer(number, role)
    await team.organizer(None, Role.admin)
    await team.organizer(99, Role.admin, other.id)
    assert {person for person, _ in await team.look()} == {2, 3, 4}


async def test_a_rest_that_nobody_could_be_told_of_is_told_to_who_links_an_account_later(
    team: Team, resting: Channel
) -> None:
    assert await team.look() == []
    assert (await team.channel(resting)).told_resting_at is None
    await team.organizer(7)
    assert len(await team.look()) == 1


@pytest.mark.parametrize("trouble", [NetworkDown(), RateLimited(5 * MINUTE), RuntimeError("a bug")], ids=repr)
async def test_while_telegram_is_away_it_is_tried_again_in_a_minute(
    team: Team, resting: Channel, trouble: Exception
) -> None:
    await team.organizer(7)
    team.troubles[7] = trouble
    assert await team.look() == []
    team.troubles.clear()
    assert await team.look(timedelta(seconds=30)) == []
    assert len(await team.look(MINUTE)) == 1


async def test_one_organizer_who_blocked_the_bot_keeps_it_from_nobody(team: Team, resting: Channel) -> None:
    await team.organizer(7)
    await team.organizer(8)
    team.troubles[7] = ChannelRevoked("this person blocked the bot, or left Telegram")
    assert [person for person, _ in await team.look()] == [8]
    assert await team.look(60 * MINUTE) == []


async def test_nobody_hears_twice_where_another_one_could_not_be_reached(team: Team, resting: Channel) -> None:
    await team.organizer(7)
    await team.organizer(8)
    team.troubles[8] = NetworkDown()
    assert [person for person, _ in await team.look()] == [7]
    assert await team.look(60 * MINUTE) == []


async def test_complaint_11_a_post_that_failed_is_named_with_channel_reason_and_next_step(
    team: Team, telegram: Channel
) -> None:
    await team.organizer(7)
    await team.queue("Réunion publique", telegram)
    await team.queue("Porte-à-porte", telegram)
    await team.publish(PostRejected("Telegram: the text is too long"), OutcomeUnknown("it did not answer; look"))
    ((_, text),) = await team.look(SETTLES)
    assert "Canal « Canal Telegram » (telegram) :" in text
    assert "1 message n’est pas parti." in text and "Pour 1 message, nul ne sait s’il est parti." in text
    assert "• Réunion publique — Telegram: the text is too long" in text
    assert "• Porte-à-porte — it did not answer; look" in text
    assert "https://exemple.fr/console" in text


async def test_an_unknown_outcome_that_the_network_can_still_settle_is_no_news_yet(
    team: Team, telegram: Channel
) -> None:
    await team.organizer(7)
    await team.queue("Un", telegram)
    await team.publish(OutcomeUnknown("it did not answer; look"))
    assert await team.look(SETTLES - timedelta(seconds=1)) == []
    assert len(await team.look()) == 1


async def test_many_failures_of_a_channel_are_summed_up_in_one_message_in_ten_minutes(
    team: Team, telegram: Channel
) -> None:
    await team.organizer(7)
    await team.queue("Le premier", telegram)
    await team.publish(PostRejected("no"))
    assert len(await team.look()) == 1
    for number in range(LISTED + 3):
        await team.queue(f"Message {number}", telegram)
    await team.publish(*[PostRejected("n" * 2 * LONGEST_REASON)] * (LISTED + 3))
    assert await team.look(MINUTE) == []
    ((_, text),) = await team.look(notices.QUIET)
    assert f"{LISTED + 3} messages ne sont pas partis." in text and "et 3 autres" in text
    assert "Le premier" not in text
    assert len(text) < 4096  # what Telegram takes
    assert await team.look(notices.QUIET) == []


async def test_a_post_that_fails_again_after_a_human_sent_it_again_is_news(team: Team, telegram: Channel) -> None:
    await team.organizer(7)
    await team.queue("Un", telegram)
    await team.publish(PostRejected("no"))
    assert len(await team.look()) == 1
    async with team.database.write() as session:
        await settle(session, team.campaign.id, 1, S.queued, now=team.clock())
    await team.publish(PostRejected("no again"))
    ((_, text),) = await team.look(notices.QUIET)
    assert "no again" in text


async def test_failures_from_before_an_organizer_linked_an_account_are_no_news(team: Team, telegram: Channel) -> None:
    await team.queue("Un", telegram)
    await team.publish(PostRejected("no"))
    assert await team.look() == []
    await team.organizer(7)
    assert await team.look(60 * MINUTE) == []


async def test_a_clock_that_is_set_back_does_not_silence_it(team: Team, resting: Channel) -> None:
    assert await team.look() == []
    await team.organizer(7)
    assert len(await team.look(timedelta(hours=-3))) == 1


async def test_it_stops_in_good_order(team: Team, resting: Channel) -> None:
    await team.organizer(7)
    await team.notices.tick()
    await team.notices.stop()
    assert len(team.told) == 1
    assert await team.look() == []


async def test_complaint_10_a_mended_channel_lets_what_waited_go_on_by_the_late_policy(team: Team, x: Channel) -> None:
    await team.queue("Hier", x, late_policy=LatePolicy.send)
    await team.queue("À demander", x, late_policy=LatePolicy.ask)
    await team.queue("Ce matin", x, late_policy=LatePolicy.send)
    await team.queue("Plus la peine", x, late_policy=LatePolicy.drop)
    await team.publish(ChannelRevoked(REVOKED))
    await team.publish(after=timedelta(hours=9))
    assert (team.sent, await team.states()) == ([], [S.queued] * 4)  # nothing is lost, nothing goes out
    await team.queue("Maintenant", x)
    async with team.database.write() as session:
        mended = await add_channel(session, team.campaign.id, "x", "Compte X", X_KEYS | {"access_token": "new"})
    assert (mended.id, mended.resting_reason, mended.told_resting_at) == (x.id, None, None)
    await team.publish()
    assert team.sent == ["Ce matin", "Maintenant"]  # the newest catches up alone: no burst
    assert await team.states() == [S.missed, S.missed, S.published, S.missed, S.published]


async def test_each_attempt_is_told_to_the_observer_with_what_went_wrong(team: Team, x: Channel) -> None:
    for title in ("Un", "Deux", "Trois"):
        await team.queue(title, x)
    await team.publish(PostRejected("no"), RuntimeError("a bug"))
    assert team.observed == [("Compte X", "PostRejected"), ("Compte X", "RuntimeError"), ("Compte X", None)]


async def test_complaint_10_the_real_bot_tells_the_organizer_that_a_token_died_and_mending_it_sends_what_waited(
    program: Program, sandbox: SandboxClient, sandbox_server: SandboxServer
) -> None:
    account = DEMO_ACCOUNTS[0]
    keys = {k: getattr(account, k) for k in ("consumer_key", "consumer_secret", "access_token", "access_token_secret")}
    settings = keys | {"base_url": sandbox_server.x}
    store = program.store(program.vault)
    async with store.write() as session:
        now = datetime.now(UTC)
        campaign = await installation.add_campaign(session, Campaign(slug="", name="Campagne"), now)
        channel = await add_channel(session, campaign.id, "x", "Compte", settings)
        await installation.add_organizer(session, campaign.id, "a@exemple.fr", "", "une phrase longue", Role.admin, now)
        code = await installation.make_link_code(session, "a@exemple.fr")
    await program.start()
    camille = await sandbox.person("Camille", language_code="fr")
    await sandbox.start(camille, f"o-{code}")
    await sandbox.message(camille, lambda m: "Merci" in m.get("text", ""))

    await sandbox.fault("x", "revoked", "POST /2/tweets", count=1)
    async with store.write() as session:
        new = NewPost("Un", "Bonjour", publish_at=now, channels=[channel])
        await add_post(session, campaign.id, new, media_dir=program.folder / "media", now=now)
    told = await sandbox.message(camille, lambda m: "au repos" in m.get("text", ""), within=30)
    assert "1 message attend" in told["text"] and "channels check" in told["text"]
    code_of_exit, said = await program.call("channels", "check")
    assert code_of_exit == 0, said
    await sandbox.wait_for_tweets(account.username, lambda there: there["tweets"], within=30)
    await store.close()
