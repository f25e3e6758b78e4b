"""Drift over time: an individuals control chart of the differences, by version of the software.

Each version has its own centre and limits (mean +- 3 sigma, sigma from the mean moving range over
1.128; Shewhart, Montgomery 2013 section 6.4): a new version is a new process, not a drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

FEWEST = 8
"""Points that a version needs before its limits say anything."""

MOST_POINTS = 1000
"""More are not drawn: an even sample, and every one outside the limits."""

_D2 = 1.128
"""Expected range of two standard normal values."""


def control_chart(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Charts by version, oldest first. rows: {version, moment, study, difference}."""
    by_version: dict[str, list[Mapping[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: row["moment"]):
        by_version.setdefault(row["version"], []).append(row)
    return [_chart(version, own) for version, own in by_version.items()]


def _chart(version: str, rows: list[Mapping[str, Any]]) -> dict[str, Any]:
    values = np.array([row["difference"] for row in rows])
    limits: dict[str, float | None] = dict.fromkeys(("centre", "lower", "upper"))
    outside = np.zeros(len(values), dtype=bool)
    step = max(1, -(-len(values) // MOST_POINTS))
    if len(values) >= FEWEST:
        centre = float(values.mean())
        sigma = float(np.abs(np.diff(values)).mean()) / _D2
        limits = {"centre": centre, "lower": centre - 3 * sigma, "upper": centre + 3 * sigma}
        outside = np.abs(values - centre) > 3 * sigma
    return {
        "version": version,
        **limits,
        "points": [
            {
                "study": row["study"],
                "at": row["moment"].isoformat(),
                "difference": float(row["difference"]),
                "outside": bool(far),
            }
            for place, (row, far) in enumerate(zip(rows, outside, strict=True))
            if far or place % step == 0
        ],
    }
