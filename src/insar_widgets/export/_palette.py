"""The cyclic colours of fringes, the same for every date."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["CYCLE"]


def _cycle(steps: int = 256) -> npt.NDArray[np.uint8]:
    """A closed path of even lightness: hue once around at CIE L* 65, chroma 45 (CIE 1976 L*a*b*, white D65)."""
    angle = 2 * np.pi * (np.arange(steps) + 0.5) / steps
    lightness, chroma = 65.0, 45.0
    fy = (lightness + 16) / 116
    f = np.stack([fy + chroma * np.cos(angle) / 500, np.full(steps, fy), fy - chroma * np.sin(angle) / 200])
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * np.array(
        [[0.95047], [1.0], [1.08883]]
    )
    to_rgb = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    linear = (to_rgb @ xyz).clip(0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(255 * srgb.T).clip(1, 255), np.uint8)  # 0 is no-data


CYCLE = _cycle()
"""(256, 3) red, green, blue of the phase from -pi to pi."""
