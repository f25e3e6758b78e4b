"""Wall pixels whose flow is that of blood beside them.

A pixel on the border of the cavity holds some of its blood, and its fit gives a flow that may be
several times that of the wall. Such pixels are few, but the mean of a segment feels them: on
simulated exams it rose by up to a quarter at rest. They are told by comparison with the middle of
the wall at the same angle, so that neither a defect nor healthy wall beside one is taken for blood.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.constants import LV_CAVITY, MYOCARDIUM, RV_CAVITY
from analysis.domain import Bools, Bytes, Doubles, Floats
from analysis.quality import PixelQuality
from analysis.sectors.view import StandardView

REACH_PX: Final = 2.0
ARC_DEG: Final = 20.0
LEAST_NEIGHBOURS: Final = 5
LARGEST_DEVIATION: Final = 2.5
"""In robust standard deviations of ln(MBF) within the middle of the wall."""

LEAST_RISE: Final = 0.25
"""In ln(MBF): a quarter more than the middle of the wall may still be wall."""


def pixels_of_blood(
    mbf: Floats,
    quality: Bytes,
    labels: Bytes,
    centre_rc: tuple[float, float],
    view: StandardView,
) -> Bools:
    """Wall pixels (H, W) beside blood whose flow stands out from the wall behind them.

    mbf: (H, W) NaN where ``quality`` is not OK. labels: (H, W) with the cavities of both
    ventricles. A fit beside blood that ended on a bound is blood as well.
    """
    border = (labels == MYOCARDIUM) & _near((labels == LV_CAVITY) | (labels == RV_CAVITY), REACH_PX)
    wall = (labels == MYOCARDIUM) & np.isfinite(mbf) & (mbf > 0)
    beside, middle = wall & border, wall & ~border
    found: Bools = border & (quality == PixelQuality.ON_BOUND)
    if middle.sum() < LEAST_NEIGHBOURS or not beside.any():
        return found
    angle_middle, flow_middle = _angles(middle, centre_rc, view), np.log(mbf[middle])
    expected = _local_median(angle_middle, angle_middle, flow_middle)
    rest = (flow_middle - expected)[np.isfinite(expected)]
    if not rest.size:
        return found
    spread = 1.4826 * float(np.median(np.abs(rest)))
    rise = np.log(mbf[beside]) - _local_median(
        _angles(beside, centre_rc, view), angle_middle, flow_middle
    )
    with np.errstate(invalid="ignore"):
        found[beside] = rise > max(LARGEST_DEVIATION * spread, LEAST_RISE)
    return found


def _near(mask: Bools, reach_px: float) -> Bools:
    steps = int(reach_px)
    padded = np.pad(mask, steps)
    near = np.zeros_like(mask)
    for down in range(-steps, steps + 1):
        for right in range(-steps, steps + 1):
            if np.hypot(down, right) <= reach_px:
                rows = slice(steps + down, steps + down + mask.shape[0])
                columns = slice(steps + right, steps + right + mask.shape[1])
                near |= padded[rows, columns]
    return near


def _angles(mask: Bools, centre_rc: tuple[float, float], view: StandardView) -> Doubles:
    return view.angles_deg(np.argwhere(mask) - np.array(centre_rc))


def _local_median(at_deg: Doubles, angles_deg: Doubles, values: Doubles) -> Doubles:
    """Median of the values within ARC_DEG of every angle; NaN where there are too few."""
    apart = np.abs((at_deg[:, None] - angles_deg[None] + 180.0) % 360.0 - 180.0)
    inside = apart <= ARC_DEG
    enough = inside.sum(axis=1) >= LEAST_NEIGHBOURS
    medians = np.full(len(at_deg), np.nan)
    if enough.any():
        medians[enough] = np.nanmedian(np.where(inside[enough], values[None], np.nan), axis=1)
    return medians
