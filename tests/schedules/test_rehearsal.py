"""The coming queue played on a copy: what is held, missed, refused, what it costs, and what faults do to it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from campaigns.database import Database
from campaigns.installation import add_channel
from campaigns.models import Campaign, Channel, LatePolicy, Post, PostState, Publication, PublicationState
from campaigns.posts import NewPost, add_post
from campaigns.silence_windows import add_window
from schedules.rehearsal import Act, Faults, Outcome, Rehearsal, Wish, rehearse
from schedules.rehearsal_concerns import Concern
from schedules.rehearsal_copy import RehearsalProblem, copy_of
from schedules.rehearsal_networks import Told
from schedules.rehearsal_nights import next_nights
from tests.conftest import FakeClock
from tests.stores import ask, stored_bytes

HOUR = timedelta(hours=1)
KEYS = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")


class Stage:
    """Queues posts in the real database and rehearses them on a copy."""

    def __init__(self, database: Database, clock: FakeClock, campaign: Campaign, folder: Path) -> None:
        self.database, self.clock, self.campaign, self.folder = database, clock, campaign, folder

    async def queue(self, text: str, *to: Channel, after: timedelta = HOUR, **more: object) -> Post:
        async with self.database.write() as session:
            new = NewPost(text, text, publish_at=self.clock() + after, channels=to, **more)
            return await add_post(session, self.campaign.id, new, media_dir=self.folder, now=self.clock())

    async def change(self, channel: Channel, **values: object) -> None:
        async with self.database.write() as session:
            row = await session.get_one(Channel, channel.id)
            for name, value in values.items():
                setattr(row, name, value)

    async def rehearse(self, **wish: object) -> Rehearsal:
        with copy_of(self.database.url.render_as_string(hide_password=False)) as copy:
            found = await rehearse(copy, self.folder, self.clock(), Wish(**wish))
        assert not copy.parent.exists()
        return found

    async def acts(self, **wish: object) -> Sequence[Act]:
        return (await self.rehearse(**wish)).scenes[0].acts


@pytest.fixture
def stage(database: Database, clock: FakeClock, campaign: Campaign, tmp_path: Path) -> Stage:
    return Stage(database, clock, campaign, tmp_path)


@pytest.fixture
async def x2(database: Database, campaign: Campaign) -> Channel:
    async with database.write() as session:
        return await add_channel(session, campaign.id, "x", "Compte X Montfleury", dict.fromkeys(KEYS, "secret"))


def said(acts: Sequence[Act]) -> list[tuple[str, str, str]]:
    return [(act.title, act.channel, act.outcome.value) for act in acts]


def warned(found: Rehearsal, concern: Concern) -> list[str]:
    return [str(warning) for warning in found.warnings if warning.concern is concern]


async def test_a_queue_of_months_is_played_in_order_and_the_real_database_is_not_touched(
    stage, store_url, telegram, x
) -> None:
    await stage.queue("plus tard", telegram, after=timedelta(days=90))
    await stage.queue("bientôt", telegram, x)
    await stage.database.close()
    before, names = stored_bytes(store_url), sorted(path.name for path in stage.folder.iterdir())
    acts = await stage.acts()
    assert said(acts) == [
        ("bientôt", "Canal Telegram", "goes out"),
        ("bientôt", "Compte X", "goes out"),
        ("plus tard", "Canal Telegram", "goes out"),
    ]
    assert acts[-1].sent_at == stage.clock() + timedelta(days=90)
    assert stored_bytes(store_url) == before
    assert sorted(path.name for path in stage.folder.iterdir()) == names


@pytest.mark.about_files
async def test_a_running_program_is_not_disturbed(stage, telegram) -> None:
    """Its connections are open and its latest words are still in the write-ahead log."""
    await stage.queue("Bonjour", telegram)
    assert (stage.folder / "porte-voix.sqlite3-wal").stat().st_size
    before = [(stage.folder / f"porte-voix.sqlite3{end}").read_bytes() for end in ("", "-wal")]
    assert said(await stage.acts()) == [("Bonjour", "Canal Telegram", "goes out")]
    assert [(stage.folder / f"porte-voix.sqlite3{end}").read_bytes() for end in ("", "-wal")] == before


async def test_bounds_choose_what_is_shown(stage, telegram) -> None:
    for hours in range(1, 6):
        await stage.queue(f"{hours}", telegram, after=hours * HOUR)
    acts = await stage.acts(start=stage.clock() + 2 * HOUR, end=stage.clock() + 4 * HOUR)
    assert [act.title for act in acts] == ["2", "3"]


async def test_what_falls_into_silence_is_held_and_warned_of(stage, telegram) -> None:
    await stage.queue("Votez !", telegram)
    async with stage.database.write() as session:
        await add_window(session, stage.campaign, stage.clock(), stage.clock() + 2 * HOUR, "veille du scrutin")
    found = await stage.rehearse()
    (act,) = found.scenes[0].acts
    assert act.outcome is Outcome.held
    assert "silence: veille du scrutin" in act.reason
    assert "falls into silence (veille du scrutin, until 2026-12-01 11:00)" in warned(found, Concern.silent)[0]


async def test_complaint_4_after_a_pause_one_catches_up_and_the_others_are_named_as_missed(stage, telegram) -> None:
    for hours in (1, 2, 3):
        await stage.queue(f"{hours}", telegram, after=hours * HOUR)
    await stage.queue("ask", telegram, after=2 * HOUR, late_policy=LatePolicy.ask)
    stage.clock.advance(timedelta(days=1))
    acts = await stage.acts()
    assert said(acts) == [
        ("1", "Canal Telegram", "missed"),
        ("2", "Canal Telegram", "missed"),
        ("ask", "Canal Telegram", "missed"),
        ("3", "Canal Telegram", "goes out"),
    ]
    assert "a newer post of the channel caught up" in acts[0].reason
    assert acts[3].late == timedelta(hours=21)


async def test_costs_add_up_by_channel_and_over_the_cap_it_is_held(stage, telegram, x) -> None:
    await stage.change(x, price_post=15, price_link=200, monthly_cap=230)
    async with stage.database.read() as session:
        x = await session.get_one(Channel, x.id)
    await stage.queue("cher", telegram, x, link="https://exemple.fr/a")
    await stage.queue("peu", x, after=2 * HOUR)
    await stage.queue("trop", x, after=3 * HOUR, link="https://exemple.fr/b")
    scene = (await stage.rehearse()).scenes[0]
    assert [(act.title, act.cost) for act in scene.acts] == [("cher", 0), ("cher", 200), ("peu", 15), ("trop", 200)]
    assert scene.costs == {"Compte X": 215}
    assert scene.acts[-1].outcome is Outcome.held
    assert "the month's cap of $0.230 is reached" in scene.acts[-1].reason


async def test_complaints_6_and_7_what_a_network_will_refuse_fails_and_is_warned_of(stage, telegram, x) -> None:
    await stage.queue("court", telegram, x)
    async with stage.database.write() as session:  # edited by hand, past every check
        (await session.scalars(select(Post))).one().text = "long " * 100
    found = await stage.rehearse()
    assert said(found.scenes[0].acts) == [
        ("court", "Canal Telegram", "goes out"),
        ("court", "Compte X", "failed"),
    ]
    assert "x takes 280 weighted characters, the text has 500" in found.scenes[0].acts[1].reason
    assert "“court” on Compte X (2026-12-01 10:00) will be refused: x takes 280" in warned(found, Concern.refused)[0]


async def test_near_duplicates_across_accounts_are_named_as_a_pair_with_xs_policy(stage, telegram, x, x2) -> None:
    await stage.queue("Venez nombreux samedi à Port-Sauvage, 13 h 45 ! https://a.example/1", x)
    await stage.queue("Venez nombreux samedi à Montfleury, 13 h 45 ! https://a.example/2", x2, after=2 * HOUR)
    await stage.queue("Tout autre chose : les lycées, l’eau, le train à un euro.", x2, telegram, after=3 * HOUR)
    (pair,) = warned(await stage.rehearse(), Concern.alike)
    assert "on Compte X (2026-12-01 10:00) and “Venez nombreux samedi à Montfleury" in pair
    assert "on Compte X Montfleury (2026-12-01 11:00) are 83 % alike" in pair
    assert "X forbids near-identical posts across accounts" in pair


async def test_two_posts_within_five_minutes_on_one_channel_are_named(stage, telegram, x) -> None:
    await stage.queue("un", telegram)
    await stage.queue("deux", telegram, after=HOUR + timedelta(minutes=4))
    await stage.queue("trois", telegram, after=HOUR + timedelta(minutes=9))
    await stage.queue("ailleurs", x)
    (pair,) = warned(await stage.rehearse(), Concern.close)
    assert pair == "“un” and “deux” on Canal Telegram are 4 min apart (2026-12-01 10:00, 2026-12-01 10:04)"


async def test_a_channel_that_rests_and_a_post_without_its_yes_wait_and_say_why(stage, telegram, x) -> None:
    await stage.queue("un", telegram)
    post = await stage.queue("deux", x)
    await stage.change(telegram, resting_reason="the token was revoked")
    async with stage.database.write() as session:
        (await session.get_one(Post, post.id)).state = PostState.submitted
    first, second = await stage.acts()
    assert (first.outcome, first.reason) == (Outcome.waits, "its channel rests: the token was revoked")
    assert second.outcome is Outcome.waits
    assert "is submitted: it goes out only when somebody has approved" in second.reason


async def test_a_series_on_a_channel_that_rests_is_shown_as_far_as_the_rehearsal(stage, telegram) -> None:
    async with stage.database.write() as session:
        new = NewPost("série", "série", channels=(telegram,), recurrence="every day at 09:00")
        await add_post(session, stage.campaign.id, new, media_dir=stage.folder, now=stage.clock())
    await stage.change(telegram, resting_reason="the token was revoked")
    acts = await stage.acts(end=stage.clock() + timedelta(days=4))
    assert [act.due_at.day for act in acts] == [2, 3, 4]
    assert {(act.outcome, act.reason) for act in acts} == {(Outcome.waits, "its channel rests: the token was revoked")}


async def test_other_campaigns_are_left_out(stage, telegram, database, clock) -> None:
    from campaigns.installation import add_campaign

    await stage.queue("le nôtre", telegram)
    async with database.write() as session:
        other = await add_campaign(session, Campaign(slug="autre", name="Autre"), clock())
        theirs = await add_channel(session, other.id, "telegram", "Leur canal", {"chat_id": "@leur"})
        new = NewPost("leur", "leur", publish_at=clock() + HOUR, channels=(theirs,))
        await add_post(session, other.id, new, media_dir=stage.folder, now=clock())
    assert [act.title for act in await stage.acts(campaign="la-region-qui-ose")] == ["le nôtre"]


async def test_a_storm_is_the_same_each_time_and_nothing_of_the_queue_is_lost(stage, telegram, x) -> None:
    for i in range(30):
        await stage.queue(f"Le message numéro {i}", telegram, x, after=i * HOUR + HOUR)
    found = await stage.rehearse(faults=Faults.storm)
    acts = found.scenes[0].acts
    assert len(acts) == 60
    assert {note.told for act in acts for note in act.notes} >= {Told.wait, Told.down}
    for act in acts:
        doubtful = any(note.told in (Told.silent_out, Told.silent_lost) for note in act.notes)
        assert act.outcome is (Outcome.unknown if doubtful else Outcome.out)
    assert any(act.late >= timedelta(seconds=30) for act in acts)
    again = (await stage.rehearse(faults=Faults.storm)).scenes[0].acts
    assert [(a.outcome, a.notes) for a in again] == [(a.outcome, a.notes) for a in acts]
    other = (await stage.rehearse(faults=Faults.storm, seed=1)).scenes[0].acts
    assert [a.notes for a in other] != [a.notes for a in acts]


async def test_complaint_1_a_crash_leaves_unknown_what_was_on_its_way_and_nothing_else(stage, telegram, x) -> None:
    for i in range(12):
        await stage.queue(f"Le message numéro {i}", telegram, x, after=i * HOUR + HOUR)
    acts = await stage.acts(faults=Faults.crash)
    hit = {note.told: act for act in acts for note in act.notes}
    assert set(hit) == {Told.killed_after, Told.killed_before, Told.killed_idle}
    assert hit[Told.killed_after].outcome is Outcome.unknown
    assert hit[Told.killed_before].outcome is Outcome.unknown
    assert hit[Told.killed_idle].outcome is Outcome.out  # two minutes later
    assert hit[Told.killed_idle].late == timedelta(minutes=2)
    assert {act.outcome for act in acts if not act.notes} <= {Outcome.out, Outcome.unknown}


async def test_complaint_5_over_both_nights_each_local_moment_stays(stage, telegram) -> None:
    """The queue's middle comes to lie on the night itself, with a post in the gap and one in the doubled hour."""
    day = timedelta(days=1)
    for text, local in (("avant", -day), ("nuit", timedelta()), ("matin", timedelta(hours=6)), ("après", day)):
        at = datetime(2027, 1, 10, 1, 30, tzinfo=UTC) + local  # 02:30 in Paris
        await stage.queue(text, telegram, after=at - stage.clock(), timezone="Europe/Paris")
    spring, autumn = (await stage.rehearse(faults=Faults.dst)).scenes
    assert [scene.night.day.isoformat() for scene in (spring, autumn)] == ["2027-03-28", "2027-10-31"]
    gap = {act.title: act for act in spring.acts}
    assert gap["nuit"].outcome is Outcome.refused
    assert "2027-03-28 02:30 does not exist in Europe/Paris" in gap["nuit"].reason
    assert (gap["matin"].moved.was, gap["matin"].moved.now) == (HOUR, 2 * HOUR)
    assert gap["matin"].sent_at == datetime(2027, 3, 28, 6, 30, tzinfo=UTC)  # still 08:30
    assert gap["avant"].moved.was == gap["avant"].moved.now
    double = {act.title: act for act in autumn.acts}
    assert double["nuit"].moved.twice
    assert double["nuit"].sent_at == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)  # the first 02:30
    assert double["après"].sent_at == datetime(2027, 11, 1, 1, 30, tzinfo=UTC)
    assert {act.outcome for act in autumn.acts} == {Outcome.out}


@pytest.mark.parametrize(
    ("zone", "nights"),
    [
        ("Europe/Paris", [("2027-03-28", "02:00", "03:00"), ("2027-10-31", "03:00", "02:00")]),
        ("America/Miquelon", [("2027-03-14", "02:00", "03:00"), ("2027-11-07", "02:00", "01:00")]),
        ("Australia/Lord_Howe", [("2027-04-04", "02:00", "01:30"), ("2027-10-03", "02:00", "02:30")]),
    ],
)
def test_the_next_two_nights_of_a_zone_are_found(clock, zone, nights) -> None:
    found = next_nights(zone, clock())
    assert [(f"{n.day}", f"{n.before:%H:%M}", f"{n.after:%H:%M}") for n in found] == nights


@pytest.mark.parametrize("zone", ["Indian/Reunion", "America/Martinique", "Pacific/Noumea"])
def test_where_clocks_never_change_the_rehearsal_says_so(clock, zone) -> None:
    with pytest.raises(RehearsalProblem, match=f"clocks do not change in {zone}"):
        next_nights(zone, clock())


async def test_a_series_goes_on_as_far_as_the_rehearsal(stage, telegram) -> None:
    await stage.queue("Chaque jour", telegram, recurrence="every day at 10:00")
    acts = await stage.acts(end=stage.clock() + timedelta(days=3))
    assert len(acts) >= 3
    assert {act.outcome for act in acts} == {Outcome.out}


def test_a_copy_is_removed_also_on_ctrl_c(store_url) -> None:
    with pytest.raises(KeyboardInterrupt), copy_of(store_url) as copy:
        assert copy.parent.stat().st_mode & 0o777 == 0o700  # it holds channels' secrets
        raise KeyboardInterrupt
    assert not copy.parent.exists()


@pytest.mark.about_files
def test_without_a_database_the_next_step_is_named(tmp_path) -> None:
    with pytest.raises(RehearsalProblem, match="campaigns add"), copy_of(f"sqlite:///{tmp_path / 'none.sqlite3'}"):
        pass


@pytest.mark.about_servers
def test_a_servers_database_of_another_version_is_not_rehearsed(store_url) -> None:
    ask(store_url, "UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(RehearsalProblem, match=r"run_bot\.py migrate"), copy_of(store_url):
        pass


async def test_what_a_running_program_is_sending_now_is_not_played(stage, telegram) -> None:
    await stage.queue("en route", telegram)
    async with stage.database.write() as session:
        row = (await session.scalars(select(Publication).where(col(Publication.channel_id) == telegram.id))).one()
        row.state, row.lease_until = PublicationState.sending, stage.clock() + HOUR
    await stage.change(telegram, leased_by="the program", lease_until=stage.clock() + HOUR)
    await stage.queue("ensuite", telegram)
    assert said(await stage.acts()) == [("ensuite", "Canal Telegram", "goes out")]
