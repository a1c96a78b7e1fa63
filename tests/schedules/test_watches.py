"""How far broadcasts are is shown when something changed, every few seconds at most, until they are over."""

from datetime import timedelta

import pytest
from sqlmodel import select

from campaigns import broadcast_watches, broadcasts, roles
from campaigns.models import (
    Broadcast,
    BroadcastWatch,
    ChatMenu,
    Handout,
    HandoutState,
    Organizer,
    OrganizerRole,
    Purpose,
    Role,
)
from campaigns.segments import Segment
from campaigns.supporters import Joining, join
from networks.errors import ChannelRevoked, NetworkDown, PostRejected, RateLimited
from schedules.looking import LOOK, PAUSE
from schedules.menus import Menus
from schedules.watches import Watches

CAMILLE = 77


class Chat:
    """What was shown, and what goes wrong next."""

    def __init__(self):
        self.shown, self.troubles, self.turn = [], [], True

    async def show(self, each):
        if self.troubles:
            raise self.troubles.pop(0)
        if self.turn:
            self.shown.append((each.progress.sent, each.progress.state.value, each.moves))
        return self.turn


@pytest.fixture
def chat():
    return Chat()


@pytest.fixture
async def going(database, campaign, clock):
    """A broadcast to three people that an approver watches."""
    async with database.write() as session:
        people = []
        for n in range(3):
            joining = Joining(campaign.id, n + 1, f"P{n}", "fr", frozenset({Purpose.contact}), clock())
            people.append((await join(session, joining))[0])
        boss = Organizer(email="c@exemple.fr", name="C", password_hash="", created_at=clock(), telegram_id=CAMILLE)
        session.add(boss)
        await session.flush()
        session.add(OrganizerRole(organizer_id=boss.id, campaign_id=campaign.id, role=Role.approver))
        made = await broadcasts.add_broadcast(session, Segment(campaign.id), "Bonjour", clock(), organizer_id=boss.id)
        await broadcasts.send(session, made, boss.id, clock())
        await broadcast_watches.watch(session, made.id, 5, organizer_id=boss.id)
        session.add_all(
            Handout(broadcast_id=made.id, supporter_id=each.id, state=HandoutState.sending) for each in people
        )
    return made


@pytest.fixture
def arrives(database):
    async def one(number, state=HandoutState.sent):
        async with database.write() as session:
            (await session.get_one(Handout, number)).state = state

    return one


@pytest.fixture
def look(database, clock, chat):
    work = Watches(database, clock, chat.show)

    async def tick(by=LOOK, again=None):
        clock.advance(by)
        await (again or work).tick()
        await (again or work).settled()

    return tick


async def watched(database):
    async with database.read() as session:
        return len((await session.scalars(select(BroadcastWatch))).all())


async def test_it_is_shown_when_it_changed_and_not_more_often(going, chat, look, arrives):
    await look()
    await look()
    assert chat.shown == [(0, "running", ("pause", "cancel"))]
    await arrives(1)
    await look(timedelta(seconds=1))
    assert len(chat.shown) == 1
    await look()
    assert [sent for sent, *_ in chat.shown] == [0, 1]


async def test_after_its_end_it_is_shown_once_more_and_forgotten(going, chat, look, arrives, database, clock):
    for number in (1, 2):
        await arrives(number)
    async with database.write() as session:
        await broadcasts.cancel(session, await session.get_one(Broadcast, going.id), None, clock())
    await look()
    assert chat.shown == [(2, "cancelled", ())] and await watched(database) == 1  # one is still in the air
    await arrives(3)
    await look()
    await look()
    assert [sent for sent, *_ in chat.shown] == [2, 3] and await watched(database) == 0


async def test_a_new_process_goes_on_with_it(going, chat, look, arrives, database, clock):
    await look()
    await arrives(1)
    await look(again=Watches(database, clock, chat.show))
    assert [sent for sent, *_ in chat.shown] == [0, 1]


@pytest.mark.parametrize("trouble", [NetworkDown("the cable"), RateLimited(timedelta(seconds=30))])
async def test_what_telegram_cannot_take_now_is_shown_later(going, chat, look, database, trouble):
    chat.troubles = [trouble]
    await look()
    assert chat.shown == []
    await look(PAUSE)
    assert len(chat.shown) == 1 and await watched(database) == 1


@pytest.mark.parametrize("trouble", [ChannelRevoked("blocked"), PostRejected("message to edit not found")])
async def test_who_can_see_it_no_more_is_left_alone(going, chat, look, database, trouble):
    chat.troubles = [trouble]
    await look()
    await look()
    assert chat.shown == [] and await watched(database) == 0


async def test_without_a_turn_it_is_looked_at_again(going, chat, look):
    chat.turn = False
    await look()
    chat.turn = True
    await look()
    assert len(chat.shown) == 1


async def test_an_organizer_who_linked_no_account_any_more_is_left_out(going, chat, look, database):
    async with database.write() as session:
        (await session.get_one(Organizer, 1)).telegram_id = None
    await look()
    assert chat.shown == []


@pytest.mark.parametrize(
    ("trouble", "written"), [(NetworkDown("the cable"), 0), (ChannelRevoked("blocked"), 1), (None, 1)]
)
async def test_a_menu_that_did_not_arrive_is_shown_again(going, database, clock, trouble, written):
    shown = []

    async def show(menu):
        if trouble is not None and not shown:
            shown.append(None)
            raise trouble
        shown.append(menu)

    work = Menus(database, clock, show)
    await work.tick()
    await work.settled()
    async with database.read() as session:
        assert len((await session.scalars(select(ChatMenu))).all()) == written
    clock.advance(PAUSE)
    await work.tick()
    await work.settled()
    async with database.read() as session:
        assert await roles.changed_menus(session) == []
    assert len(shown) == (2 if written == 0 else 1)
