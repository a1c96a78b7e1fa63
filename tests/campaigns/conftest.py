"""Posts, people and pictures, each made in one line."""

import io
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from campaigns import supporters
from campaigns.database import Database
from campaigns.installation import add_campaign
from campaigns.models import Campaign, Channel, Participation, Post, Purpose, Supporter
from campaigns.posts import NewPost, add_post
from campaigns.supporters import Joining

AddPost = Callable[..., Awaitable[Post]]
AddSupporter = Callable[..., Awaitable[tuple[Supporter, Participation]]]


@pytest.fixture
async def rival(database: Database, clock: Callable[[], datetime]) -> Campaign:
    """Another candidate of the same party, on the same installation."""
    async with database.write() as session:
        return await add_campaign(session, Campaign(slug="", name="L’Autre Liste"), clock())


@pytest.fixture
def add(database: Database, campaign: Campaign, clock: Callable[[], datetime], tmp_path: Path) -> AddPost:
    """Stores a post that is due now on the given channels: `await add(telegram, text="…")`."""

    async def store(*channels: Channel, campaign_id: int | None = None, **changes: Any) -> Post:
        values: dict[str, Any] = {
            "title": "Lancement",
            "text": "Rendez-vous samedi à 13 h 45",
            "publish_at": clock(),
            "share_kit": True,
        }
        new = NewPost(channels=channels, **values | changes)
        async with database.write() as session:
            return await add_post(session, campaign_id or campaign.id, new, media_dir=tmp_path / "media", now=clock())

    return store


@pytest.fixture
def join(database: Database, campaign: Campaign, clock: Callable[[], datetime]) -> AddSupporter:
    """Lets a person join: `await join(42, Purpose.contact)`; without purposes, they agree to all."""

    async def enter(telegram_id: int, *purposes: Purpose, **changes: Any) -> tuple[Supporter, Participation]:
        values: dict[str, Any] = {
            "campaign_id": campaign.id,
            "telegram_id": telegram_id,
            "first_name": f"Maëlle {telegram_id}",
            "language": "fr",
            "purposes": frozenset(purposes or Purpose),
            "at": clock(),
        }
        async with database.write() as session:
            return await supporters.join(session, Joining(**values | changes))

    return enter


@pytest.fixture
def picture() -> Callable[..., bytes]:
    """Encoded bytes of a plain picture: `picture("PNG", 40, 30)`."""

    def draw(kind: str = "JPEG", width: int = 64, height: int = 48, colour: str = "#C8102E", **options: Any) -> bytes:
        file = io.BytesIO()
        Image.new("RGB", (width, height), colour).save(file, kind, **options)
        return file.getvalue()

    return draw
