"""Everything that one sandbox is made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from starlette.requests import Request

from sandbox.bluesky.state import BlueskyState
from sandbox.changes import Changes
from sandbox.defaults import Seed
from sandbox.facebook.state import FacebookState
from sandbox.faults import Desk
from sandbox.ledger import Ledger
from sandbox.mastodon.state import MastodonState
from sandbox.store import Store
from sandbox.telegram.pollers import Pollers
from sandbox.telegram.rates import TelegramRates
from sandbox.telegram.state import TelegramState
from sandbox.telegram.webhook import Delivery
from sandbox.windows import Windows
from sandbox.x.state import XState

__all__ = ["HomeLink", "World", "world_of"]


@dataclass(frozen=True)
class HomeLink:
    """A card on the first page."""

    label: str
    description: str
    href: str


class World:
    """The state of one sandbox; all of it belongs to one event loop."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        store: Path | None,
        seed: Seed,
        home_links: Sequence[tuple[str, str, str]] = (),
        link_titles: Mapping[str, str] | None = None,
        authority: Path | None = None,
    ) -> None:
        self.clock, self.seed, self.authority = clock, seed, authority
        self.link_titles = dict(link_titles or {})  # what networks would read on the pages that posts link to
        self.home_links = [HomeLink(*link) for link in home_links]
        self.store = Store(store)
        self.changes = Changes(self.store.highest_version())
        self.desk = Desk(self.changes)
        self.pollers = Pollers()
        self.deliveries: dict[int, Delivery] = {}  # by bot
        self._load()

    def _load(self) -> None:
        self.ledger = Ledger(self.store, self.changes)
        self.telegram = TelegramState(self.store, self.changes, self.clock)
        self.rates = TelegramRates(self.clock)
        self.x = XState(self.store, self.changes, self.clock)
        self.facebook = FacebookState(self.store, self.changes, self.clock)
        self.mastodon = MastodonState(self.store, self.changes, self.clock)
        self.bluesky = BlueskyState(self.store, self.changes, self.clock)
        self.windows = Windows(self.clock)
        self.chat_actions: dict[str, tuple[str, datetime]] = {}
        self.seed.open_accounts(self.mastodon, self.bluesky, self.facebook)
        self.seed.plant(self.telegram, self.x)

    def reset(self) -> None:
        """Back to how it began; the change counter goes on rising, so that nobody waits in vain."""
        self._stop_deliveries()
        self.desk.reset()
        self.store.clear()
        self.changes.bump()
        self._load()

    def close(self) -> None:
        """Answer whoever waits, so that the server around can stop."""
        self.desk.close()
        self.changes.close()
        self._stop_deliveries()

    def _stop_deliveries(self) -> None:
        for delivery in self.deliveries.values():
            delivery.stop()
        self.deliveries.clear()


def world_of(request: Request) -> World:
    """The world of the app that answers this request."""
    world = request.app.state.world
    assert isinstance(world, World)  # noqa: S101
    return world
