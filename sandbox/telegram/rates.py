"""Telegram's limits on sending, as its Bot FAQ gives them."""

from collections.abc import Callable
from datetime import datetime

from sandbox.rates import Buckets, Rate
from sandbox.telegram.errors import too_many
from sandbox.telegram.state import Bot, Chat

WHOLE_BOT = Rate(per_second=30, burst=30)  # about 30 messages a second to different chats
PRIVATE_CHAT = Rate(per_second=1, burst=15)  # one message a second; "short bursts" pass, how long is not documented
GROUP = Rate(per_second=20 / 60, burst=20)  # 20 messages a minute to one group


class TelegramRates:
    """The three limits, which tests may set."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.set()

    def set(self, bot: Rate = WHOLE_BOT, private: Rate = PRIVATE_CHAT, group: Rate = GROUP) -> None:
        """Other limits; what was sent before is forgotten."""
        self.bot, self.private, self.group = (Buckets(rate, self._clock) for rate in (bot, private, group))

    def count(self, bot: Bot, chat: Chat, amount: int, *, paid: bool) -> None:
        """Count messages to a chat; raises Refused (429) above a limit, and then counts nothing."""
        chats = self.private if chat.type == "private" else self.group
        wait = chats.seconds_until(chat.key, amount)
        if not paid:  # allow_paid_broadcast lifts the limit of the whole bot
            wait = max(wait, self.bot.seconds_until(bot.token, amount))
        if wait:
            raise too_many(wait)
        chats.take(chat.key, amount)
        self.bot.take(bot.token, amount)
