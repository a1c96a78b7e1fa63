"""Colours as they were meant: embedded profiles converted to sRGB, transparency laid on white paper."""

import io

from PIL import Image, ImageCms

ICC_MOST_BYTES = 4_000_000  # the largest printing profiles take 3 MB
# What a colour profile must describe to fit the pixels.
PROFILE_SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}
PAPER = (255, 255, 255)  # behind transparent photos


def in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours as the embedded profile means them. A profile that is broken or fits other pixels is ignored."""
    if not profile or len(profile) > ICC_MOST_BYTES:
        return picture
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    colours = picture.convert("RGB") if alpha else picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        if space != PROFILE_SPACES[colours.mode] or "srgb" in ImageCms.getProfileDescription(source).lower():
            return picture
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(colours, source, target, outputMode="RGB")
    except Exception:  # littleCMS reports hostile profiles in several ways; without one the colours are as stored
        return picture
    if converted is None:
        return picture
    if alpha:
        converted.putalpha(alpha)
    return converted


def flat(picture: Image.Image) -> Image.Image:
    """On paper where it is transparent, in mode RGB, and without the metadata that Pillow would write out again."""
    plain = picture
    if picture.mode == "RGBA":
        plain = Image.new("RGB", picture.size, PAPER)
        plain.paste(picture, mask=picture)
    elif picture.mode != "RGB":
        plain = picture.convert("RGB")
    plain.info.clear()
    return plain
