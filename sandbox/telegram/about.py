"""getMe, getChat, getFile, getUserProfilePhotos, commands: what a bot may ask."""

import json

from sandbox.store import Json
from sandbox.telegram.call import Answer, Call
from sandbox.telegram.errors import bad_request
from sandbox.telegram.state import Bot, Chat

LARGEST_DOWNLOAD = 20 * 1024 * 1024  # bytes, from getFile
MOST_PHOTOS = 100  # in one answer, from getUserProfilePhotos
MOST_COMMANDS = 100  # from setMyCommands


async def get_me(call: Call) -> Answer:
    """getMe"""
    return call.bot.as_user() | {
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": True,  # as after /setinline at @BotFather
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


async def get_chat(call: Call) -> Answer:
    """getChat"""
    chat = call.chat()
    if chat.type != "private" and not chat.member:
        raise bad_request("chat not found")
    gifts = dict.fromkeys(
        ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
    )
    return call.state.as_chat(chat) | {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts}


async def get_chat_member(call: Call) -> Answer:
    """getChatMember: enough to know whether a bot may post"""
    chat, user_id = call.chat(), call.params.whole("user_id")
    if user_id != call.bot.id:
        person = call.state.people.get(user_id)
        if person is None:
            raise bad_request("invalid user_id specified")
        return {"user": person.as_user(), "status": "member"}
    return as_member(call.bot, chat)


def as_member(bot: Bot, chat: Chat) -> Json:
    """What a bot is in a chat, as a ChatMember."""
    user = {"user": bot.as_user()}
    if not chat.member:
        return user | {"status": "left"}
    if chat.type == "private" or not chat.admin:
        return user | {"status": "member"}
    rights = dict.fromkeys(
        ("can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members",
         "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories",
         "can_delete_stories", "can_post_messages", "can_edit_messages"), True
    )  # fmt: skip
    return user | {"status": "administrator", "can_be_edited": False, "is_anonymous": False} | rights


async def get_file(call: Call) -> Answer:
    """getFile"""
    file = call.state.files.get(call.params.text("file_id"))
    if file is None:
        raise bad_request("invalid file_id")
    if file.size > LARGEST_DOWNLOAD:
        raise bad_request("file is too big")
    return file.as_file() | {"file_path": file.path}


async def get_user_profile_photos(call: Call) -> Answer:
    """getUserProfilePhotos: empty when privacy settings hide the photo; here nobody has more than one"""
    person = call.state.people.get(call.params.whole("user_id"))
    if person is None:
        raise bad_request("user not found")
    shown = [person.photo_sizes] if person.photo == "shown" and person.photo_sizes else []
    first, limit = (
        max(call.params.whole("offset"), 0),
        min(max(call.params.whole("limit", MOST_PHOTOS), 1), MOST_PHOTOS),
    )
    return {"total_count": len(shown), "photos": shown[first : first + limit]}


def _scope(call: Call) -> str:
    scope = call.params.object("scope") or {"type": "default"}
    return json.dumps([scope, call.params.text("language_code")], sort_keys=True)


async def set_my_commands(call: Call) -> Answer:
    """setMyCommands"""
    commands = call.params.items("commands") or []
    if len(commands) > MOST_COMMANDS:
        raise bad_request("too many commands specified")
    kept: list[Json] = []
    for each in commands:
        name, description = str(each.get("command", "")).lstrip("/"), str(each.get("description", ""))
        if (
            not 1 <= len(name) <= 32
            or not name.isascii()
            or name != name.lower()
            or not name.replace("_", "").isalnum()
        ):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(description) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        kept.append({"command": name, "description": description})
    call.bot.commands[_scope(call)] = kept
    call.state.save_bot(call.bot)
    call.state.touch(f"commands/{call.bot.id}")
    return True


async def get_my_commands(call: Call) -> Answer:
    """getMyCommands"""
    return call.bot.commands.get(_scope(call), [])


async def delete_my_commands(call: Call) -> Answer:
    """deleteMyCommands"""
    call.bot.commands.pop(_scope(call), None)
    call.state.save_bot(call.bot)
    call.state.touch(f"commands/{call.bot.id}")
    return True


async def set_my_description(call: Call) -> Answer:
    """setMyDescription: what an empty chat shows; one for all languages here"""
    call.bot.description = call.params.text("description")
    call.state.save_bot(call.bot)
    call.state.touch(f"commands/{call.bot.id}")
    return True


async def accept(call: Call) -> Answer:
    """Methods that only have to succeed: other texts of the profile, menu button, log out"""
    return True
