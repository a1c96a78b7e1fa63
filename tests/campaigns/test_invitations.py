"""The picture of an invitation: whatever the campaign's colours are, a camera reads it."""

import io

import pytest
from PIL import Image

from campaigns.invitations import invitation_link, qr_picture
from campaigns.models import Campaign, Participation
from tests.scanner import scanned

LINK = "https://t.me/la_region_qui_ose_bot?start=r-Zk3-_9QwErTy"


def read(picture: bytes) -> str:
    """What a scanner finds in it."""
    return scanned(Image.open(io.BytesIO(picture)))


def colours(picture: bytes) -> set[str]:
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    return {f"#{red:02X}{green:02X}{blue:02X}" for _, (red, green, blue) in image.getcolors(9)}


@pytest.mark.parametrize(
    ("primary", "secondary", "seen"),
    [
        ("#C8102E", "#1D2B5C", {"#C8102E", "#1D2B5C"}),
        ("#0B6E4F", "#0B6E4F", {"#0B6E4F"}),
        ("#FFE600", "#1D2B5C", {"#1D2B5C"}),  # yellow on white: no camera would see it
        ("#1D2B5C", "#FFFFFF", {"#1D2B5C"}),
        ("#FFFFFF", "#FFE600", {"#11141C"}),  # neither: ink
        ("#000000", "#000000", {"#000000"}),
    ],
)
def test_it_reads_as_the_link_in_any_colours(primary, secondary, seen):
    picture = qr_picture(LINK, Campaign(slug="x", name="X", primary_colour=primary, secondary_colour=secondary))
    assert read(picture) == LINK
    assert colours(picture) == seen | {"#FFFFFF"}


@pytest.mark.parametrize("length", [1, 64, 400])
def test_it_reads_small_and_as_a_chat_compresses_it(length):
    link = LINK + "x" * length
    picture = qr_picture(link, Campaign(slug="x", name="X"))
    with Image.open(io.BytesIO(picture)) as image:
        assert 700 <= image.width == image.height <= 1000
        squeezed = io.BytesIO()
        image.convert("RGB").resize((640, 640)).save(squeezed, "JPEG", quality=60)
    assert read(squeezed.getvalue()) == link


def test_the_link_opens_the_bot_with_the_persons_own_code():
    place = Participation(invite_code="Zk3-_9QwErTy")
    assert invitation_link("https://t.me", "la_region_qui_ose_bot", place) == LINK
