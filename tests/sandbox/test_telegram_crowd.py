"""Many people at once, albums, and groups in which a bot is or was."""

import pytest
import telegram

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import AMINA, CHANNEL, picture

BUTTON = telegram.InlineKeyboardMarkup([[telegram.InlineKeyboardButton("Oui", callback_data="oui")]])


async def test_a_crowd_acts_in_one_request_and_what_changed_is_read_in_another(
    bot: telegram.Bot, sandbox: SandboxClient
) -> None:
    zoe = await sandbox.person("Zoé")
    before = (await sandbox.crowd_changes())["version"]
    acts = [{"person": AMINA, "action": "start"}, {"person": zoe, "action": "say", "text": "Bonjour"}]
    said = [each["message"] for each in await sandbox.crowd(acts)]
    assert [(m["from"]["id"], m["text"]) for m in said] == [(AMINA, "/start"), (zoe, "Bonjour")]
    assert [update.effective_user.id for update in await bot.get_updates()] == [AMINA, zoe]  # type: ignore[union-attr]
    changed = await sandbox.crowd_changes(before)
    assert [message["text"] for message in changed["messages"]] == ["/start", "Bonjour"]
    asked = await bot.send_message(zoe, "Et vous ?", reply_markup=BUTTON)
    await sandbox.crowd([{"person": zoe, "action": "tap", "message_id": asked.message_id, "data": "oui"}])
    await asked.edit_text("Merci.")
    (shown,) = (await sandbox.crowd_changes(changed["version"]))["messages"]
    assert shown["text"] == "Merci."


async def test_what_one_of_a_crowd_cannot_do_is_told(sandbox: SandboxClient) -> None:
    for act, sentence in (
        ({"person": AMINA, "action": "tap", "message_id": 99, "data": "x"}, "has no button"),
        ({"person": 1, "action": "start"}, "no person 1"),
    ):
        with pytest.raises(SandboxError, match=sentence):
            await sandbox.crowd([act])


async def test_an_album_comes_as_a_message_for_each_picture(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    sent = await sandbox.send_album(AMINA, [picture(), picture(300, 300)], "Nous deux")
    first, second = [update.message for update in await bot.get_updates()]
    assert first is not None and second is not None
    assert [first.message_id, second.message_id] == [message["message_id"] for message in sent]
    assert first.media_group_id == second.media_group_id is not None
    assert (first.caption, second.caption) == ("Nous deux", None)
    assert (second.photo[-1].width, second.photo[-1].height) == (300, 300)


async def test_a_bot_hears_what_becomes_of_it_in_a_group_and_what_is_said_there_while_it_is_in(
    bot: telegram.Bot, sandbox: SandboxClient
) -> None:
    group = await sandbox.channel("Section", type="supergroup")
    await sandbox.say(AMINA, "/start", group)
    await sandbox.change_channel(group, admin=False)
    await sandbox.change_channel(group, member=False)
    await sandbox.change_channel(CHANNEL, member=False)
    said, *changes = await bot.get_updates()
    assert said.message is not None and (said.message.chat.id, said.message.chat.type) == (group, "supergroup")
    assert [(c.my_chat_member.chat.id, c.my_chat_member.new_chat_member.status) for c in changes] == [  # type: ignore[union-attr]
        (group, "member"),
        (group, "left"),
        (CHANNEL, "left"),
    ]
    with pytest.raises(SandboxError, match="no member of Section"):
        await sandbox.say(AMINA, "Bonjour", group)
