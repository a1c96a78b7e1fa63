"""One update from outside in: counted, timed, and named in the log by its kind; never by who sent it or what is in it."""

import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from time import perf_counter

from telegram import Update

from campaigns.counts import Counts
from campaigns.traces import at_work

log = logging.getLogger(__name__)
KINDS = (
    Update.CALLBACK_QUERY,
    Update.MESSAGE,
    Update.INLINE_QUERY,
    Update.CHOSEN_INLINE_RESULT,
    Update.EDITED_MESSAGE,
    Update.MY_CHAT_MEMBER,
)
HANDLED, FAILED, BLOCKED = "handled", "failed", "blocked"  # blocked: the person no longer takes answers
_outcomes: ContextVar[list[str]] = ContextVar("outcomes of the update in hand")


def ended(outcome: str) -> None:
    """Say how the update in hand ended, where that is not well; a conversation catches what goes wrong in it."""
    found = _outcomes.get(None)
    if found is not None:
        found.append(outcome)


def kind_of(update: Update) -> str:
    return next((kind for kind in KINDS if getattr(update, kind) is not None), "other")


class Handling:
    """Hands updates to `process`, and counts them."""

    def __init__(self, counts: Counts, process: Callable[[Update], Awaitable[None]]) -> None:
        self._counts = counts
        self._process = process

    async def __call__(self, update: Update) -> None:
        kind, began, outcomes = kind_of(update), perf_counter(), [HANDLED]
        _outcomes.set(outcomes)
        self._counts.updates_in_hand += 1
        with at_work("update", update=kind) as seen:
            try:
                await self._process(update)
            except BaseException:
                outcomes.append(FAILED)
                raise
            finally:
                took = perf_counter() - began
                self._counts.updates_in_hand -= 1
                self._counts.updates[kind, outcomes[-1]] += 1
                self._counts.update_times.add(took)
                seen["outcome"] = outcomes[-1]
                more = {"outcome": outcomes[-1], "ms": round(took * 1000)}
                log.info("%s %s in %d ms", kind, outcomes[-1], more["ms"], extra=more)
