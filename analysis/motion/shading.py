"""The brightness of a heart that breathes through the sensitivity of its coil.

The coil stays where it is and the heart moves under it. Bringing each frame's heart back to one
place leaves it as bright as it was in the other: over 7 mm of breath that is up to 10 %. Divided by
a proton-density image from one place, it reads as gadolinium that comes and goes with the breath,
in all pixels of the wall at once; near the peak of a high flow such errors turn 3 into 2 or 4.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.domain import Bools, Floats, Point
from analysis.motion.fields import warp

REACH_MM: Final = 70.0
"""SD of the weight around the heart: wide enough for organs of different density to balance."""

NEAR_MM: Final = 25.0
AIR_FRACTION: Final = 0.35
"""Pixels darker than this share of the heart's neighbourhood are lung or air."""

_ROUNDS: Final = 6
_TOLERANCE: Final = 0.03
"""Log brightness by which tissues may differ and still count fully, beside their usual spread."""


def sensitivity(
    proton_density: Floats, centre_rc: Point, pixel_spacing_mm: tuple[float, float]
) -> Floats:
    """The coil's sensitivity (H, W) around the heart, up to a factor.

    A quadratic surface in the logarithm of the proton-density image (H, W), fitted robustly, so
    that the borders between organs, which are no sensitivity, count little.
    """
    rows, columns = (
        (np.arange(size) - centre) * spacing / REACH_MM
        for size, centre, spacing in zip(
            proton_density.shape, centre_rc, pixel_spacing_mm, strict=True
        )
    )
    y, x = (grid.ravel() for grid in np.meshgrid(rows, columns, indexing="ij"))
    surface = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    image = np.nan_to_num(proton_density.astype(np.float64)).ravel()
    near = np.hypot(x, y) * REACH_MM < NEAR_MM
    level = float(np.median(image[near])) if near.any() else 0.0
    tissue = image > max(AIR_FRACTION * level, 0.0)
    if level <= 0 or tissue.sum() < surface.shape[1]:
        return np.ones(proton_density.shape, np.float32)

    terms, logs = surface[tissue], np.log(image[tissue])
    closeness = np.exp(-(x[tissue] ** 2 + y[tissue] ** 2) / 2)
    trust = closeness
    for _ in range(_ROUNDS):
        root = np.sqrt(trust)
        fitted = np.linalg.lstsq(terms * root[:, None], logs * root, rcond=None)[0]
        apart = logs - terms @ fitted
        usual = 1.48 * np.median(np.abs(apart[closeness > 0.1]))
        trust = closeness / (1 + np.square(apart / (usual + _TOLERANCE)))
    # Far from the heart a parabola means nothing, and its exponential may leave all bounds.
    logs = np.clip(surface @ fitted, logs.min(), logs.max())
    there: Floats = np.exp(logs).reshape(proton_density.shape).astype(np.float32)
    return there


def as_bright_as_at_rest(
    corrected: Floats, displacement_px: Floats, sensitivity_there: Floats
) -> Floats:
    """Motion-corrected frames (T, H, W) in the light of the place to which they were brought.

    displacement_px: (T, 2, H, W) as in MotionResult; sensitivity_there: (H, W) on the same grid.
    """
    shape = (2, *sensitivity_there.shape)
    levelled = corrected.copy()
    for frame, field in enumerate(displacement_px):
        if field.any():
            seen_in = warp(sensitivity_there, np.broadcast_to(field, shape))
            levelled[frame] *= sensitivity_there / seen_in
    return levelled


def is_steadier(before: Floats, after: Floats, wall: Bools) -> bool:
    """Whether the wall (H, W) brightens more evenly from beat to beat in the second of two series.

    Contrast agent comes smoothly; what jumps is noise, the same in both, and brightness that was
    not levelled, or was by a sensitivity that is none.
    """
    return _unevenness(after, wall) < _unevenness(before, wall)


def _unevenness(series: Floats, wall: Bools) -> float:
    curve = np.median(series[:, wall], axis=1)
    return float(np.abs(np.diff(curve, n=2)).mean() / curve.mean())
