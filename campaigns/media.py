"""A post's pictures: looked at by their header alone, and kept under their own hash."""

import hashlib
import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from campaigns.media_stores import MediaHome, opened
from campaigns.models import Media
from networks.base import Picture
from networks.limits import PictureFacts

KINDS = {
    "JPEG": ("image/jpeg", "jpg"),
    "MPO": ("image/jpeg", "jpg"),  # what Pillow calls a phone's JPEG with a second picture behind the first
    "PNG": ("image/png", "png"),
    "WEBP": ("image/webp", "webp"),
    "GIF": ("image/gif", "gif"),
}
READERS = ("JPEG", "PNG", "WEBP", "GIF")  # Pillow's; its JPEG reader finds the MPO
LARGEST = 20_000_000  # bytes; above every network's own limit


class PictureRefused(ValueError):
    """This file cannot be a post's picture; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class NewPicture:
    """A picture as it came: its file name for messages, its encoded bytes, its description, who made it.

    `focus` is what stays in sight where a network crops: per cent from the left and from the top.
    """

    name: str
    data: bytes
    alt: str = ""
    credit: str = ""
    focus: tuple[int, int] = (50, 50)

    def facts(self) -> PictureFacts:
        """Its kind and size from the header, without decoding it; raises PictureRefused."""
        if not self.data:
            raise PictureRefused(f"picture {self.name} is empty")
        if len(self.data) > LARGEST:
            raise PictureRefused(
                f"picture {self.name} has {len(self.data) / 1e6:.1f} MB; at most {LARGEST / 1e6:.0f} MB"
            )
        try:
            with Image.open(io.BytesIO(self.data), formats=READERS) as image:
                mime, (width, height) = KINDS[str(image.format)][0], image.size
        except Image.DecompressionBombError as error:  # "Image size (… pixels) exceeds limit of … pixels, could be …"
            raise PictureRefused(f"picture {self.name} is too large: {str(error).partition(',')[0]}") from None
        except (OSError, SyntaxError, ValueError, struct.error):
            raise PictureRefused(f"picture {self.name} is not a JPEG, PNG, WebP or GIF") from None
        return PictureFacts(self.name, mime, width, height, len(self.data), self.alt)


def store_all(home: MediaHome, post_id: int, pictures: Sequence[NewPicture]) -> list[Media]:
    """The rows of a post's pictures, in their order, when their files are kept."""
    return [store(home, post_id, position, picture) for position, picture in enumerate(pictures)]


def store(home: MediaHome, post_id: int, position: int, picture: NewPicture) -> Media:
    """Write the file, and return its row. Like all below, it may take seconds, and raises MediaAway."""
    facts = picture.facts()
    return Media(
        post_id=post_id,
        position=position,
        file=keep(home, picture),
        mime=facts.mime,
        width=facts.width,
        height=facts.height,
        size=facts.size,
        alt=picture.alt,
        credit=picture.credit,
        focus_x=picture.focus[0],
        focus_y=picture.focus[1],
    )


def keep(home: MediaHome, picture: NewPicture) -> str:
    """Write the file, unless the same bytes are there, and return its name; raises PictureRefused."""
    kind = picture.facts().mime
    extension = next(extension for mime, extension in KINDS.values() if mime == kind)
    file = f"{hashlib.sha256(picture.data).hexdigest()}.{extension}"
    store = opened(home)
    if not store.has(file):
        store.store(file, picture.data)
    return file


def load(home: MediaHome, media: Media) -> Picture:
    """The picture as a network takes it; FileNotFoundError where the file is gone."""
    data = opened(home).load(media.file)
    return Picture(data, media.mime, media.alt, (media.focus_x, media.focus_y))
