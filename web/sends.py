"""What this process sent, and what went wrong, by channel; /metrics shows it."""

from collections import Counter

from campaigns.models import Channel


class SendCounts:
    """What this process sent since it started, by channel; handed to whoever publishes."""

    def __init__(self) -> None:
        self.sent: Counter[int] = Counter()  # channel -> posts that are out
        self.errors: Counter[tuple[int, str]] = Counter()  # channel and class of error -> attempts

    def __call__(self, channel: Channel, problem: Exception | None) -> None:
        if problem is None:
            self.sent[channel.id] += 1
        else:
            self.errors[channel.id, type(problem).__name__] += 1
