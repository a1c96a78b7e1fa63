"""An update is confirmed when it was handled, and not before; trouble at Telegram passes."""

import asyncio
from datetime import timedelta

import pytest
from telegram import Update
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot import polling
from bot.polling import Poller


def message(number, chat, text="x"):
    sender = {"id": chat, "is_bot": False, "first_name": "Z"}
    body = {"message_id": number, "date": 0, "chat": {"id": chat, "type": "private"}, "from": sender, "text": text}
    return Update.de_json({"update_id": number, "message": body}, None)


class Wire:
    """Telegram's side of getUpdates: answers or errors one after the other, then nothing until the bot goes."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.offsets = []

    async def get_updates(self, offset=None, **how):
        self.offsets.append(offset)
        if not how["timeout"]:  # the last confirmation
            return ()
        if not self.answers:
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def play(monkeypatch):
    """Poll until `enough` updates were handled; their numbers in that order."""
    monkeypatch.setattr(polling, "PAUSE", 0.001)

    async def run(wire, handle=None, enough=1):
        done = []

        async def take(update):
            try:
                if handle is not None:
                    await handle(update)
            finally:
                done.append(update.update_id)
                if len(done) == enough:
                    poller.stop()

        poller = Poller(wire, take)
        async with asyncio.timeout(5):
            await poller.run()
        return done

    return run


@pytest.mark.parametrize(
    "trouble",
    [
        NetworkError("the cable"),
        BadRequest("odd"),
        Conflict("another program polls"),
        Forbidden("a proxy says 403"),  # no NetworkError to python-telegram-bot
        TelegramError("Invalid server response"),  # a page of a hotel's network in place of JSON
        RetryAfter(timedelta(seconds=0)),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_after_any_trouble_it_goes_on(play, trouble):
    assert await play(Wire(trouble, trouble, (message(7, 1),))) == [7]


async def test_a_refused_token_ends_it(play):
    with pytest.raises(InvalidToken):
        await play(Wire(InvalidToken()))


async def test_updates_are_confirmed_by_the_next_request_only(play):
    wire = Wire((message(7, 1), message(8, 1)), (message(9, 1),))
    await play(wire, enough=3)
    assert wire.offsets == [None, 9, 10]


async def test_an_update_that_fails_stops_neither_the_next_nor_the_others(play):
    async def fail(update):
        if update.update_id == 7:
            raise RuntimeError("a bug")

    done = await play(Wire((message(7, 1), message(8, 1), message(9, 2))), fail, enough=3)
    assert sorted(done) == [7, 8, 9]


async def test_one_chat_is_handled_in_order_and_does_not_hold_up_another(play):
    second_chat = asyncio.Event()

    async def handle(update):
        if update.update_id == 7:
            await second_chat.wait()
        if update.update_id == 9:
            second_chat.set()

    done = await play(Wire((message(7, 1), message(8, 1), message(9, 2))), handle, enough=3)
    assert done == [9, 7, 8]


async def test_stop_lets_what_is_in_hand_end_and_confirms_it(play):
    wire = Wire((message(7, 1),))

    async def handle(_):
        await asyncio.sleep(0)

    assert await play(wire, handle) == [7]
    assert wire.offsets[-1] == 8


class Telegram:
    """getUpdates as Telegram has it: what is not confirmed comes again, at most as many as were asked for."""

    def __init__(self, *updates):
        self.updates = list(updates)
        self.confirmed = 0
        self.more = asyncio.Event()

    async def get_updates(self, offset=None, limit=100, **how):
        self.confirmed = max(self.confirmed, offset or 0)
        waiting = [update for update in self.updates if update.update_id >= self.confirmed]
        if not waiting and how["timeout"]:
            await asyncio.Event().wait()
        return tuple(waiting[:limit])


async def test_what_comes_while_a_slow_update_is_in_hand_is_handled_and_nothing_is_confirmed_before_it(play):
    wire, third = Telegram(message(7, 1), message(8, 2)), asyncio.Event()
    confirmed = []

    async def handle(update):
        if update.update_id == 7:
            wire.updates.append(message(9, 3))
            await third.wait()
            confirmed.append(wire.confirmed)
        if update.update_id == 9:
            third.set()

    assert await play(wire, handle, enough=3) == [8, 9, 7]
    assert confirmed[0] <= 7
    assert wire.confirmed == 10


async def test_an_update_that_is_delivered_twice_is_handled_once(play):
    wire = Wire((message(7, 1), message(7, 1)), (message(7, 1), message(8, 1)))
    assert await play(wire, enough=2) == [7, 8]


async def test_no_more_updates_are_in_hand_than_telegram_gives_at_once(play):
    wire, most, hands = Telegram(*(message(n, n) for n in range(1, 501))), [0], [0]

    async def handle(_):
        hands[0] += 1
        most[0] = max(most[0], hands[0])
        await asyncio.sleep(0)
        hands[0] -= 1

    assert len(set(await play(wire, handle, enough=500))) == 500
    assert most[0] <= polling.MOST_UPDATES
    assert wire.confirmed == 501
