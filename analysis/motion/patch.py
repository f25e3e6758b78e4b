"""The piece of the image that registration looks at: a soft window on the left ventricle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

from analysis.domain import Bools, Floats, Point
from analysis.motion.config import MotionConfig
from analysis.motion.grid import pixel_grid

LEAST_WEIGHT = 0.03
WALL_MARGIN_MM = 6.0
"""A given heart mask is widened by this: the epicardial edge is the best landmark there is."""


@dataclass(frozen=True, kw_only=True)
class HeartPatch:
    """A square patch of the working grid.

    corner, size: the patch; it may reach beyond the image, whose edges are held.
    centre: of the heart, in patch pixels. radius: of the window, in pixels.
    weight: (size, size) importance; rigid_weight: the same, 0 within reach of the border.
    reach: largest shift in pixels.
    """

    corner: tuple[int, int]
    size: int
    centre: Point
    radius: float
    weight: Floats
    rigid_weight: Floats
    reach: int
    spacing_mm: float


def heart_patch(centre_rc: Point, spacing_mm: float, config: MotionConfig) -> HeartPatch:
    """The window around a centre (working pixels), a disc of the usual size."""
    return _cut(centre_rc, config.window_radius_mm, None, spacing_mm, config)


def mask_patch(mask: Bools, spacing_mm: float, config: MotionConfig) -> HeartPatch:
    """The window that follows a heart mask (h, w) on the working grid."""
    rows, columns = np.nonzero(mask)
    centre = (float(rows.mean()), float(columns.mean()))
    extent = float(np.hypot(rows - centre[0], columns - centre[1]).max()) * spacing_mm
    return _cut(centre, extent + WALL_MARGIN_MM, mask, spacing_mm, config)


def _cut(
    centre_rc: Point,
    radius_mm: float,
    mask: Bools | None,
    spacing_mm: float,
    config: MotionConfig,
) -> HeartPatch:
    reach = int(np.ceil(config.search_mm / spacing_mm))
    support = radius_mm + config.window_edge_mm * float(np.log(1 / LEAST_WEIGHT - 1))
    size = fft.next_fast_len(2 * (int(np.ceil(support / spacing_mm)) + reach), real=True)
    corner = (round(centre_rc[0]) - size // 2, round(centre_rc[1]) - size // 2)
    centre = (centre_rc[0] - corner[0], centre_rc[1] - corner[1])
    rows, columns = pixel_grid(size, size)
    away = np.hypot(rows - centre[0], columns - centre[1]) * spacing_mm
    outside = away - radius_mm
    if mask is not None:
        outside = _distance_outside(mask, corner, size) * spacing_mm - WALL_MARGIN_MM
    weight = 1 / (1 + np.exp(np.clip(outside / config.window_edge_mm, -30, 30)))
    weight[weight < LEAST_WEIGHT] = 0
    inner = np.zeros((size, size), dtype=bool)
    inner[reach : size - reach, reach : size - reach] = True
    return HeartPatch(
        corner=corner,
        size=size,
        centre=centre,
        radius=radius_mm / spacing_mm,
        weight=weight.astype(np.float32),
        rigid_weight=np.where(inner, weight, 0).astype(np.float32),
        reach=reach,
        spacing_mm=spacing_mm,
    )


def _distance_outside(mask: Bools, corner: tuple[int, int], size: int) -> Floats:
    """Distance (size, size) of patch pixels to the mask; negative distances inside it."""
    placed = np.zeros((size, size), dtype=bool)
    rows, columns = np.nonzero(mask)
    rows, columns = rows - corner[0], columns - corner[1]
    fits = (rows >= 0) & (rows < size) & (columns >= 0) & (columns < size)
    placed[rows[fits], columns[fits]] = True
    outer = ndimage.distance_transform_edt(~placed)
    return np.asarray(outer - ndimage.distance_transform_edt(placed), dtype=np.float32)
