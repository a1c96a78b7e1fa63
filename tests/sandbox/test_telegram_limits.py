"""What Telegram refuses, and in which words."""

import io

import httpx
import pytest
import telegram
from PIL import Image
from telegram import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup, ReplyKeyboardMarkup
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter

from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_TOKEN
from sandbox.server import SandboxServer
from tests.sandbox.conftest import AMINA, CHANNEL, picture, telegram_bot


async def refused(sending: object) -> str:
    with pytest.raises(BadRequest) as error:
        await sending  # type: ignore[misc]
    return error.value.message


async def test_a_text_has_4096_utf16_units_after_parsing(bot: telegram.Bot, amina: int) -> None:
    await bot.send_message(amina, f"<b>{'é' * 4096}</b>", parse_mode="HTML")
    await bot.send_message(amina, "🎺" * 2048)
    assert await refused(bot.send_message(amina, "🎺" * 2048 + "a")) == "Message is too long"


async def test_a_caption_has_1024(bot: telegram.Bot, amina: int) -> None:
    await bot.send_photo(amina, picture(), caption="é" * 1024)
    assert await refused(bot.send_photo(amina, picture(), caption="é" * 1025)) == "Message caption is too long"


async def test_an_empty_text_is_refused(bot: telegram.Bot, amina: int) -> None:
    assert await refused(bot.send_message(amina, "<b> </b>", parse_mode="HTML")) == "Message text is empty"


async def test_markdown_is_refused_rather_than_misread(bot: telegram.Bot, amina: int) -> None:
    assert await refused(bot.send_message(amina, "*a*", parse_mode="MarkdownV2")) == "Unsupported parse_mode"


@pytest.mark.parametrize(
    ("button", "error"),
    [
        ({"callback_data": "é" * 33}, "Button_data_invalid"),  # 66 bytes
        ({"copy_text": {"text": "x" * 257}}, "Button_copy_text_invalid"),
        (
            {"url": "http://localhost:8000/"},
            "Inline keyboard button URL 'http://localhost:8000/' is invalid: Wrong HTTP URL",
        ),
        ({"url": "javascript:alert(1)"}, "Inline keyboard button URL 'javascript:alert(1)' is invalid: Wrong HTTP URL"),
        ({}, "Can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"),
    ],
)
async def test_a_wrong_button_is_refused(bot: telegram.Bot, amina: int, button: dict[str, object], error: str) -> None:
    markup = {"inline_keyboard": [[{"text": "x"} | button]]}
    message = await refused(bot.send_message(amina, "x", reply_markup=markup))  # type: ignore[arg-type]
    assert message.lower() == error.lower()


async def test_the_longest_buttons_pass(bot: telegram.Bot, amina: int) -> None:
    row = [
        InlineKeyboardButton("x", callback_data="é" * 32),
        InlineKeyboardButton("y", copy_text=CopyTextButton("y" * 256)),
    ]
    await bot.send_message(amina, "x", reply_markup=InlineKeyboardMarkup([row]))


async def test_a_channel_takes_only_inline_keyboards(bot: telegram.Bot) -> None:
    markup = ReplyKeyboardMarkup([["Oui"]])
    assert await refused(bot.send_message(CHANNEL, "x", reply_markup=markup)) == "Inline keyboard expected"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"this is no picture", "Image_process_failed"),
        (picture(9000, 1100), "Photo_invalid_dimensions"),  # the sides add up to 10,100
        (picture(2100, 100), "Photo_invalid_dimensions"),  # 21 to 1
        (
            picture() + bytes(10 * 1024 * 1024),
            "File of size .* is too big for a photo; the maximum size is 10485760 bytes",
        ),
    ],
)
async def test_a_wrong_photo_is_refused(bot: telegram.Bot, amina: int, content: bytes, error: str) -> None:
    with pytest.raises(BadRequest, match=f"(?i){error}"):
        await bot.send_photo(amina, content)


async def test_a_photo_at_the_limits_passes(bot: telegram.Bot, amina: int) -> None:
    await bot.send_photo(amina, picture(2000, 100))


async def test_a_turned_photo_arrives_upright(bot: telegram.Bot, amina: int) -> None:
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6  # turned by a quarter, as phones write it
    Image.new("RGB", (400, 200)).save(out, "JPEG", exif=exif)
    message = await bot.send_photo(amina, out.getvalue())
    assert (message.photo[-1].width, message.photo[-1].height) == (200, 400)


async def test_a_document_has_50_megabytes(bot: telegram.Bot, amina: int) -> None:
    await bot.send_document(amina, b"x" * (1024 * 1024), filename="a.bin")
    with pytest.raises(telegram.error.NetworkError, match="Request Entity Too Large"):
        await bot.send_document(amina, bytes(50 * 1024 * 1024 + 1), filename="a.bin")


@pytest.mark.parametrize("count", [1, 11])
async def test_an_album_has_two_to_ten_items(server: SandboxServer, bot: telegram.Bot, amina: int, count: int) -> None:
    photo = (await bot.send_photo(amina, picture())).photo[-1].file_id
    media = [{"type": "photo", "media": photo}] * count  # python-telegram-bot itself would not send 11
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(
            f"{server.telegram}{DEMO_TOKEN}/sendMediaGroup", json={"chat_id": amina, "media": media}
        )
    assert answer.status_code == 400 and "2-10" in answer.json()["description"]


async def test_an_unchanged_message_is_not_edited(bot: telegram.Bot, amina: int) -> None:
    message = await bot.send_message(amina, "x")
    error = await refused(bot.edit_message_text("x", amina, message.message_id))
    assert error.startswith("Message is not modified: specified new message content and reply markup are exactly")


async def test_a_message_that_is_not_there_is_not_edited_or_deleted(bot: telegram.Bot, amina: int) -> None:
    assert await refused(bot.edit_message_text("x", amina, 9999)) == "Message to edit not found"
    assert await refused(bot.delete_message(amina, 9999)) == "Message to delete not found"


async def test_a_bot_does_not_edit_what_a_person_wrote(bot: telegram.Bot, amina: int, sandbox: SandboxClient) -> None:
    theirs = await sandbox.say(amina, "à moi")
    assert await refused(bot.edit_message_text("x", amina, theirs["message_id"])) == "Message can't be edited"


async def test_an_unknown_chat_is_not_found(bot: telegram.Bot) -> None:
    for chat in (404, -404, "@nulle_part"):
        assert await refused(bot.send_message(chat, "x")) == "Chat not found"


async def test_a_bot_does_not_write_first(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    with pytest.raises(Forbidden, match="bot can't initiate conversation with a user"):
        await bot.send_message(await sandbox.person("Zoé"), "x")


async def test_a_blocked_bot_is_told_so_until_the_person_starts_again(
    bot: telegram.Bot, amina: int, sandbox: SandboxClient
) -> None:
    await sandbox.block(amina)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(amina, "x")
    await sandbox.start(amina)
    await bot.send_message(amina, "x")
    kinds = [
        update.my_chat_member.new_chat_member.status for update in await bot.get_updates() if update.my_chat_member
    ]
    assert kinds == ["kicked", "member"]


async def test_a_bot_without_rights_in_a_channel_does_not_post(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    await sandbox.change_channel(CHANNEL, admin=False)
    assert await refused(bot.send_message(CHANNEL, "x")) == "Need administrator rights in the channel chat"
    await sandbox.change_channel(CHANNEL, member=False)
    with pytest.raises(Forbidden, match="bot is not a member of the channel chat"):
        await bot.send_message(CHANNEL, "x")


async def test_a_group_that_became_a_supergroup_says_where_it_went(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    group = await sandbox.channel("Section", type="group")
    await sandbox.change_channel(group, migrated_to=-1009)
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(group, "x")
    assert moved.value.new_chat_id == -1009


async def test_one_chat_takes_a_short_burst_and_then_one_message_a_second(bot: telegram.Bot, amina: int) -> None:
    for number in range(15):
        await bot.send_message(amina, str(number))
    with pytest.raises(RetryAfter) as late:
        for number in range(5):  # the first may pass, if a second has gone by
            await bot.send_message(amina, str(number))
    assert late.value.retry_after == 1


async def test_the_whole_bot_sends_thirty_a_second(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    await sandbox.rates(telegram={"bot": {"per_second": 0.1, "burst": 2}})
    people = [await sandbox.person("Zoé") for _ in range(3)]
    for person in people:
        await sandbox.start(person)
    await bot.send_message(people[0], "x")
    await bot.send_message(people[1], "x")
    with pytest.raises(RetryAfter) as late:
        await bot.send_message(people[2], "x")
    assert 9 <= late.value.retry_after <= 10  # type: ignore[operator]
    await bot.send_message(people[2], "x", allow_paid_broadcast=True)


async def test_a_channel_takes_twenty_a_minute(bot: telegram.Bot) -> None:
    for number in range(20):
        await bot.send_message(CHANNEL, str(number))
    with pytest.raises(RetryAfter):
        await bot.send_message(CHANNEL, "x")


async def test_a_bad_token_is_unauthorized(server: SandboxServer) -> None:
    stranger = telegram_bot(server, "123:abc")
    with pytest.raises(InvalidToken):
        await stranger.get_me()
    for request in stranger._request:
        await request.shutdown()
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{server.telegram}123:abc/getMe")
    assert (answer.status_code, answer.json()) == (
        401,
        {"ok": False, "error_code": 401, "description": "Unauthorized"},
    )


async def test_an_unknown_method_is_not_found(server: SandboxServer) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{server.telegram}{DEMO_TOKEN}/sendNothing")
    assert (answer.status_code, answer.json()["description"]) == (404, "Not Found: method not found")


@pytest.mark.parametrize("how", ["query", "form", "json", "multipart"])
async def test_parameters_come_in_any_of_the_four_ways(server: SandboxServer, amina: int, how: str) -> None:
    given = {"chat_id": str(AMINA), "text": "Été", "disable_notification": "true"}
    ways = {"query": {"params": given}, "form": {"data": given}, "json": {"json": given | {"chat_id": AMINA}},
            "multipart": {"data": given, "files": {"unused": b"x"}}}  # fmt: skip
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.request(
            "GET" if how == "query" else "POST", f"{server.telegram}{DEMO_TOKEN}/sendmessage", **ways[how]
        )
    assert answer.json()["result"]["text"] == "Été"
