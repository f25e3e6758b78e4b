"""How far readers moved the automated contours: overlap, distances, and the RV insertion."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.constants import LV_CAVITY, MYOCARDIUM
from analysis.sectors import contours_from_json, rasterise_labels
from qperfweb.reviews.models import Reading
from qperfweb.reviews.queries import content_of, newest_revision

Doubles = NDArray[np.float64]

STEP_MM = 0.5
"""Distance between the points at which two contours are compared."""


@dataclass(frozen=True, kw_only=True)
class ContourDifference:
    """Of one slice. boundary_error_mm: mean distance over endo- and epicardium, both directions.

    rv_insertion_deg: angle about the LV centre by which the anterior insertion was moved.
    """

    dice_myocardium: float
    dice_cavity: float | None
    boundary_error_mm: float
    hausdorff_mm: float
    rv_insertion_deg: float | None


def compare_contours(
    automated: Mapping[str, Any],
    edited: Mapping[str, Any],
    shape: tuple[int, int],
    spacing_mm: tuple[float, float],
) -> ContourDifference:
    """Difference of two sets of contours (JSON form) on a grid of ``shape`` (H, W)."""
    first, second = contours_from_json(automated), contours_from_json(edited)
    labels = [rasterise_labels(one, shape) for one in (first, second)]
    means, largest = [], []
    for name in ("endo_rc", "epi_rc"):
        one, other = getattr(first, name), getattr(second, name)
        if one is not None and other is not None:
            mean, most = _distances(_along(one, spacing_mm), _along(other, spacing_mm))
            means.append(mean)
            largest.append(most)
    return ContourDifference(
        dice_myocardium=_dice(*(label == MYOCARDIUM for label in labels)) or 0.0,
        dice_cavity=_dice(*(label == LV_CAVITY for label in labels)),
        boundary_error_mm=float(np.mean(means)),
        hausdorff_mm=float(np.max(largest)),
        rv_insertion_deg=_turn(first, second, spacing_mm),
    )


def contour_summary(readings: Iterable[Reading]) -> dict[str, Any]:
    """Means and standard deviations over every edited slice of these readings."""
    found = [difference for reading in readings for difference in _of_reading(reading)]
    summary: dict[str, Any] = {"slices": len(found), "figures": {}}
    for name in ContourDifference.__dataclass_fields__:
        values = [v for one in found if (v := getattr(one, name)) is not None]
        if values:
            summary["figures"][name] = {
                "mean": float(np.mean(values)),
                "sd": float(np.std(values, ddof=1)) if len(values) > 1 else None,
                "slices": len(values),
            }
    return summary


def _of_reading(reading: Reading) -> list[ContourDifference]:
    edited = content_of(newest_revision(reading))["contours"]
    found = []
    for acquisition in (reading.run.document or {"acquisitions": []})["acquisitions"]:
        for piece in acquisition["slices"]:
            if piece["key"] in edited and piece["contours"] is not None:
                found.append(
                    _kept(
                        json.dumps(piece["contours"]),
                        json.dumps(edited[piece["key"]]),
                        tuple(piece["shape"][1:]),
                        tuple(piece["geometry"]["pixel_spacing_mm"]),
                    )
                )
    return found


@lru_cache(maxsize=4096)
def _kept(
    automated: str, edited: str, shape: tuple[int, int], spacing_mm: tuple[float, float]
) -> ContourDifference:
    return compare_contours(json.loads(automated), json.loads(edited), shape, spacing_mm)


def _dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float | None:
    total = int(first.sum() + second.sum())
    return 2 * int((first & second).sum()) / total if total else None


def _along(polygon: Any, spacing_mm: tuple[float, float]) -> Doubles:
    """Points (N, 2) in mm along a closed polygon, STEP_MM apart."""
    points = np.asarray([*polygon, polygon[0]], dtype=np.float64) * np.asarray(spacing_mm)
    reach = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))))
    places = np.arange(0.0, reach[-1], STEP_MM)
    return np.stack([np.interp(places, reach, points[:, axis]) for axis in (0, 1)], axis=1)


def _distances(first: Doubles, second: Doubles) -> tuple[float, float]:
    # Heavy, and most requests never get here.
    from scipy.spatial import cKDTree

    there = np.asarray(cKDTree(second).query(first)[0])
    back = np.asarray(cKDTree(first).query(second)[0])
    return float((there.mean() + back.mean()) / 2), float(max(there.max(), back.max()))


def _turn(first: Any, second: Any, spacing_mm: tuple[float, float]) -> float | None:
    """Angle between both anterior insertions seen from the automated centre, 0 to 180 degrees."""
    ends = first.rv_insertion_anterior_rc, second.rv_insertion_anterior_rc
    if None in ends:
        return None
    row, column = first.lv_centre_rc
    angles = [
        math.atan2((end[0] - row) * spacing_mm[0], (end[1] - column) * spacing_mm[1])
        for end in ends
    ]
    turned = math.degrees(abs(angles[0] - angles[1])) % 360
    return min(turned, 360 - turned)
