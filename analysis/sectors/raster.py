"""Polygons to pixels: a pixel belongs to a polygon where its centre lies inside, by even-odd."""

from __future__ import annotations

import numpy as np

from analysis.constants import BACKGROUND, LV_CAVITY, MYOCARDIUM
from analysis.domain import Bools, Bytes, Polygon, SliceContours


def polygon_mask(polygon: Polygon, shape: tuple[int, int]) -> Bools:
    """Pixels of a (H, W) grid whose centre lies inside a closed (row, column) polygon.

    Self-crossing polygons follow the even-odd rule; fewer than three points enclose nothing.
    """
    height, width = shape
    crossings = np.zeros((height, width + 1), dtype=np.int32)
    points = np.asarray(polygon, dtype=np.float64).reshape(-1, 2)
    if len(points) < 3:
        return np.zeros(shape, dtype=bool)
    start, end = points, np.roll(points, -1, axis=0)
    rows = np.arange(height)[:, None]
    # Half-open in row, so that a vertex on a scan line is crossed once, not twice.
    spans = (start[:, 0] <= rows) != (end[:, 0] <= rows)
    row_index, edge = np.nonzero(spans)
    rise = end[edge, 0] - start[edge, 0]
    along = (row_index - start[edge, 0]) / rise
    crossing_column = start[edge, 1] + along * (end[edge, 1] - start[edge, 1])
    # A pixel at column c lies left of the crossing where c < crossing, so c <= ceil(crossing) - 1.
    last_left = np.clip(np.ceil(crossing_column) - 1, -1, width - 1).astype(np.int64)
    np.add.at(crossings, (row_index, last_left + 1), 1)
    to_the_right = crossings[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    return np.asarray(to_the_right % 2 == 1)


def rasterise_labels(contours: SliceContours, shape: tuple[int, int]) -> Bytes:
    """Label image (H, W): 1 LV cavity, 2 myocardium, 0 elsewhere, from the contours alone.

    The cavity is clipped to the epicardium. Without an endocardial contour all inside the
    epicardium is myocardium.
    """
    inside_epi = polygon_mask(contours.epi_rc, shape)
    labels = np.where(inside_epi, MYOCARDIUM, BACKGROUND).astype(np.uint8)
    if contours.endo_rc is not None:
        labels[inside_epi & polygon_mask(contours.endo_rc, shape)] = LV_CAVITY
    return labels


def polygon_centroid(polygon: Polygon) -> tuple[float, float]:
    """Area centroid (row, column) of a polygon; the mean of its points where it has no area."""
    points = np.asarray(polygon, dtype=np.float64).reshape(-1, 2)
    following = np.roll(points, -1, axis=0)
    cross = points[:, 0] * following[:, 1] - following[:, 0] * points[:, 1]
    area = cross.sum() / 2
    if abs(area) < 1e-9:
        mean = points.mean(axis=0)
        return float(mean[0]), float(mean[1])
    centroid = ((points + following) * cross[:, None]).sum(axis=0) / (6 * area)
    return float(centroid[0]), float(centroid[1])
