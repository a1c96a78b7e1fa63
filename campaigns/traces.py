"""What the program is at, for its log and its traces: numbers of rows, kinds and outcomes. Never a person."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Protocol

# What a line of the log may bear beside its words; anything else is left out of it.
IDS = (
    *("campaign", "post", "channel", "publication", "handout", "broadcast", "target"),
    *("update", "method", "route", "status", "outcome", "ms"),
)
Ids = dict[str, int | str]


class Tracer(Protocol):
    """Who keeps spans, such as OpenTelemetry."""

    def span(self, what: str, ids: Mapping[str, int | str]) -> AbstractContextManager[None]:
        """What happens inside is one span; the ids are read when it ends."""


_now: ContextVar[Mapping[str, int | str]] = ContextVar("ids", default={})  # noqa: B039 - it is replaced, never changed
_tracer: Tracer | None = None


def trace_with(tracer: Tracer) -> None:
    """From here on, spans of this process go there."""
    global _tracer
    _tracer = tracer


def ids_now() -> Mapping[str, int | str]:
    """What the task at hand is about."""
    return _now.get()


class at_work:
    """Lines that are logged inside, and one span, bear these ids; what is put into the dict later is the span's alone."""

    __slots__ = ("_before", "_ids", "_span", "_what")

    def __init__(self, what: str, **ids: int | str) -> None:
        self._what, self._ids = what, ids

    def __enter__(self) -> Ids:
        self._before: Token[Mapping[str, int | str]] = _now.set({**_now.get(), **self._ids})
        self._span = None if _tracer is None else _tracer.span(self._what, self._ids)
        if self._span is not None:
            self._span.__enter__()
        return self._ids

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._span is not None:
                self._span.__exit__(kind, error, trace)
        finally:
            _now.reset(self._before)
