"""What the program is at, for its log and its traces: numbers of rows, kinds and outcomes. Never a person."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from structlog.contextvars import bound_contextvars

# What a line of the log may bear beside its words; others are left out of it.
IDS = (
    "campaign",
    "post",
    "channel",
    "publication",
    "handout",
    "broadcast",
    "update",
    "method",
    "route",
    "status",
    "outcome",
    "ms",
)
Ids = dict[str, int | str]


class Tracer(Protocol):
    """Who keeps spans, such as OpenTelemetry."""

    def span(self, what: str, ids: Mapping[str, int | str]) -> AbstractContextManager[None]:
        """What happens inside is one span; the ids are read when it ends."""


class NoTracer:
    def span(self, what: str, ids: Mapping[str, int | str]) -> AbstractContextManager[None]:
        return nullcontext()


_tracer: Tracer = NoTracer()


def trace_with(tracer: Tracer) -> None:
    """From here on, spans of this process go there."""
    global _tracer
    _tracer = tracer


@contextmanager
def at_work(what: str, **ids: int | str) -> Iterator[Ids]:
    """Lines that are logged inside, and one span, bear these ids; what is put into the dict later is the span's alone."""
    with bound_contextvars(**ids), _tracer.span(what, ids):
        yield ids
