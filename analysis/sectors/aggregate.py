"""Numbers over several slices: the global value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from analysis.sectors.values import SegmentMeasurement


@dataclass(frozen=True, kw_only=True)
class GlobalMeasurement:
    """Area-weighted mean over the measured segments, ml/min/g, and its standard error.

    ``segments`` of ``expected`` were measured; None values where none was.
    """

    mbf: float | None
    standard_error: float | None
    upslope: float | None
    segments: int
    expected: int


def measure_global(
    parts: Iterable[tuple[SegmentMeasurement, float]],
) -> GlobalMeasurement:
    """Global value from (segment, area of one pixel in mm2) pairs, weighted by wall area.

    Fit and contour errors shrink as independent between segments; the common one does not.
    """
    pairs = list(parts)
    flow = [(s, s.pixels * area) for s, area in pairs if s.mbf is not None]
    slopes = [(s.upslope, s.pixels * area) for s, area in pairs if s.upslope is not None]
    upslope = None
    if slopes:
        upslope = float(np.average([v for v, _ in slopes], weights=[w for _, w in slopes]))
    if not flow:
        return GlobalMeasurement(
            mbf=None, standard_error=None, upslope=upslope, segments=0, expected=len(pairs)
        )
    weights = np.array([weight for _, weight in flow])
    weights = weights / weights.sum()
    mean = float(weights @ np.array([s.mbf for s, _ in flow]))
    own = np.array([(s.fit_error or 0.0) ** 2 + (s.contour_error or 0.0) ** 2 for s, _ in flow])
    common = float(weights @ np.array([s.common_error or 0.0 for s, _ in flow]))
    error = float(np.sqrt(weights**2 @ own + common**2))
    return GlobalMeasurement(
        mbf=mean, standard_error=error, upslope=upslope, segments=len(flow), expected=len(pairs)
    )
