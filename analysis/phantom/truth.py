"""What a perfect reader would draw on a simulated slice, and the flow that is really there."""

from __future__ import annotations

import numpy as np

from analysis.constants import MYOCARDIUM, SEGMENTS_OF_POSITION
from analysis.domain import (
    Bytes,
    Doubles,
    Floats,
    Point,
    Polygon,
    Position,
    SliceContours,
    SliceGeometry,
)
from analysis.phantom import heart as shape
from analysis.phantom.drawing import LabelConvention, drawn_radii
from analysis.phantom.heart import Heart
from analysis.phantom.placement import HeartFrame, along_normal, heart_coordinates, to_pixels

RAYS = 180
_STEP_MM = 0.25
SMALLEST_CAVITY_MM = 2.0
"""Below this mean radius nobody sees a cavity and no endocardial contour is drawn."""
APICAL_START_DEG = 15.0


def draw_contours(
    heart: Heart,
    frame: HeartFrame,
    geometry: SliceGeometry,
    *,
    height_mm: float,
    convention: LabelConvention,
) -> SliceContours:
    """Contours and landmarks of a slice, by walking outwards from the long axis in its plane."""
    z0 = np.array(height_mm, dtype=np.float32)
    cx, cy = shape.axis_centre(heart, z0)
    axis_rc = to_pixels(frame, geometry, np.array([float(cx), float(cy), height_mm]))
    turn = np.linspace(0.0, 2.0 * np.pi, RAYS, endpoint=False)
    reach = np.arange(0.0, 1.6 * heart.epi_radius_mm + 12.0, _STEP_MM)
    rows = axis_rc[0] + reach[None, :] * np.sin(turn)[:, None] / geometry.pixel_spacing_mm[0]
    columns = axis_rc[1] + reach[None, :] * np.cos(turn)[:, None] / geometry.pixel_spacing_mm[1]
    x, y, z = heart_coordinates(frame, geometry, rows, columns)
    radius, angle = shape.to_polar(heart, x, y, z)
    endo, epi = shape.lv_surfaces(heart, angle, z)
    gap = shape.outflow_gap(heart, angle, z)
    drawn_endo, drawn_epi = drawn_radii(endo, epi, convention)
    at_epi = _edge(radius < drawn_epi)
    at_endo = _edge((radius < drawn_endo) | ((gap > 0) & (radius < drawn_epi)))
    epi_rc = _along(rows, columns, at_epi)
    visible = _STEP_MM * float(at_endo.mean()) > SMALLEST_CAVITY_MM
    endo_rc = _along(rows, columns, at_endo) if visible else None
    anterior, inferior = _insertions(heart, frame, geometry, height_mm, convention)
    return SliceContours(
        endo_rc=endo_rc,
        epi_rc=epi_rc,
        rv_insertion_anterior_rc=anterior,
        rv_insertion_inferior_rc=inferior,
        lv_centre_rc=_centroid(epi_rc),
    )


def draw_seen_contours(
    heart: Heart,
    frame: HeartFrame,
    geometry: SliceGeometry,
    *,
    height_mm: float,
    moved_mm: float,
    convention: LabelConvention,
) -> SliceContours:
    """Contours of what the slice shows when the heart has moved that far along its normal."""
    plane = along_normal(geometry, -moved_mm)
    cx, cy = shape.axis_centre(heart, np.array(height_mm, dtype=np.float32))
    axis_rc = to_pixels(frame, geometry, np.array([float(cx), float(cy), height_mm]))
    z = heart_coordinates(frame, plane, axis_rc[:1], axis_rc[1:])[2]
    return draw_contours(heart, frame, plane, height_mm=float(z[0]), convention=convention)


def _edge(inside: np.ndarray) -> Doubles:
    """Where each ray first leaves the region: half-way to the first sample outside."""
    return np.asarray(np.maximum(np.argmin(inside, axis=1) - 0.5, 0.0))


def _along(rows: Doubles, columns: Doubles, at: Doubles) -> Polygon:
    """The points of straight rays (N, samples) at those places, which may lie between samples."""
    ray, before = np.arange(len(at)), at.astype(int)
    points = (a[ray, before] + (at - before) * (a[ray, before + 1] - a[ray, before])
              for a in (rows, columns))  # fmt: skip
    return tuple((float(r), float(c)) for r, c in zip(*points, strict=True))


def _centroid(polygon: Polygon) -> Point:
    points = np.asarray(polygon)
    after = np.roll(points, -1, axis=0)
    cross = points[:, 0] * after[:, 1] - after[:, 0] * points[:, 1]
    middle = ((points + after) * cross[:, None]).sum(0) / (3.0 * cross.sum())
    return float(middle[0]), float(middle[1])


def _insertions(
    heart: Heart,
    frame: HeartFrame,
    geometry: SliceGeometry,
    height_mm: float,
    convention: LabelConvention,
) -> tuple[Point | None, Point | None]:
    """Where the right ventricular wall meets the drawn epicardium."""
    if height_mm > heart.rv_length * heart.length_mm - 3.0:
        return None, None
    points: list[Point] = []
    for degrees in shape.insertions_deg(heart, height_mm):
        angle = np.array([np.deg2rad(float(degrees))], dtype=np.float32)
        z = np.array([height_mm], dtype=np.float32)
        endo, epi = shape.lv_surfaces(heart, angle, z)
        radius = float(drawn_radii(endo, epi, convention)[1][0])
        cx, cy = (float(c[0]) for c in shape.axis_centre(heart, z))
        at = np.array([cx + radius * np.cos(angle[0]), cy + radius * np.sin(angle[0]), height_mm])
        row, column = to_pixels(frame, geometry, at)
        points.append((float(row), float(column)))
    return points[0], points[1]


def draw_segments(
    labels: Bytes,
    heart: Heart,
    frame: HeartFrame,
    geometry: SliceGeometry,
    contours: SliceContours,
    *,
    position: Position,
    height_mm: float,
) -> Bytes:
    """AHA number of every myocardial pixel (Cerqueira 2002): angles about the LV centre, counted
    from the anterior insertion towards the septum; apical slices start 15 degrees past it.
    """
    rows, columns = np.meshgrid(
        *(np.arange(n, dtype=np.float64) for n in labels.shape), indexing="ij"
    )
    x, y, _ = heart_coordinates(frame, geometry, rows, columns)
    centre = np.array(contours.lv_centre_rc)
    cx, cy, _ = heart_coordinates(frame, geometry, centre[:1], centre[1:])
    angle = np.rad2deg(np.arctan2(y - cy, x - cx))
    anterior = contours.rv_insertion_anterior_rc
    if anterior is None:
        start = float(shape.insertions_deg(heart, height_mm)[0])
    else:
        ax, ay, _ = heart_coordinates(frame, geometry, *(np.array([v]) for v in anterior))
        start = float(np.rad2deg(np.arctan2(ay - cy, ax - cx))[0])
    numbers = SEGMENTS_OF_POSITION[position]
    past = (angle - start - (APICAL_START_DEG if position == "apical" else 0.0)) % 360.0
    order = np.roll(numbers, -1)
    index = np.minimum((past * len(numbers) / 360.0).astype(int), len(numbers) - 1)
    segments = np.where(labels == MYOCARDIUM, np.asarray(order)[index], 0)
    return np.asarray(segments, dtype=np.uint8)


def segment_means(mbf: Floats, segments: Bytes) -> dict[int, float]:
    """Mean of the true flow over each segment's pixels."""
    present = [int(s) for s in np.unique(segments) if s > 0]
    return {s: float(np.nanmean(mbf[segments == s])) for s in present}
