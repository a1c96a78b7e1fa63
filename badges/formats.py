"""The formats of a badge, by name, with the sizes in pixels that networks ask for.

Profile: what X and LinkedIn show of a portrait. Story: Instagram, Facebook and WhatsApp; words stay inside the central
1080 x 1420. Cover: Facebook, whose desktop shows 820 x 312 and whose phones 640 x 360: words stay inside the central
640 x 312. Banner: the header of X. In the square and the profile a round crop leaves the central 70.7 % whole.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """A size of badge; width and height are pixels."""

    name: str
    width: int
    height: int

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format("square", 1080, 1080),
        Format("profile", 400, 400),
        Format("story", 1080, 1920),
        Format("cover", 820, 360),
        Format("banner", 1500, 500),
    )
}
