"""What comes unasked respects each person's rhythm: it waits and goes later, nothing is lost, nothing comes twice."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from campaigns import broadcasts, handouts, posts, supporters
from campaigns.database import Database
from campaigns.engagement import counts_of
from campaigns.installation import add_territory
from campaigns.models import Broadcast, BroadcastState, Campaign, Handout, HandoutState, Kind, Post, Supporter
from campaigns.rhythm import PAUSE, set_rhythm, usual_of
from campaigns.times import zone
from networks.errors import NetworkDown, OutcomeUnknown, RateLimited
from tests.conftest import FakeClock
from tests.schedules.mailing import Stage

H = HandoutState


class Home(Stage):
    """The stage with wall clocks and wishes."""

    def set_clock(self, text: str, place: str = "Europe/Paris") -> None:
        self.clock.now = datetime.fromisoformat(text).replace(tzinfo=zone(place)).astimezone(UTC)

    async def play_at(self, text: str, place: str = "Europe/Paris") -> list[tuple[str, str]]:
        """What arrives at that moment, in the order of names."""
        self.set_clock(text, place)
        before = len(self.mail.got)
        await self.play()
        return sorted(self.mail.got[before:])

    async def wish(self, person: Supporter, **wishes: int | datetime | None) -> None:
        async with self.database.write() as session:
            place = await supporters.participation(session, person.id, self.campaign.id)
            assert place is not None
            await set_rhythm(session, place, self.clock(), **wishes)

    async def rows(self) -> list[Handout]:
        async with self.database.read() as session:
            return list(await session.scalars(select(Handout).order_by(col(Handout.id))))


@pytest.fixture
def home(database: Database, clock: FakeClock, campaign: Campaign, tmp_path: Path) -> Home:
    made = Home(database, clock, campaign, tmp_path)
    made.set_clock("2026-12-01 10:00")
    return made


async def test_a_kit_of_the_night_waits_for_the_morning_and_comes_once(home: Home) -> None:
    await home.join("Zoé", "Noé")
    home.set_clock("2026-12-01 22:00")
    await home.post("Un")
    assert await home.play_at("2026-12-01 22:00") == []
    assert await home.states() == [H.queued, H.queued]
    assert await home.play_at("2026-12-02 07:59:59") == []
    assert await home.play_at("2026-12-02 08:00") == [("Noé", "Un"), ("Zoé", "Un")]
    assert await home.play_at("2026-12-02 08:01") == []
    assert await home.states() == [H.sent, H.sent]
    assert [row.not_before for row in await home.rows()] == [None, None]


async def test_a_broadcast_of_the_night_is_done_in_the_morning(home: Home) -> None:
    await home.join("Zoé", "Noé")
    home.set_clock("2026-12-01 23:30")
    broadcast = await home.begin("Un")
    await home.play()
    waiting = await home.progress(broadcast)
    assert (waiting.state, waiting.sent, waiting.left) == (BroadcastState.running, 0, 2)
    assert await home.play_at("2026-12-02 08:00") == [("Noé", "Un"), ("Zoé", "Un")]
    assert (await home.progress(broadcast)).state is BroadcastState.done


async def test_a_campaigns_night_keeps_nobody_who_chose_other_hours_or_goes_by_another_clock(home: Home) -> None:
    async with home.database.write() as session:
        island = await add_territory(session, home.campaign.id, "La Martinique", None, "America/Martinique")
    zoe, noe, _ = await home.join("Zoé", "Noé", "Inès")
    await home.join("Lina", first=9, territory_id=island.id)
    await home.wish(noe, quiet_from=3, quiet_until=4)
    await home.wish(zoe, quiet_from=22, quiet_until=10)
    home.set_clock("2026-12-01 23:30")
    broadcast = await home.begin("Un")
    assert await home.play_at("2026-12-01 23:30") == [("Lina", "Un"), ("Noé", "Un")]
    assert (await home.progress(broadcast)).waiting == 2
    assert await home.play_at("2026-12-02 08:00") == [("Inès", "Un")]
    assert await home.play_at("2026-12-02 10:00") == [("Zoé", "Un")]
    assert (await home.progress(broadcast)).state is BroadcastState.done


async def test_in_the_campaigns_night_a_thousand_people_cost_no_more_statements_than_one(home: Home) -> None:
    statements: list[str] = []
    event.listen(home.database._writer.sync_engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    await home.join("Zoé")
    home.set_clock("2026-12-01 23:30")
    await home.begin("Un")
    statements.clear()
    await home.play()
    one = len(statements)
    await home.join(*(f"P{n}" for n in range(1_000)), first=100)
    await home.begin("Deux")
    statements.clear()
    await home.play()
    assert len(statements) <= one
    assert await home.states() == [H.queued] * 1_002


async def test_one_that_was_cancelled_or_paused_in_the_night_does_not_come_in_the_morning(home: Home) -> None:
    await home.join("Zoé")
    home.set_clock("2026-12-01 23:30")
    cancelled, paused = await home.begin("Un"), await home.begin("Deux")
    await home.play()
    async with home.database.write() as session:
        await broadcasts.cancel(session, await session.get_one(Broadcast, cancelled.id), None, home.clock())
        await broadcasts.pause(session, await session.get_one(Broadcast, paused.id), None, home.clock())
    assert await home.play_at("2026-12-02 09:00") == []
    async with home.database.write() as session:
        await broadcasts.resume(session, await session.get_one(Broadcast, paused.id), None, home.clock())
    assert await home.play_at("2026-12-02 09:01") == [("Zoé", "Deux")]


async def test_each_island_has_its_own_night(home: Home) -> None:
    async with home.database.write() as session:
        island = await add_territory(session, home.campaign.id, "La Réunion", None, "Indian/Reunion")
    await home.join("Zoé")
    await home.join("Lina", first=9, territory_id=island.id)
    home.set_clock("2026-12-01 18:30")
    await home.post("Un")
    assert await home.play_at("2026-12-01 18:30") == [("Zoé", "Un")]
    assert await home.play_at("2026-12-02 07:59", "Indian/Reunion") == []
    assert await home.play_at("2026-12-02 08:00", "Indian/Reunion") == [("Lina", "Un")]


@pytest.mark.parametrize("eve", ["2026-03-28", "2026-10-24"])
async def test_on_the_night_when_clocks_change_each_message_comes_once_at_eight(home: Home, eve: str) -> None:
    home.set_clock(f"{eve} 12:00")
    await home.join("Zoé", "Noé")
    home.set_clock(f"{eve} 21:30")
    await home.post("Un")
    arrived = []
    for _ in range(4 * 14):
        await home.play()
        if home.mail.got:
            arrived.append(home.clock().astimezone(zone("Europe/Paris")).strftime("%d %H:%M"))
            break
        home.clock.advance(timedelta(minutes=15))
    assert arrived == [f"{int(eve[-2:]) + 1} 08:00"]
    home.clock.advance(timedelta(hours=1))
    await home.play()
    assert Counter(home.mail.got) == {("Zoé", "Un"): 1, ("Noé", "Un"): 1}


async def test_no_more_than_so_many_a_day_whichever_runs_they_are_of(home: Home) -> None:
    zoe, _ = await home.join("Zoé", "Noé")
    await home.wish(zoe, most_a_day=2)
    for title in ("1", "2", "3"):
        await home.post(title)
    await home.begin("4")
    today = await home.play_at("2026-12-01 10:00")
    assert Counter(name for name, _ in today) == {"Noé": 4, "Zoé": 2}
    assert await home.play_at("2026-12-01 20:00") == []
    assert await home.play_at("2026-12-02 07:00") == []
    tomorrow = await home.play_at("2026-12-02 08:00")
    assert Counter(name for name, _ in tomorrow) == {"Zoé": 2}
    assert Counter(today + tomorrow) == Counter((name, title) for name in ("Zoé", "Noé") for title in "1234")


async def test_a_digest_collects_the_days_posts_into_one_message(home: Home) -> None:
    zoe, _ = await home.join("Zoé", "Noé")
    await home.wish(zoe, digest_at=18)
    for hour, title in ((10, "Un"), (12, "Deux"), (17, "Trois")):
        home.set_clock(f"2026-12-01 {hour}:00")
        await home.post(title)
        assert await home.play_at(f"2026-12-01 {hour}:00") == [("Noé", title)]
    assert await home.play_at("2026-12-01 18:00") == [("Zoé", "Un + Deux + Trois")]
    home.set_clock("2026-12-01 18:30")
    await home.post("Quatre")
    assert await home.play_at("2026-12-01 18:30") == [("Noé", "Quatre")]
    assert await home.play_at("2026-12-02 18:00") == [("Zoé", "Quatre")]
    mine = [row for row in await home.rows() if row.supporter_id == zoe.id]
    assert {row.state for row in mine} == {H.sent} and len(mine) == 4
    assert len({row.message_id for row in mine}) == 2  # one message for three handouts
    async with home.database.read() as session:
        counts = await counts_of(session, zoe.id, home.campaign.id)
    assert counts[Kind.received] == 1  # the lone one came as its card; of the others she has a button


async def test_a_broadcast_comes_with_the_digest_as_a_message_of_its_own(home: Home) -> None:
    (zoe,) = await home.join("Zoé")
    await home.wish(zoe, digest_at=18)
    await home.post("Un")
    await home.post("Deux")
    await home.begin("Rendez-vous")
    assert await home.play_at("2026-12-01 10:00") == []
    assert await home.play_at("2026-12-01 18:00") == [("Zoé", "Rendez-vous"), ("Zoé", "Un + Deux")]
    assert await home.play_at("2026-12-01 18:01") == []


@pytest.mark.parametrize("answer", [RateLimited(timedelta(seconds=7)), NetworkDown("away")])
async def test_a_digest_that_could_not_be_sent_is_sent_again_whole(home: Home, answer: Exception) -> None:
    (zoe,) = await home.join("Zoé")
    await home.wish(zoe, digest_at=18)
    await home.post("Un")
    await home.post("Deux")
    await home.play()
    home.mail.answers = [answer]
    assert await home.play_at("2026-12-01 18:00") == [("Zoé", "Un + Deux")]
    assert await home.states() == [H.sent, H.sent]


async def test_a_digest_that_may_have_arrived_is_not_sent_a_second_time(home: Home) -> None:
    (zoe,) = await home.join("Zoé")
    await home.wish(zoe, digest_at=18)
    await home.post("Un")
    await home.post("Deux")
    await home.play()
    home.mail.answers = [OutcomeUnknown("cut")]
    assert await home.play_at("2026-12-01 18:00") == []
    assert await home.play_at("2026-12-02 18:00") == []
    assert await home.states() == [H.unknown, H.unknown]


async def test_a_digest_in_flight_when_the_program_was_killed_is_unknown_whole(home: Home) -> None:
    zoe, _ = await home.join("Zoé", "Noé")
    await home.wish(zoe, digest_at=18)
    await home.post("Un")
    await home.post("Deux")
    await home.play()
    home.set_clock("2026-12-01 18:00")
    async with home.database.write() as session:  # a process that died as it had written these rows
        due = await handouts.runs(session, home.clock())
        (first,) = await handouts.candidates(session, due[0], home.clock(), limit=9)
        claims = [handouts.Claim(run, first.participation_id, zoe.id) for run in due]
        assert None not in await handouts.write(session, claims, home.clock())
    await home.broadcaster.end_leases(every=True)
    assert await home.play_at("2026-12-01 18:01") == []
    assert [row.state for row in await home.rows() if row.supporter_id == zoe.id] == [H.unknown, H.unknown]


async def test_a_pause_keeps_everything_back_and_ends_after_a_week_or_at_a_tap(home: Home) -> None:
    zoe, noe = await home.join("Zoé", "Noé")
    for person in (zoe, noe):
        await home.wish(person, paused_until=home.clock() + PAUSE)
    await home.post("Un")
    await home.begin("Deux")
    assert await home.play_at("2026-12-03 10:00") == []
    await home.wish(noe, paused_until=None)
    assert await home.play_at("2026-12-03 10:00") == [("Noé", "Deux"), ("Noé", "Un")]
    assert await home.play_at("2026-12-08 09:59") == []
    assert await home.play_at("2026-12-08 10:00") == [("Zoé", "Deux"), ("Zoé", "Un")]


async def test_whoever_pauses_while_it_goes_out_gets_nothing_more(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schedules.broadcasts.WORKERS", 1)
    _, noe = await home.join("Zoé", "Noé")
    await home.begin("Un")

    async def noe_pauses() -> None:
        await home.wish(noe, paused_until=home.clock() + PAUSE)

    home.mail.meanwhile = noe_pauses
    await home.play()
    assert home.mail.got == [("Zoé", "Un")]
    assert await home.states() == [H.sent, H.queued]


async def test_when_the_night_begins_while_telegram_asks_to_wait_the_rest_comes_in_the_morning(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schedules.broadcasts.WORKERS", 1)
    await home.join("Zoé", "Noé")
    home.set_clock("2026-12-01 20:59:50")
    broadcast = await home.begin("Un")
    home.mail.answers = [RateLimited(timedelta(seconds=30))]
    await home.play()
    assert home.mail.got == []
    assert len(await home.play_at("2026-12-02 08:00")) == 2
    assert (await home.progress(broadcast)).state is BroadcastState.done


async def test_who_stops_is_erased_or_loses_the_post_in_the_night_gets_nothing_in_the_morning(home: Home) -> None:
    zoe, noe, _ = await home.join("Zoé", "Noé", "Ali")
    home.set_clock("2026-12-01 22:00")
    broadcast, post = await home.begin("Un"), await home.post("Deux")
    await home.play()
    async with home.database.write() as session:
        await supporters.stop(session, zoe, home.campaign.id, home.clock())
        await supporters.forget(session, await session.get_one(Supporter, noe.id), home.clock())
        await posts.cancel_post(session, home.campaign.id, post.id, home.clock())
    await home.broadcaster.end_leases()
    assert await home.play_at("2026-12-02 08:00") == [("Ali", "Un")]
    assert Counter(row.state for row in await home.rows()) == {H.sent: 1, H.skipped: 5}
    assert (await home.progress(broadcast)).state is BroadcastState.done


async def test_a_broadcast_whose_last_sleeper_was_erased_is_done(home: Home) -> None:
    (zoe,) = await home.join("Zoé")
    home.set_clock("2026-12-01 22:00")
    broadcast = await home.begin("Un")
    await home.play()
    async with home.database.write() as session:
        await supporters.forget(session, await session.get_one(Supporter, zoe.id), home.clock())
    await home.play()
    assert (await home.progress(broadcast)).state is BroadcastState.done


async def test_who_joins_in_the_night_does_not_get_what_the_others_wait_for(home: Home) -> None:
    await home.join("Zoé")
    home.set_clock("2026-12-01 22:00")
    await home.post("Un")
    await home.play()
    (lina,) = await home.join("Lina", first=9)
    await home.wish(lina, digest_at=8)
    assert await home.play_at("2026-12-02 08:00") == [("Zoé", "Un")]


async def test_another_campaigns_messages_count_for_themselves(home: Home) -> None:
    """The limit is of one campaign."""
    (zoe,) = await home.join("Zoé")
    await home.wish(zoe, most_a_day=1)
    async with home.database.write() as session:
        other = Campaign(slug="autre", name="Autre", created_at=home.clock())
        session.add(other)
        await session.flush()
        gone = Post(campaign_id=other.id, title="Ailleurs", text="", created_at=home.clock())
        session.add(gone)
        await session.flush()
        session.add(Handout(post_id=gone.id, supporter_id=zoe.id, state=H.sent, sent_at=home.clock(), message_id=7))
    await home.post("Un")
    assert await home.play_at("2026-12-01 10:00") == [("Zoé", "Un")]


async def test_who_wishes_nothing_special_costs_no_query_of_their_own(home: Home) -> None:
    await home.join(*(f"n{i}" for i in range(50)))
    await home.post("Un")
    said: list[str] = []
    async with home.database.read() as session:
        (run,) = await handouts.runs(session, home.clock())
        usual = await usual_of(session, home.campaign.id)
        engine = (await session.connection()).sync_connection.engine  # type: ignore[union-attr]
        event.listen(engine, "before_cursor_execute", lambda *more: said.append(more[2]))
        people = await handouts.candidates(session, run, home.clock(), limit=50)
        turns = await handouts.turns(session, run, usual, people, home.clock())
    assert len(turns) == 50 and all(turn.free for _, turn in turns)
    assert len(said) == 1, said
