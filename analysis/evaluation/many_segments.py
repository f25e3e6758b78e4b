"""48 segments of a slice, 24 around and 2 through the wall: finer than AHA, coarser than pixels.

The literature compares automatic with drawn contours at this resolution, with Fermi flow
(Yalcinkaya 2022). Angles are counted from the anterior insertion as each set of contours has it.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.constants import MYOCARDIUM
from analysis.domain import Doubles, SliceContours
from analysis.evaluation.fine_grid import STEP_MM, in_fine_pixels
from analysis.sectors import rasterise_labels

AROUND: Final = 24
LAYERS: Final = 2
FEWEST_PIXELS: Final = 2


def segment_means(
    values: NDArray[np.floating[Any]], contours: SliceContours, spacing_mm: tuple[float, float]
) -> Doubles:
    """Mean (AROUND * LAYERS,) of a map (H, W) per segment, endocardial layer first.

    On the published grid of 1 mm, the map's nearest pixel counting: of the acquired pixels a
    segment holds one or two. NaN where fewer than two grid points have a value, and everywhere
    where the contours lack a cavity or the anterior insertion.
    """
    values = _finely(values, spacing_mm)
    contours = in_fine_pixels(contours, spacing_mm)
    result = np.full(AROUND * LAYERS, np.nan)
    insertion = contours.rv_insertion_anterior_rc
    if contours.endo_rc is None or insertion is None:
        return result
    wall = rasterise_labels(contours, (values.shape[0], values.shape[1])) == MYOCARDIUM
    rows, columns = np.nonzero(wall & np.isfinite(values))
    if not len(rows):
        return result
    centre = np.array(contours.lv_centre_rc)
    offset = np.stack([rows, columns], axis=1) - centre
    angle = np.arctan2(offset[:, 0], offset[:, 1])
    zero = np.arctan2(*(np.array(insertion) - centre))
    around = ((angle - zero) % (2 * np.pi) / (2 * np.pi) * AROUND).astype(int) % AROUND
    endo, epi = (
        _radius(np.array(line) - centre, angle) for line in (contours.endo_rc, contours.epi_rc)
    )
    depth = (np.hypot(*offset.T) - endo) / np.maximum(epi - endo, 1e-6)
    number = around + AROUND * (depth >= 0.5)
    counts = np.bincount(number, minlength=AROUND * LAYERS)
    sums = np.bincount(number, weights=values[rows, columns], minlength=AROUND * LAYERS)
    enough = counts >= FEWEST_PIXELS
    result[enough] = sums[enough] / counts[enough]
    return result


def _finely(
    values: NDArray[np.floating[Any]], spacing_mm: tuple[float, float]
) -> NDArray[np.floating[Any]]:
    """The map's nearest pixel on a grid of STEP_MM that covers the same field."""
    places = []
    for size, spacing in zip(values.shape, spacing_mm, strict=True):
        fine = int(np.ceil(size * spacing / STEP_MM))
        nearest = np.floor((np.arange(fine) + 0.5) * STEP_MM / spacing).astype(int)
        places.append(np.minimum(nearest, size - 1))
    return values[np.ix_(*places)]


def _radius(line: Doubles, angle: Doubles) -> Doubles:
    """Radius of a closed line (N, 2) around its origin in each direction."""
    directions = np.arctan2(line[:, 0], line[:, 1])
    order = np.argsort(directions)
    return np.asarray(
        np.interp(angle, directions[order], np.hypot(*line.T)[order], period=2 * np.pi)
    )
