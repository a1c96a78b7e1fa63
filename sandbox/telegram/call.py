"""One Bot API request while it is being answered."""

from dataclasses import dataclass

from sandbox.store import Json
from sandbox.telegram.errors import Refused, bad_request, forbidden, migrated
from sandbox.telegram.params import Params
from sandbox.telegram.state import Bot, Chat, TelegramState, chat_key
from sandbox.world import World


@dataclass
class Call:
    """The bot that asks, what it asks, and the world that it asks about."""

    world: World
    bot: Bot
    operation: str
    params: Params

    @property
    def state(self) -> TelegramState:
        """Chats, people, messages."""
        return self.world.telegram

    def chat(self) -> Chat:
        """The chat of `chat_id` whether the bot may write there or not; raises Refused."""
        given = self.params.text("chat_id")
        if not given:
            raise bad_request("chat_id is empty")
        chat = self._find(given)
        if chat is None:
            raise bad_request("chat not found")
        if chat.migrated_to:
            raise migrated(chat.migrated_to)
        return chat

    def _find(self, given: str) -> Chat | None:
        if given.startswith("@"):
            return self.state.chat_named(given)
        try:
            number = int(given)
        except ValueError:
            return None
        if number > 0 and number in self.state.people:
            return self.state.private_chat(self.bot, self.state.people[number])
        return self.state.chats.get(chat_key(self.bot.id, number))

    def open_chat(self) -> Chat:
        """The chat of `chat_id`, if the bot may write there; raises Refused."""
        chat = self.chat()
        if chat.type == "private":
            if chat.blocked:
                raise forbidden("bot was blocked by the user")
            if not chat.started:
                raise forbidden("bot can't initiate conversation with a user")
            return chat
        kind = "supergroup" if chat.type == "supergroup" else chat.type
        if not chat.member:
            raise forbidden(f"bot is not a member of the {kind} chat")
        if chat.type == "channel" and not chat.admin:
            raise bad_request("need administrator rights in the channel chat")
        return chat

    def count(self, chat: Chat, amount: int = 1) -> None:
        """Count what is about to be accepted against the limits; raises Refused (429)."""
        self.world.rates.count(self.bot, chat, amount, paid=self.params.flag("allow_paid_broadcast"))


Answer = Json | list[Json] | bool
__all__ = ["Answer", "Call", "Refused"]
