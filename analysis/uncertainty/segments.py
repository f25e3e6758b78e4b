"""From a map of uncertainty to numbers per segment and one doubt per slice (Yalcinkaya 2022).

U_k = sum_x UM(x) M_k(x) / A_k with A_k = sum_x b(x) M_k(x), and U their mean over the sectors k:
UM is the spread of the myocardium's probability, b the wall, M_k the sector's wedge within the
wall widened by 3 mm. Clipped to the wall itself, a missed piece of wall would be invisible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.domain import Bools, Bytes, Floats

WIDENED_MM: Final = 3.0

DEFAULT_LEAST_CERTAINTY: Final = 0.80
"""A slice with 1 - U below this is out of distribution (Yalcinkaya 2022, for their network)."""


@dataclass(frozen=True, kw_only=True)
class SliceUncertainty:
    """U of a slice and of its segments, all >= 0 and without unit.

    segment_to_check: the segment over which UM varies most in total.
    """

    value: float
    segments: Mapping[int, float]
    out_of_distribution: bool
    segment_to_check: int


def slice_uncertainty(
    uncertainty: Floats,
    wall: Bools,
    wedge_numbers: Bytes,
    *,
    pixel_spacing_mm: tuple[float, float],
    least_certainty: float = DEFAULT_LEAST_CERTAINTY,
) -> SliceUncertainty:
    """Uncertainty of a slice.

    uncertainty: (H, W) UM. wall: (H, W) b. wedge_numbers: (H, W) the AHA segment whose wedge every
    pixel lies in, wall or not. A sector without any wall is divided by the mean area of the
    others: its missing wall then counts as doubt, not as certainty.
    """
    near = widened(wall, WIDENED_MM, pixel_spacing_mm)
    um = np.nan_to_num(uncertainty.astype(np.float64))
    down, right = np.gradient(um)
    variation = np.hypot(down, right)
    numbers = [int(n) for n in np.unique(wedge_numbers)]
    areas = np.array([np.count_nonzero(wall & (wedge_numbers == n)) for n in numbers], dtype=float)
    usual = float(areas[areas > 0].mean()) if (areas > 0).any() else 1.0
    sums = np.array([um[near & (wedge_numbers == n)].sum() for n in numbers])
    totals = np.array([variation[near & (wedge_numbers == n)].sum() for n in numbers])
    per_segment = sums / np.where(areas > 0, areas, usual)
    value = float(per_segment.mean())
    return SliceUncertainty(
        value=value,
        segments={n: float(u) for n, u in zip(numbers, per_segment, strict=True)},
        out_of_distribution=1.0 - value < least_certainty,
        segment_to_check=numbers[int(np.argmax(totals))],
    )


def widened(mask: Bools, distance_mm: float, pixel_spacing_mm: tuple[float, float]) -> Bools:
    """All pixels within a distance of a mask."""
    height, width = mask.shape
    reach = [int(distance_mm / spacing) for spacing in pixel_spacing_mm]
    padded = np.pad(mask, [(r, r) for r in reach])
    result = np.zeros_like(mask)
    for down in range(-reach[0], reach[0] + 1):
        for right in range(-reach[1], reach[1] + 1):
            length = np.hypot(down * pixel_spacing_mm[0], right * pixel_spacing_mm[1])
            if length <= distance_mm:
                row, column = reach[0] + down, reach[1] + right
                result |= padded[row : row + height, column : column + width]
    return result
