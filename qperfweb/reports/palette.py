"""Palettes: flow as on the scanner, 0-6 ml/min/g from black over blue and orange to white.

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
VIRIDIS_STOPS: tuple[tuple[float, str], ...] = tuple(
    (0.6 * position, colour)
    for position, colour in enumerate(
        ("#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c", "#22a884", "#44bf70",
         "#7ad151", "#bddf26", "#fde725")
    )
)  # fmt: skip
"""For relative indices: another palette, so that nobody reads them as flow."""
Stops = tuple[tuple[float, str], ...]
NO_VALUE = (96, 96, 96)
"""Pixels without a value are grey, a colour that the palette does not have."""


def colours(
    values: NDArray[np.floating], *, top: float = FULL_SCALE, stops: Stops = PERFUSION_STOPS
) -> NDArray[np.uint8]:
    """(..., 3) RGB of values from 0 to ``top``; beyond the ends the end colours, NaN is grey."""
    positions = [stop for stop, _ in stops]
    channels = np.array([_rgb(colour) for _, colour in stops], dtype=np.float64)
    scaled = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=0.0) * (FULL_SCALE / top)
    rgb = np.stack([np.interp(scaled, positions, channels[:, c]) for c in range(3)], axis=-1)
    rgb[~np.isfinite(values)] = NO_VALUE
    return np.rint(rgb).astype(np.uint8)


def colour_of(value: float, *, top: float = FULL_SCALE, stops: Stops = PERFUSION_STOPS) -> str:
    """Hex colour of one value."""
    return "#{:02x}{:02x}{:02x}".format(*colours(np.array([value]), top=top, stops=stops)[0])


def ink_on(value: float, *, top: float = FULL_SCALE, stops: Stops = PERFUSION_STOPS) -> str:
    """Black or white, whichever reads better on the value's colour."""
    red, green, blue = (int(c) for c in colours(np.array([value]), top=top, stops=stops)[0])
    return "#000000" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "#ffffff"


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
