"""A picture with transparency, ready to be laid over photos."""

from PIL import Image


class Overlay:
    """A picture with transparency, kept as colours and coverage apart: so it is laid over a photo in one pass."""

    def __init__(self, picture: Image.Image) -> None:
        box = picture.getbbox() or (0, 0, 1, 1)
        trimmed = picture.crop(box)
        self.at = box[:2]
        self.colours = trimmed.convert("RGB")
        self.coverage = trimmed.getchannel("A")
        open_to_photo = picture.getchannel("A").point([255] * 255 + [0])
        self.hole = open_to_photo.getbbox() or (0, 0, 1, 1)  # the box outside of which no photo shows

    def lay(self, photo: Image.Image) -> None:
        photo.paste(self.colours, self.at, self.coverage)
