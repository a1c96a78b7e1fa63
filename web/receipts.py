"""Receipts: what the server signs when it has made a badge, so that it knows its own work when that comes back.

With one, further formats of a badge do not count again, a saved badge counts once, and only a picture that was made
here, and is square, goes up on the wall. Nothing of it is stored.
"""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from itsdangerous import BadSignature, URLSafeSerializer

VALID = timedelta(days=1)  # a page that was left open over night still works


@dataclass(frozen=True, slots=True)
class Receipt:
    """One badge of one campaign. `picture` is the SHA-256 of a square picture of it, or empty."""

    campaign_id: int
    badge: str
    made_at: datetime
    picture: str = ""

    @classmethod
    def new(cls, campaign_id: int, now: datetime) -> Self:
        return cls(campaign_id, secrets.token_urlsafe(12), now)

    @classmethod
    def read(cls, signer: URLSafeSerializer, text: str, campaign_id: int, now: datetime) -> Self | None:
        """What was signed here for this campaign, not too long ago; None for anything else."""
        try:
            campaign, badge, made_at, picture = signer.loads(text)
        except (BadSignature, ValueError, TypeError):
            return None
        receipt = cls(campaign, badge, datetime.fromtimestamp(made_at, UTC), picture)
        return receipt if campaign == campaign_id and now - receipt.made_at < VALID else None

    def of(self, picture: bytes) -> Self:
        """The same badge, with the square picture that the receipt speaks for."""
        return replace(self, picture=_digest(picture))

    def is_of(self, picture: bytes) -> bool:
        return bool(self.picture) and secrets.compare_digest(self.picture, _digest(picture))

    def signed(self, signer: URLSafeSerializer) -> str:
        written = signer.dumps([self.campaign_id, self.badge, int(self.made_at.timestamp()), self.picture])
        return written if isinstance(written, str) else written.decode()


def _digest(picture: bytes) -> str:
    return hashlib.sha256(picture).hexdigest()
