"""Pages, their posts and photos in the stand-in for Facebook."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sandbox.changes import Changes
from sandbox.store import Json, Store

FIRST_ID = 120_000_000_000_000  # ids look like today's


@dataclass
class Page:
    """A Page and the token with which a program may post on it."""

    id: str
    name: str
    access_token: str


DEMO_PAGES = (Page("100064000000001", "Campagne (démonstration)", "sandbox-page-access-token"),)


@dataclass
class Photo:
    """An uploaded picture; unpublished ones wait for a post that they are attached to."""

    id: str
    page: str
    sha256: str
    mime: str
    published: bool
    alt: str | None = None


@dataclass
class PagePost:
    """What stands on a Page's feed."""

    id: str
    page: str
    message: str
    link: str | None
    at: str
    photos: list[str] = field(default_factory=list)


class FacebookState:
    """Everything the stand-in knows, written through to the store."""

    def __init__(self, store: Store, changes: Changes, clock: Callable[[], datetime]) -> None:
        self.store, self.changes, self.clock = store, changes, clock
        self._floor = changes.version
        self._touched: dict[str, int] = {}
        self.pages = {page.id: page for page in DEMO_PAGES}
        self.photos = {each.id: each for each in (Photo(**doc) for doc in store.all("fbphoto"))}
        self.posts = {each.id: each for each in (PagePost(**doc) for doc in store.all("fbpost"))}
        taken = [int(each.rpartition("_")[2]) for each in (*self.photos, *self.posts)]
        self._last_id = max([FIRST_ID, *taken])

    def new_id(self) -> str:
        """An id above all earlier ones."""
        self._last_id += 7_919
        return str(self._last_id)

    def version(self, page: Page) -> int:
        """The change counter at the last change of a Page's posts."""
        return self._touched.get(page.id, self._floor)

    def by_token(self, token: str) -> Page | None:
        """The Page to which a token belongs."""
        return next((page for page in self.pages.values() if page.access_token == token), None)

    def save_photo(self, photo: Photo) -> None:
        """Write a photo."""
        self.photos[photo.id] = photo
        self.store.put("fbphoto", photo.id, asdict(photo), self.changes.bump())

    def save_post(self, post: PagePost) -> None:
        """Write a post."""
        self.posts[post.id] = post
        self._touched[post.page] = self.changes.bump()
        self.store.put("fbpost", post.id, asdict(post), self._touched[post.page])

    def feed(self, page: Page) -> list[Json]:
        """What stands on a Page, newest first."""
        return [
            {"id": post.id, "message": post.message, "created_time": post.at}
            for post in reversed(self.posts.values())
            if post.page == page.id
        ]
