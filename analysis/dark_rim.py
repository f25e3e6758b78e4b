"""Suspected dark rims: an inner wall that darkens only while the ventricle is bright.

Beside a bright ventricle the limited resolution rings: the first pixels of the wall fall dark while
the bolus passes and recover with it (Di Bella 2005). A perfusion defect stays dark for longer. Such
segments are flagged and never changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from scipy import ndimage

from analysis.constants import LV_CAVITY
from analysis.curves import roughness
from analysis.domain import Bools, Doubles
from analysis.quality import Flag
from analysis.work import AcquisitionWork, SliceWork

RIM_PX: Final = 2.0
"""A dark rim is at most this thick (distance of pixel centres from the cavity's)."""

_FEWEST_PIXELS: Final = 6
_AT_PEAK_S: Final = (-1.2, 1.8)
_LATER_S: Final = (6.0, 15.0)
"""Windows around the peak of the input function: while blood is brightest, and well after."""

_DARKER: Final = 0.12
_RECOVERED: Final = 0.10
"""Of the outer wall's peak: how much darker the rim is at first, and how much of it comes back. In
448 simulated segments without a rim the inner wall was never darker at the peak, because pixels
there hold some blood."""

_CLEAR: Final = 3.0
"""Standard errors by which the rim must be darker."""


def flag_dark_rims(work: AcquisitionWork) -> None:
    """Add a flag to every slice for each of its segments that looks like a dark rim."""
    if work.aif is None or work.aif.peak_s is None or work.aif.foot_s is None:
        return
    for part in work.slices:
        if part.measurement is not None:
            part.flags.extend(_dark_rims(part, work.aif.foot_s, work.aif.peak_s))


def _dark_rims(part: SliceWork, foot_s: float, peak_s: float) -> Iterator[Flag]:
    assert part.measurement is not None
    cavity = part.measurement.labels == LV_CAVITY
    if not cavity.any():
        return
    series = (part.corrected if part.gd is None else part.gd)[part.used]
    time_s = part.source.time_s[part.used]
    depth_px = ndimage.distance_transform_edt(~cavity)
    at_peak, later = (
        (time_s - peak_s >= low) & (time_s - peak_s < high) for low, high in (_AT_PEAK_S, _LATER_S)
    )
    before = time_s < foot_s
    if not (before.any() and at_peak.any() and later.any()):
        return
    for segment in np.unique(part.measurement.segment_map):
        mine = part.measurement.segment_map == segment
        rim, outer = mine & (depth_px <= RIM_PX), mine & (depth_px > RIM_PX)
        if segment == 0 or min(rim.sum(), outer.sum()) < _FEWEST_PIXELS:
            continue
        inner, rest = (series[:, layer].mean(axis=1, dtype=np.float64) for layer in (rim, outer))
        if is_dark_rim(inner, rest, before=before, at_peak=at_peak, later=later):
            yield Flag(
                code="dark-rim",
                message="The inner wall of this segment darkens while the bolus fills the "
                "ventricle and recovers after it: a dark-rim artefact rather than a defect.",
                segment=int(segment),
            )


def is_dark_rim(
    inner: Doubles, outer: Doubles, *, before: Bools, at_peak: Bools, later: Bools
) -> bool:
    """Whether the curve (T,) of the inner wall dips below the outer one's at the peak only.

    before, at_peak, later: frames (T,) before the blood brightens, while it is brightest, and well
    after.
    """
    height = float(outer.max() - outer[before].mean())
    if not height > 0:
        return False
    difference = (inner - outer) / height
    start, dip, rest = (float(difference[when].mean()) for when in (before, at_peak, later))
    error = roughness(difference) * np.sqrt(1 / at_peak.sum() + 1 / before.sum())
    darker, recovered = start - dip, rest - dip
    return bool(darker > max(_DARKER, _CLEAR * error) and recovered > _RECOVERED)
