"""What python-telegram-bot can send, and how it comes back."""

import io

import pytest
import telegram
from PIL import Image
from telegram import (
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    WebAppInfo,
)
from telegram.error import BadRequest

from sandbox.client import SandboxClient
from tests.sandbox.conftest import AMINA, CHANNEL, picture


def keys(*buttons: InlineKeyboardButton) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([list(buttons)])


async def test_a_bot_knows_its_name(bot: telegram.Bot) -> None:
    assert (await bot.get_me()).username == "porte_voix_demo_bot"


async def test_html_arrives_as_text_and_entities(bot: telegram.Bot, amina: int) -> None:
    html = 'Été 🎺 <b>gras <i>et</i></b> <a href="https://ex.org/a?b=1&amp;c=2">lien</a> &lt;3'
    message = await bot.send_message(amina, html, parse_mode="HTML")
    assert message.text == "Été 🎺 gras et lien <3"
    kinds = [(entity.type, message.parse_entity(entity)) for entity in message.entities]
    assert kinds == [("bold", "gras et"), ("italic", "et"), ("text_link", "lien")]
    assert message.entities[2].url == "https://ex.org/a?b=1&c=2"


async def test_pre_with_code_inside_is_one_block_with_its_language(bot: telegram.Bot, amina: int) -> None:
    html = '<pre><code class="language-py">a &lt; b</code></pre> <tg-spoiler>x</tg-spoiler> <blockquote>y</blockquote>'
    message = await bot.send_message(amina, html, parse_mode="HTML")
    assert [(e.type, e.language) for e in message.entities] == [("pre", "py"), ("spoiler", None), ("blockquote", None)]


async def test_telegram_finds_links_hashtags_mentions_and_commands_by_itself(bot: telegram.Bot, amina: int) -> None:
    text = "Voir https://ex.org/a. #PourNosVilles avec @amina_demo /stop campagne.fr contact@ex.org"
    message = await bot.send_message(amina, text)
    found = {entity.type: message.parse_entity(entity) for entity in message.entities if entity.offset < 64}
    assert found == {
        "url": "https://ex.org/a",
        "hashtag": "#PourNosVilles",
        "mention": "@amina_demo",
        "bot_command": "/stop",
    } | {"url": found["url"]}
    assert [message.parse_entity(e) for e in message.entities if e.type in ("url", "email")] == [
        "https://ex.org/a",
        "campagne.fr",
        "contact@ex.org",
    ]


@pytest.mark.parametrize(
    ("html", "error"),
    [
        ("a <b>b", 'Can\'t find end tag corresponding to start tag "b"'),
        ("été < 3", 'Unsupported start tag "" at byte offset 6'),
        ("a <h1>b</h1>", 'Unsupported start tag "h1" at byte offset 2'),
        ("a </b>", "Unexpected end tag at byte offset 2"),
        ("<b>a</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ('<a href="x>y</a>', "Unclosed start tag at byte offset 0"),
        ("<i aba>x</i>", 'Expected equal sign in declaration of an attribute of the tag "i" at byte offset 0'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<b", "Unclosed start tag at byte offset 0"),
    ],
)
async def test_wrong_html_is_refused_in_telegrams_words(bot: telegram.Bot, amina: int, html: str, error: str) -> None:
    with pytest.raises(BadRequest) as refused:
        await bot.send_message(amina, html, parse_mode="HTML")
    assert refused.value.message.lower() == f"can't parse entities: {error}".lower()


async def test_a_photo_comes_back_in_smaller_copies(bot: telegram.Bot, amina: int, sandbox: SandboxClient) -> None:
    sent = picture(3000, 1500)
    message = await bot.send_photo(amina, sent, caption="<b>Affiche</b>", parse_mode="HTML")
    assert [(size.width, size.height) for size in message.photo] == [(90, 45), (320, 160), (800, 400), (1280, 640)]
    assert message.caption == "Affiche"
    content = bytes(await (await message.photo[-1].get_file()).download_as_bytearray())
    assert Image.open(io.BytesIO(content)).format == "JPEG"
    (entry,) = await sandbox.ledger(channel=amina)
    assert await sandbox.media(entry["media"][0]["sha256"]) == sent


async def test_a_document_keeps_its_bytes(bot: telegram.Bot, amina: int) -> None:
    sent = picture()
    message = await bot.send_document(amina, sent, filename="badge.png", disable_content_type_detection=True)
    assert message.document is not None and message.document.file_name == "badge.png"
    assert bytes(await (await message.document.get_file()).download_as_bytearray()) == sent


async def test_a_photo_is_sent_again_by_its_file_id(bot: telegram.Bot, amina: int) -> None:
    first = await bot.send_photo(amina, picture())
    second = await bot.send_photo(amina, first.photo[-1].file_id)
    assert second.photo == first.photo


async def test_an_album_is_one_group(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    items = [InputMediaPhoto(picture(color=color), caption=color) for color in ("red", "green")]
    messages = await bot.send_media_group("@canal", items)
    assert messages[0].media_group_id == messages[1].media_group_id
    assert [message.caption for message in messages] == ["red", "green"]
    assert len(await sandbox.ledger(channel=CHANNEL)) == 2


async def test_a_channel_post_has_no_sender_but_the_channel(bot: telegram.Bot) -> None:
    message = await bot.send_message(CHANNEL, "Bonjour")
    assert message.from_user is None and message.sender_chat is not None
    assert (message.chat.type, message.chat.username, message.message_id) == ("channel", "canal", 1)


async def test_every_kind_of_button_comes_back(bot: telegram.Bot, amina: int) -> None:
    markup = keys(
        InlineKeyboardButton("Lien", url="http://127.0.0.1:8000/s/abc"),
        InlineKeyboardButton("Choix", callback_data="choix:1"),
        InlineKeyboardButton("Copier", copy_text=CopyTextButton("texte")),
    )
    message = await bot.send_message(amina, "x", reply_markup=markup)
    assert message.reply_markup == markup


async def test_a_message_is_edited_and_its_past_is_kept(bot: telegram.Bot, amina: int, sandbox: SandboxClient) -> None:
    message = await bot.send_message(amina, "un", reply_markup=keys(InlineKeyboardButton("A", callback_data="a")))
    edited = await bot.edit_message_text("<b>deux</b>", amina, message.message_id, parse_mode="HTML")
    assert isinstance(edited, telegram.Message) and edited.text == "deux" and edited.reply_markup is None
    shown = await sandbox.message(amina, lambda each: each["message_id"] == message.message_id)
    assert [edit["text"] for edit in shown["edits"]] == ["un"]


async def test_captions_media_and_buttons_are_edited(bot: telegram.Bot, amina: int) -> None:
    message = await bot.send_photo(amina, picture(), caption="un")
    where = {"chat_id": amina, "message_id": message.message_id}
    assert (await bot.edit_message_caption(caption="deux", **where)).caption == "deux"  # type: ignore[union-attr]
    markup = keys(InlineKeyboardButton("A", callback_data="a"))
    assert (await bot.edit_message_reply_markup(reply_markup=markup, **where)).reply_markup == markup  # type: ignore[union-attr]
    changed = await bot.edit_message_media(InputMediaDocument(picture(), filename="a.png"), **where)
    assert isinstance(changed, telegram.Message) and changed.document is not None and not changed.photo


async def test_a_deleted_message_is_gone_but_stays_in_the_ledger(
    bot: telegram.Bot, amina: int, sandbox: SandboxClient
) -> None:
    message = await bot.send_message(amina, "oups")
    await bot.delete_message(amina, message.message_id)
    chat = await sandbox.chat(amina)
    assert message.message_id in chat["deleted"]
    assert [entry["text"] for entry in await sandbox.ledger(channel=amina)] == ["oups"]


async def test_a_reply_shows_what_it_answers(bot: telegram.Bot, amina: int) -> None:
    first = await bot.send_message(amina, "question")
    second = await bot.send_message(amina, "réponse", reply_to_message_id=first.message_id)
    assert second.reply_to_message is not None and second.reply_to_message.text == "question"


async def test_commands_are_shown_in_the_language_of_the_person(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    await bot.set_my_commands([("posts", "Les posts")])
    await bot.set_my_commands([("posts", "The posts")], language_code="en")
    olivia = await sandbox.person("Olivia", language_code="en")
    assert (await sandbox.chat(olivia))["commands"][0]["description"] == "The posts"
    assert (await sandbox.chat(AMINA))["commands"][0]["description"] == "Les posts"
    assert (await bot.get_my_commands())[0].description == "Les posts"
    scope = telegram.BotCommandScopeChat(olivia)
    await bot.set_my_commands([("team", "Her own")], scope)  # goes before her language, and is hers alone
    assert [each["description"] for each in (await sandbox.chat(olivia))["commands"]] == ["Her own"]
    assert (await sandbox.chat(AMINA))["commands"][0]["description"] == "Les posts"
    await bot.delete_my_commands(scope)
    assert (await sandbox.chat(olivia))["commands"][0]["description"] == "The posts"


async def test_a_hidden_profile_photo_is_not_given(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    shown = await sandbox.person("Zoé", photo="shown")
    hidden = await sandbox.person("Yann", photo="hidden")
    photos = await bot.get_user_profile_photos(shown)
    assert photos is not None and [size.width for size in photos.photos[0]] == [160, 320, 640]
    nothing = await bot.get_user_profile_photos(hidden)
    assert nothing is not None and nothing.total_count == 0


async def test_a_bot_reads_a_chat_and_its_own_rights(bot: telegram.Bot, amina: int) -> None:
    assert (await bot.get_chat("@canal")).title == "Campagne · canal"
    assert (await bot.get_chat(amina)).first_name == "Amina"
    member = await bot.get_chat_member(CHANNEL, bot.id)
    assert member.status == "administrator" and member.can_post_messages  # type: ignore[attr-defined]


async def test_typing_is_seen_in_the_chat(bot: telegram.Bot, amina: int, sandbox: SandboxClient) -> None:
    await bot.send_chat_action(amina, "typing")
    assert (await sandbox.chat(amina))["action"] == "typing"


async def test_a_mini_app_opens_from_a_private_chat_by_https_alone(bot: telegram.Bot, amina: int) -> None:
    def app(url: str) -> InlineKeyboardMarkup:
        return keys(InlineKeyboardButton("App", web_app=WebAppInfo(url)))

    sent = await bot.send_message(amina, "Atelier", reply_markup=app("https://ex.org/app"))
    assert sent.reply_markup is not None and sent.reply_markup.inline_keyboard[0][0].web_app is not None
    with pytest.raises(BadRequest, match="only https links are allowed"):
        await bot.send_message(amina, "Atelier", reply_markup=app("http://ex.org/app"))
    with pytest.raises(BadRequest, match=r"(?i)button_type_invalid"):
        await bot.send_message(CHANNEL, "Atelier", reply_markup=app("https://ex.org/app"))


async def test_profile_photos_come_in_pages(bot: telegram.Bot, amina: int) -> None:
    first = await bot.get_user_profile_photos(amina, limit=1)
    assert (first.total_count, len(first.photos)) == (1, 1)
    second = await bot.get_user_profile_photos(amina, offset=1, limit=1)
    assert (second.total_count, len(second.photos)) == (1, 0)
