"""How near a picture is to another: PSNR and SSIM."""

from typing import Any

import numpy as np
from PIL import Image


def psnr(one: Image.Image, other: Image.Image) -> float:
    """Peak signal-to-noise ratio of two pictures of one size and mode, in dB."""
    difference = np.asarray(one, np.float64) - np.asarray(other, np.float64)
    return float(10 * np.log10(255**2 / max(float(np.mean(difference**2)), 1e-9)))


def ssim(one: Image.Image, other: Image.Image) -> float:
    """Structural similarity of brightness, mean over all windows of 7 x 7 (Wang et al., 2004)."""
    x, y = (np.asarray(each.convert("L"), np.float64) for each in (one, other))
    mean_x, mean_y = _means(x), _means(y)
    var_x, var_y = _means(x * x) - mean_x**2, _means(y * y) - mean_y**2
    shared = _means(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = (2 * mean_x * mean_y + c1) * (2 * shared + c2)
    return float(np.mean(above / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))))


def _means(values: Any, side: int = 7) -> Any:
    """The mean of each window, by sums from the corner."""
    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    whole = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return whole / side**2
