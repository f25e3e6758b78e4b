"""The perfusion palette, as on the scanner: 0-6 ml/min/g from black over blue and orange to white.

The browser holds the same stops in frontend/src/logic; tests keep both equal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PERFUSION_STOPS: tuple[tuple[float, str], ...] = (
    (0.0, "#000000"), (0.5, "#06062a"), (1.0, "#17177a"), (1.5, "#3f33d6"), (2.0, "#7d42d4"),
    (2.5, "#c54d8c"), (3.0, "#ff6b3d"), (4.0, "#ffb24a"), (5.0, "#ffe6a0"), (6.0, "#ffffff"),
)  # fmt: skip
FULL_SCALE = 6.0
NO_VALUE = (96, 96, 96)
"""Pixels without a value are grey, a colour that the palette does not have."""


def colours(values: NDArray[np.floating], *, top: float = FULL_SCALE) -> NDArray[np.uint8]:
    """(..., 3) RGB of values from 0 to ``top``; beyond the ends the end colours, NaN is grey."""
    positions = [stop for stop, _ in PERFUSION_STOPS]
    channels = np.array([_rgb(colour) for _, colour in PERFUSION_STOPS], dtype=np.float64)
    scaled = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=0.0) * (FULL_SCALE / top)
    rgb = np.stack([np.interp(scaled, positions, channels[:, c]) for c in range(3)], axis=-1)
    rgb[~np.isfinite(values)] = NO_VALUE
    return np.rint(rgb).astype(np.uint8)


def colour_of(value: float, *, top: float = FULL_SCALE) -> str:
    """Hex colour of one value."""
    return "#{:02x}{:02x}{:02x}".format(*colours(np.array([value]), top=top)[0])


def ink_on(value: float, *, top: float = FULL_SCALE) -> str:
    """Black or white, whichever reads better on the value's colour."""
    red, green, blue = (int(c) for c in colours(np.array([value]), top=top)[0])
    return "#000000" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "#ffffff"


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
