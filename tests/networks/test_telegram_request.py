"""python-telegram-bot on our HTTP client, over real connections: uploads, time-outs, cuts, proxies, certificates."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
import telegram
import trustme
from telegram.error import NetworkError, RetryAfter, TimedOut

from networks import telegram_request
from networks.errors import NetworkDown, OutcomeUnknown
from networks.pace import Pace
from networks.telegram import answered, open_bot, send_text
from networks.telegram_request import NEVER_SENT, TelegramRequest, is_message
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_TOKEN
from sandbox.server import SandboxServer

TOKEN = "42:SECRET"
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
SENT = b'{"ok":true,"result":{"message_id":5,"date":1,"chat":{"id":7,"type":"private"}}}'


@asynccontextmanager
async def listening(answer: Answer, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on this machine; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def saying(status: str = "200 OK", body: bytes = SENT, seen: list[bytes] | None = None) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if seen is not None:
            seen.append(head)
        writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body))
        await writer.drain()

    return answer


@asynccontextmanager
async def bot_on(host: str, token: str = TOKEN, pace: Pace | None = None) -> AsyncIterator[telegram.Bot]:
    bot = open_bot(token, host, pace=pace)
    yield bot
    await bot.request.shutdown()


async def test_an_upload_arrives_as_it_was_with_its_name(
    sandbox_server: SandboxServer, sandbox: SandboxClient, portrait: bytes
) -> None:
    chat = await sandbox.channel("Canal")
    async with bot_on(sandbox_server.url + "/telegram", DEMO_TOKEN) as bot:
        file = telegram.InputFile(portrait, filename="Été à l’Hôtel.jpg")
        sent = await bot.send_document(chat, file, caption="Zoë & « Noé »", disable_content_type_detection=True)
        assert sent.document is not None and sent.document.file_name == "Été à l’Hôtel.jpg"
        assert sent.caption == "Zoë & « Noé »"
        assert await sandbox.file(sent.document.file_id) == portrait
        back = await (await bot.get_file(sent.document.file_id)).download_as_bytearray()
        assert bytes(back) == portrait


async def test_a_flood_wait_is_the_librarys_own_error_and_the_pace_hears_of_it() -> None:
    body = b'{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":7}}'
    pace = Pace(now=lambda: 0.0)
    async with (
        listening(saying("429 Too Many Requests", body)) as port,
        bot_on(f"http://127.0.0.1:{port}", pace=pace) as bot,
    ):
        with pytest.raises(RetryAfter):
            await bot.send_message(7, "x")
    assert pace._flooded_until == 7


async def test_each_message_takes_a_turn_of_the_pace_and_nothing_else_does() -> None:
    pace = Pace(now=lambda: 0.0)
    async with listening(saying()) as port, bot_on(f"http://127.0.0.1:{port}", pace=pace) as bot:
        await bot.send_message(7, "x")
    assert list(pace._written) == ["7"]


async def test_a_text_arrives_with_its_markup_and_buttons_and_gives_its_number(
    sandbox_server: SandboxServer, sandbox: SandboxClient
) -> None:
    zoe = await sandbox.person("Zoé")
    markup = telegram.InlineKeyboardMarkup([[telegram.InlineKeyboardButton("Où ? « là »", callback_data="menu:é")]])
    async with bot_on(sandbox_server.url + "/telegram", DEMO_TOKEN) as bot:
        await bot.initialize()
        await sandbox.start(zoe)
        plain = await send_text(bot, zoe, "<b>Été</b> & ‘hiver’\n🎉")
        html = await send_text(bot, zoe, "<b>Été</b> &amp; hiver", html=True, markup=markup)
        ready = await send_text(bot, zoe, "x", markup=markup.to_json())
    shown = {each["message_id"]: each for each in (await sandbox.chat(zoe))["messages"]}
    assert shown[plain]["text"] == "<b>Été</b> & ‘hiver’\n🎉"
    assert shown[html]["text"] == "Été & hiver"
    assert (
        shown[html]["reply_markup"]
        == shown[ready]["reply_markup"]
        == {"inline_keyboard": [[{"text": "Où ? « là »", "callback_data": "menu:é"}]]}
    )


@pytest.mark.parametrize("result", [b"true", b"{}", b"[]", b'{"message_id":null}'])
async def test_an_answer_to_a_text_that_names_no_message_leaves_the_outcome_unknown(result: bytes) -> None:
    said = saying(body=b'{"ok":true,"result":%s}' % result)
    async with listening(said) as port, bot_on(f"http://127.0.0.1:{port}") as bot:
        with pytest.raises(OutcomeUnknown):
            await answered(send_text(bot, 7, "x"))


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("sendMessage", True),
        ("sendPhoto", True),
        ("copyMessage", True),
        ("forwardMessages", True),
        ("sendChatAction", False),
        ("answerCallbackQuery", False),
        ("getUpdates", False),
    ],
)
def test_what_counts_as_a_message(operation: str, expected: bool) -> None:
    assert is_message(f"https://api.telegram.org/bot{TOKEN}/{operation}") is expected


async def test_who_takes_the_message_and_says_nothing_leaves_the_outcome_unknown() -> None:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the bot goes

    async with listening(hold) as port, bot_on(f"http://127.0.0.1:{port}") as bot:
        with pytest.raises(TimedOut) as caught:
            await bot.send_message(7, "x", read_timeout=0.1)
        assert not isinstance(caught.value.__cause__, NEVER_SENT)
        with pytest.raises(OutcomeUnknown):
            await answered(bot.send_message(7, "x", read_timeout=0.1))


async def test_a_connection_that_cannot_be_made_in_time_was_never_used() -> None:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # no word of TLS

    async with listening(hold) as port, bot_on(f"https://127.0.0.1:{port}") as bot:
        with pytest.raises(TimedOut) as caught:
            await bot.send_message(7, "x", connect_timeout=0.1, pool_timeout=0.1)
        assert isinstance(caught.value.__cause__, NEVER_SENT)
        with pytest.raises(NetworkDown):
            await answered(bot.send_message(7, "x", connect_timeout=0.1, pool_timeout=0.1))


async def test_waiting_for_a_free_connection_ends_too_and_nothing_was_sent() -> None:
    asked = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()

    async with listening(hold) as port:
        request = TelegramRequest(1)
        url = f"http://127.0.0.1:{port}/bot{TOKEN}/sendMessage"
        first = asyncio.create_task(request.do_request(url, "POST"))
        await asked.wait()
        with pytest.raises(TimedOut) as caught:
            await request.do_request(url, "POST", connect_timeout=0.05, pool_timeout=0.05)
        assert isinstance(caught.value.__cause__, NEVER_SENT)
        first.cancel()
        await request.shutdown()


async def test_a_cut_connection_leaves_the_outcome_unknown() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with listening(cut) as port, bot_on(f"http://127.0.0.1:{port}") as bot:
        with pytest.raises(NetworkError) as caught:
            await bot.send_message(7, "x")
        assert not isinstance(caught.value.__cause__, NEVER_SENT)


async def test_no_error_tells_the_bots_token() -> None:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    said = []
    async with listening(hold) as port, listening(saying("500 Oops", b"")) as broken:
        for host in (
            f"http://127.0.0.1:{port}",
            f"https://127.0.0.1:{port}",
            f"http://127.0.0.1:{broken}",
            "http://127.0.0.1:9",
        ):
            async with bot_on(host) as bot:
                try:
                    await answered(bot.send_message(7, "x", read_timeout=0.1, connect_timeout=0.1, pool_timeout=0.1))
                except (NetworkDown, OutcomeUnknown) as problem:
                    said += [str(problem), str(problem.__cause__)]
    assert len(said) == 8
    assert not any("SECRET" in sentence for sentence in said)


async def test_a_proxy_of_the_environment_is_used_and_one_that_refuses_sent_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    telegram_request._proxy.cache_clear()
    seen: list[bytes] = []
    async with listening(saying("403 Forbidden", b"", seen)) as port:
        for name in ("NO_PROXY", "no_proxy", "HTTPS_PROXY", "https_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{port}")
        async with bot_on("https://api.telegram.example") as bot:
            with pytest.raises(NetworkDown):
                await answered(bot.send_message(7, "x"))
    telegram_request._proxy.cache_clear()
    assert seen and seen[0].startswith(b"CONNECT api.telegram.example:443 ")


async def test_a_known_certificate_is_trusted_and_an_unknown_one_is_not(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with listening(saying(), context) as port:
        telegram_request._certificates.cache_clear()
        async with bot_on(f"https://127.0.0.1:{port}") as bot:
            with pytest.raises(NetworkDown):
                await answered(bot.send_message(7, "x"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        telegram_request._certificates.cache_clear()
        async with bot_on(f"https://127.0.0.1:{port}") as bot:
            assert (await bot.send_message(7, "x")).message_id == 5
    telegram_request._certificates.cache_clear()


async def test_closed_connections_are_given_back_and_may_be_opened_again() -> None:
    async with listening(saying()) as port:
        bot = open_bot(TOKEN, f"http://127.0.0.1:{port}")
        await bot.send_message(7, "x")
        request = bot.request
        assert isinstance(request, TelegramRequest) and request._session is not None
        await request.shutdown()
        assert request._session.closed and isinstance(request._session, aiohttp.ClientSession)
        await request.initialize()
        await bot.send_message(7, "x")
        await request.shutdown()
