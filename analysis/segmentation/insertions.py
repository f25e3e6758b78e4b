"""Where the right ventricle's wall meets the left one.

Around the LV centre the thickness of the right ventricle is summed along rays outside the
epicardium; the insertions are the two ends of the arc over which there is any.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage

from analysis.constants import RV_CAVITY
from analysis.domain import Bools, Doubles, Floats, Point, SliceGeometry
from analysis.quality import Flag

RAYS: Final = 360
STEP_MM: Final = 0.5
LEAST_THICKNESS_MM: Final = 0.75
REACH_MM: Final = 30.0
LARGEST_SEPARATION_MM: Final = 6.0
"""A right ventricle farther from the epicardium than this is not the septum's."""

BRIDGED_GAP_DEG: Final = 12
USUAL_ARC_DEG: Final = (45.0, 190.0)
DOUBTFUL_CONFIDENCE: Final = 0.6
ANTERIOR_SUPERIOR: Final = np.array([0.0, -1.0, 1.0]) / np.sqrt(2)


@dataclass(frozen=True, kw_only=True)
class Insertions:
    """The insertion points (row, column) on the epicardium, None where there is no RV.

    confidence: 0-1, from how certain the RV is and how usual its arc.
    """

    anterior_rc: Point | None
    inferior_rc: Point | None
    confidence: float
    flags: tuple[Flag, ...] = ()


def find_insertions(
    probabilities: Floats,
    epi_mm: Doubles,
    centre_rc: Point,
    geometry: SliceGeometry,
) -> Insertions:
    """Insertions of a slice from its (4, H, W) probabilities and epicardial radii.

    epi_mm: radii in mm at equal angles from -pi on, angle = arctan2(down, right) in the image.
    """
    spacing = np.array(geometry.pixel_spacing_mm, dtype=np.float64)
    angles = np.linspace(-np.pi, np.pi, RAYS, endpoint=False)
    coarse = np.linspace(-np.pi, np.pi, len(epi_mm), endpoint=False)
    epi = np.interp(angles, coarse, epi_mm, period=2 * np.pi)
    directions = np.stack([np.sin(angles), np.cos(angles)], axis=1)
    outward = np.arange(-1.0, REACH_MM, STEP_MM)
    places = (epi[:, None, None] + outward[None, :, None]) * directions[:, None, :] / spacing
    rv = _nearest_rv(probabilities[RV_CAVITY], centre_rc, float(epi.mean()), spacing)
    seen = ndimage.map_coordinates(
        rv, np.moveaxis(places + np.array(centre_rc), -1, 0), order=1, mode="constant"
    )
    starts_near = (seen[:, outward < LARGEST_SEPARATION_MM] > 0.2).any(axis=1)
    thickness = seen.sum(axis=1) * STEP_MM
    arc = _longest_arc((thickness > LEAST_THICKNESS_MM) & starts_near)
    if arc is None:
        return Insertions(anterior_rc=None, inferior_rc=None, confidence=0.0)

    first, last = arc
    span = float(last - first)
    usual = USUAL_ARC_DEG[0] <= span <= USUAL_ARC_DEG[1]
    inside = np.arange(first, last + 1) % RAYS
    confidence = float(seen[inside].max(axis=1).mean()) * (1.0 if usual else 0.5)
    ends = []
    for place, outer in ((first, first - 1), (last, last + 1)):
        degrees = _crossing(thickness, place, outer)
        angle = np.radians(degrees * 360.0 / RAYS) - np.pi
        radius = np.interp(angle, coarse, epi_mm, period=2 * np.pi)
        ends.append(
            (
                round(float(centre_rc[0] + radius * np.sin(angle) / spacing[0]), 3),
                round(float(centre_rc[1] + radius * np.cos(angle) / spacing[1]), 3),
            )
        )
    ends.sort(key=lambda end: _height(end, centre_rc, geometry), reverse=True)
    return Insertions(
        anterior_rc=ends[0],
        inferior_rc=ends[1],
        confidence=confidence,
        flags=_doubts(confidence, span),
    )


def _nearest_rv(rv: Floats, centre_rc: Point, epi_mm: float, spacing: Doubles) -> Floats:
    """The RV probability of the piece that touches the left ventricle most, 0 elsewhere."""
    pieces, count = ndimage.label(rv > 0.5)
    if count == 0:
        return np.zeros_like(rv)
    rows, columns = np.indices(rv.shape)
    distance = np.hypot((rows - centre_rc[0]) * spacing[0], (columns - centre_rc[1]) * spacing[1])
    close = distance < epi_mm + 2 * LARGEST_SEPARATION_MM
    touching = np.bincount(pieces[close].ravel(), minlength=count + 1)[1:]
    if touching.max() == 0:
        return np.zeros_like(rv)
    chosen = ndimage.binary_dilation(pieces == 1 + int(np.argmax(touching)), iterations=2)
    return np.where(chosen, rv, 0.0).astype(np.float32)


def _longest_arc(present: Bools) -> tuple[int, int] | None:
    """First and last ray of the longest run, short gaps bridged; last may pass RAYS."""
    if not present.any() or present.all():
        return None
    start = int(np.argmin(present))
    turned = np.roll(present, -start)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], turned.astype(int), [0]])))
    runs = [[int(a), int(b) - 1] for a, b in zip(edges[::2], edges[1::2], strict=True)]
    joined = [runs[0]]
    for run in runs[1:]:
        if run[0] - joined[-1][1] <= BRIDGED_GAP_DEG:
            joined[-1][1] = run[1]
        else:
            joined.append(run)
    first, last = max(joined, key=lambda run: run[1] - run[0])
    return first + start, last + start


def _crossing(thickness: Doubles, inner: int, outer: int) -> float:
    """Where the thickness falls through its threshold between two neighbouring rays."""
    high, low = thickness[inner % RAYS], thickness[outer % RAYS]
    if low >= LEAST_THICKNESS_MM or high <= low:
        return float(inner)
    share = float((high - LEAST_THICKNESS_MM) / (high - low))
    return inner + share * (outer - inner)


def _height(point: Point, centre_rc: Point, geometry: SliceGeometry) -> float:
    """How far a point lies anterior-superior of the centre; up in the image without geometry."""
    down = (point[0] - centre_rc[0]) * geometry.pixel_spacing_mm[0]
    right = (point[1] - centre_rc[1]) * geometry.pixel_spacing_mm[1]
    if geometry.assumed:
        return -down
    offset = down * np.array(geometry.column_direction) + right * np.array(geometry.row_direction)
    return float(offset @ ANTERIOR_SUPERIOR)


def _doubts(confidence: float, span_deg: float) -> tuple[Flag, ...]:
    if confidence >= DOUBTFUL_CONFIDENCE:
        return ()
    return (
        Flag(
            code="insertion-doubtful",
            message=f"The RV insertions are doubtful (confidence {confidence:.2f}, the right "
            f"ventricle spans {span_deg:.0f} degrees).",
        ),
    )
