"""What can go wrong with a network: few classes, each of which leads to another action. A docstring is the default message."""

from datetime import timedelta


class NetworkProblem(Exception):
    """The network did not take the post."""

    # The parts that went out before this one failed (ids of messages); a retry goes on behind them.
    sent_parts: tuple[str, ...] = ()

    def __init__(self, message: str | None = None, *, sent_parts: tuple[str, ...] = ()) -> None:
        super().__init__(message or self.__doc__)
        self.sent_parts = sent_parts


class RateLimited(NetworkProblem):
    """The network asks to wait."""

    def __init__(self, retry_after: timedelta, message: str | None = None, *, sent_parts: tuple[str, ...] = ()) -> None:
        super().__init__(
            message or f"the network asks to wait {retry_after.total_seconds():.0f} s", sent_parts=sent_parts
        )
        self.retry_after = retry_after


class PostRejected(NetworkProblem):
    """The network refuses this post; sending it again changes nothing."""


class ChatMoved(PostRejected):
    """The group became a supergroup, which has another number; nothing was written."""

    def __init__(self, chat_id: int) -> None:
        super().__init__(f"the group became a supergroup; set the channel's chat_id to {chat_id}")
        self.chat_id = chat_id


class ChannelRevoked(NetworkProblem):
    """The network refuses the channel's credential; every post of the channel waits until it is mended."""


class NetworkDown(NetworkProblem):
    """The network could not be reached; the post certainly did not go out and may be tried again."""


class TurnLost(NetworkDown):
    """Whoever was sending this slept, or lost the database, for so long that another goes on; no more of it was sent."""


class OutcomeUnknown(NetworkProblem):
    """The network took the request and did not answer; the post may have gone out."""


class ChannelSettingsWrong(ValueError):
    """A channel's settings are incomplete or wrong; the message names the setting."""
