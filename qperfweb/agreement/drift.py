"""Drift over time: an individuals control chart of the differences, by version of the software.

Each version has its own centre and limits (mean +- 3 sigma, sigma from the mean moving range over
1.128; Shewhart, Montgomery 2013 section 6.4): a new version is a new process, not a drift.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

FEWEST = 8
"""Points that a version needs before its limits say anything."""

MOST_POINTS = 1000
"""More are not drawn: an even sample, and every one outside the limits."""

_D2 = 1.128
"""Expected range of two standard normal values."""


Point = tuple[float, int, float]
"""Moment (seconds since 1970), study, difference."""


def control_charts(by_version: Mapping[str, Sequence[Point]]) -> list[dict[str, Any]]:
    """A chart of each version, in the order given. Points: oldest first."""
    return [_chart(version, points) for version, points in by_version.items()]


def _chart(version: str, points: Sequence[Point]) -> dict[str, Any]:
    values = np.array([difference for _, _, difference in points])
    limits: dict[str, float | None] = dict.fromkeys(("centre", "lower", "upper"))
    outside = np.zeros(len(values), dtype=bool)
    step = max(1, -(-len(values) // MOST_POINTS))
    if len(values) >= FEWEST:
        centre = float(values.mean())
        sigma = float(np.abs(np.diff(values)).mean()) / _D2
        limits = {"centre": centre, "lower": centre - 3 * sigma, "upper": centre + 3 * sigma}
        outside = np.abs(values - centre) > 3 * sigma
    drawn = np.flatnonzero(outside | (np.arange(len(values)) % step == 0))
    return {
        "version": version,
        **limits,
        "points": [
            {
                "study": points[place][1],
                "at": datetime.fromtimestamp(points[place][0], UTC).isoformat(),
                "difference": float(values[place]),
                "outside": bool(outside[place]),
            }
            for place in drawn
        ],
    }
