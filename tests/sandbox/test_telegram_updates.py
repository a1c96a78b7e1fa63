"""How a bot hears of what people do, by long polling and by webhook."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

import pytest
import telegram
from telegram.error import BadRequest, Conflict

from sandbox.client import NothingCame, SandboxClient, SandboxError
from sandbox.server import SandboxServer
from tests.sandbox.conftest import AMINA, Mounted, picture, telegram_bot

BUTTON = telegram.InlineKeyboardMarkup([[telegram.InlineKeyboardButton("Oui", callback_data="oui")]])


async def test_an_update_comes_again_until_it_is_confirmed(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    await sandbox.start(AMINA, "PAYLOAD")
    (first,) = await bot.get_updates()
    (again,) = await bot.get_updates()
    assert first.update_id == again.update_id
    assert first.message is not None and first.message.text == "/start PAYLOAD"
    assert first.message.entities[0].type == "bot_command"
    assert await bot.get_updates(offset=first.update_id + 1) == ()
    await sandbox.updates_taken()


async def test_limit_and_negative_offset_choose_among_the_waiting(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    for text in ("un", "deux", "trois"):
        await sandbox.say(AMINA, text)
    assert [update.message.text for update in await bot.get_updates(limit=2)] == ["un", "deux"]  # type: ignore[union-attr]
    assert [update.message.text for update in await bot.get_updates(offset=-1)] == ["trois"]  # type: ignore[union-attr]
    assert len(await bot.get_updates()) == 1  # what came before is forgotten


async def test_a_long_poll_answers_as_soon_as_somebody_speaks(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    poll = asyncio.ensure_future(bot.get_updates(timeout=30))
    await sandbox.say(AMINA, "me voilà")
    (update,) = await asyncio.wait_for(poll, 5)
    assert update.message is not None and update.message.text == "me voilà"


async def test_a_second_poller_ends_the_first_with_a_conflict(
    server: SandboxServer, bot: telegram.Bot, sandbox: SandboxClient
) -> None:
    async with telegram_bot(server) as other:
        pollers = [asyncio.ensure_future(each.get_updates(timeout=30)) for each in (bot, other)]
        (ended,), (waiting,) = await asyncio.wait(pollers, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        assert isinstance(ended.exception(), Conflict)
        await sandbox.say(AMINA, "pour l'autre")
        assert len(await waiting) == 1


async def test_a_bot_gets_only_the_kinds_it_asked_for(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    await bot.get_updates(allowed_updates=["callback_query"])
    await sandbox.start(AMINA)
    assert await bot.get_updates() == ()


async def test_a_tap_reaches_the_bot_and_its_answer_reaches_the_person(
    bot: telegram.Bot, amina: int, sandbox: SandboxClient
) -> None:
    message = await bot.send_message(amina, "Tu viens ?", reply_markup=BUTTON)
    tap = asyncio.ensure_future(sandbox.tap(amina, message.message_id, "oui"))
    (update,) = await bot.get_updates(timeout=10)
    query = update.callback_query
    assert query is not None and query.data == "oui" and query.message is not None
    await bot.answer_callback_query(query.id, "Merci !", show_alert=True)
    assert (await tap)["answer"] == {"text": "Merci !", "show_alert": True, "url": None}


async def test_an_unknown_or_old_tap_is_not_answered(bot: telegram.Bot) -> None:
    with pytest.raises(BadRequest, match="Query is too old and response timeout expired or query id is invalid"):
        await bot.answer_callback_query("42")


async def test_a_tap_is_too_old_after_a_minute(mounted: Mounted) -> None:
    async with telegram_bot(mounted) as bot, SandboxClient(mounted.url) as sandbox:  # type: ignore[arg-type]
        await sandbox.start(AMINA)
        message = await bot.send_message(AMINA, "x", reply_markup=BUTTON)
        tap = await sandbox.tap(AMINA, message.message_id, "oui", wait=False)
        mounted.clock.ahead = mounted.clock.ahead.__class__(seconds=61)
        with pytest.raises(BadRequest, match="Query is too old"):
            await bot.answer_callback_query(tap["id"])


async def test_a_button_that_is_no_longer_there_cannot_be_tapped(
    bot: telegram.Bot, amina: int, sandbox: SandboxClient
) -> None:
    message = await bot.send_message(amina, "x", reply_markup=BUTTON)
    await bot.edit_message_reply_markup(amina, message.message_id)
    with pytest.raises(SandboxError, match="has no button 'oui'"):
        await sandbox.tap(amina, message.message_id, "oui")


async def test_a_tap_that_nobody_answers_is_noticed(bot: telegram.Bot, amina: int, sandbox: SandboxClient) -> None:
    message = await bot.send_message(amina, "x", reply_markup=BUTTON)
    tap = await sandbox.tap(amina, message.message_id, "oui", wait=False)
    with pytest.raises(NothingCame, match="did not answer the tap on 'oui'"):
        await sandbox.callback(tap["id"], 0.05)


async def test_people_send_pictures_files_stickers_voices_and_places(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    sent = picture(2000, 1000, "JPEG")
    await sandbox.send_photo(AMINA, sent, "légende")
    await sandbox.send_document(AMINA, sent, "portrait.jpg")
    await sandbox.send_sticker(AMINA)
    await sandbox.send_voice(AMINA)
    await sandbox.send_location(AMINA, 48.1, -1.7)
    photo, document, sticker, voice, place = [update.message for update in await bot.get_updates()]
    assert photo and photo.photo[-1].width == 1280 and photo.caption == "légende"
    assert document and document.document and document.document.thumbnail
    assert bytes(await (await document.document.get_file()).download_as_bytearray()) == sent
    assert sticker and sticker.sticker and voice and voice.voice and place and place.location


async def test_a_person_corrects_what_she_wrote(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    message = await sandbox.say(AMINA, "Amnia")
    await sandbox.edit(AMINA, message["message_id"], "Amina")
    edited = (await bot.get_updates())[-1].edited_message
    assert edited is not None and edited.text == "Amina"


class Hook(BaseHTTPRequestHandler):
    """A webhook that refuses the first update once."""

    seen: Queue[tuple[str | None, bytes]]
    refuse: list[int]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.put((self.headers["X-Telegram-Bot-Api-Secret-Token"], body))
        self.send_response(self.refuse.pop() if self.refuse else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[tuple[str, type[Hook]]]:
    handler = type("OneHook", (Hook,), {"seen": Queue(), "refuse": [500]})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", handler
    server.shutdown()
    server.server_close()
    thread.join()


async def test_a_webhook_gets_updates_with_its_secret_and_again_after_a_refusal(
    bot: telegram.Bot, sandbox: SandboxClient, hook: tuple[str, type[Hook]]
) -> None:
    url, handler = hook
    await bot.set_webhook(url, secret_token="un-secret")
    await sandbox.say(AMINA, "par webhook")
    first = await asyncio.to_thread(handler.seen.get, timeout=10)
    again = await asyncio.to_thread(handler.seen.get, timeout=10)
    assert first == again and first[0] == "un-secret" and b"par webhook" in first[1]
    await sandbox.updates_taken()
    info = await bot.get_webhook_info()
    assert info.url == url and info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"


async def test_polling_is_refused_while_a_webhook_is_set(bot: telegram.Bot, hook: tuple[str, type[Hook]]) -> None:
    await bot.set_webhook(hook[0])
    with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == ()


async def test_a_secret_with_strange_characters_is_refused(bot: telegram.Bot) -> None:
    with pytest.raises(BadRequest, match="Secret token contains unallowed characters"):
        await bot.set_webhook("http://127.0.0.1:9/", secret_token="é")


async def test_albums_forwards_and_edited_captions_arrive_as_telegram_writes_them(
    bot: telegram.Bot, sandbox: SandboxClient
) -> None:
    await bot.get_updates(allowed_updates=["message", "edited_message"])
    first, _ = await sandbox.send_album(AMINA, [picture(), picture()], "Deux vues", "Élise")
    await sandbox.forward(AMINA, "Lu ailleurs")
    await sandbox.edit(AMINA, first["message_id"], "Deux belles vues")
    one, two, text, edited = await bot.get_updates()
    assert one.message is not None and two.message is not None and text.message is not None
    assert one.message.media_group_id == two.message.media_group_id is not None
    assert (one.message.caption, two.message.caption) == ("Deux vues", None)
    assert isinstance(text.message.forward_origin, telegram.MessageOriginHiddenUser)
    assert text.message.forward_origin.sender_user_name == "Élise"
    assert edited.edited_message is not None and edited.edited_message.caption == "Deux belles vues"
    with pytest.raises(SandboxError, match="none of this person"):
        await sandbox.edit(AMINA, 987654, "?")
