"""Motion correction of the arterial input images: they follow the breath that a slice has seen.

Thirty coarse pixels of cavity cannot be registered by themselves: the bolus on its way from the RV
to the LV looks like motion. But the input images of a heartbeat are taken just before its slices,
in the same breath, and a slice's motion is known to a fraction of its own fine pixels.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.domain import (
    AifSeries,
    Bools,
    Doubles,
    Floats,
    PerfusionSlice,
    Point,
    SliceGeometry,
)
from analysis.motion.fields import warp_frames
from analysis.motion.shading import as_bright_as_at_rest, sensitivity

LEAST_MOTION_PX: Final = 0.5
"""Peak to peak, in pixels of the input images; interpolation would cost more than less motion."""

_SAME_BEAT: Final = 0.6
"""Share of the usual time between beats within which a slice's frame belongs to the same one."""


def follow_breath(
    series: AifSeries,
    leader: PerfusionSlice,
    displacement_px: Floats,
    heart: Bools,
    *,
    level: bool,
) -> AifSeries:
    """The input images moved as the heart of a slice was moved in the same beat, all echoes alike.

    displacement_px: (T, 2, H, W) of the leader, see MotionResult; heart: (H, W) on its grid. level:
    take off the coil's sensitivity too, through which the heart moved. A beat that the leader has
    no frame of stays where it is. Comes back as it is where hardly anything moves.
    """
    fields = np.broadcast_to(displacement_px, (*displacement_px.shape[:2], *heart.shape))
    shift_px = np.median(fields[:, :, heart], axis=2) @ _between(leader.geometry, series.geometry).T
    nearest, same_beat = _matched(series.time_s, leader.time_s)
    moved = np.where(same_beat[:, None], shift_px[nearest], 0.0)
    if not heart.any() or (moved.max(axis=0) - moved.min(axis=0)).max() < LEAST_MOTION_PX:
        return series
    shape = (*moved.shape, *series.signal.shape[-2:])
    field = np.broadcast_to(moved[:, :, None, None], shape).astype(np.float32)
    echoes = [warp_frames(echo, field) for echo in series.signal]
    if level and series.is_pd.any():
        proton_density = series.signal[0][series.is_pd].mean(axis=0)
        centre = _same_place(np.argwhere(heart).mean(axis=0), leader.geometry, series.geometry)
        coil = sensitivity(proton_density, centre, series.geometry.pixel_spacing_mm)
        echoes = [as_bright_as_at_rest(echo, field, coil) for echo in echoes]
    return replace(series, signal=np.stack(echoes))


def _same_place(pixel: Doubles, slice_: SliceGeometry, images: SliceGeometry) -> Point:
    """Where a pixel (row, column) of one grid lies on the other, along its normal."""
    place = np.asarray(slice_.position_mm) + pixel @ _axes_mm(slice_)
    axes = _axes_mm(images)
    row, column = axes @ (place - images.position_mm) / np.square(axes).sum(axis=1)
    return float(row), float(column)


def _between(slice_: SliceGeometry, images: SliceGeometry) -> Doubles:
    """Matrix (2, 2) from a shift (rows, columns) in pixels of one grid to that of the other."""

    of_slice, of_images = _axes_mm(slice_), _axes_mm(images)
    matrix: Doubles = (of_images @ of_slice.T) / np.square(of_images).sum(axis=1, keepdims=True)
    return matrix


def _axes_mm(geometry: SliceGeometry) -> Doubles:
    """Steps (2, 3) in mm of one row and one column of pixels."""
    down, right = geometry.pixel_spacing_mm
    steps: Doubles = np.array([geometry.column_direction, geometry.row_direction], np.float64)
    steps[0] *= down
    steps[1] *= right
    return steps


def _matched(time_s: Doubles, leader_s: Doubles) -> tuple[NDArray[np.intp], Bools]:
    """For every time the index of the leader's nearest frame, and whether it is of that beat."""
    known = np.flatnonzero(np.isfinite(leader_s))
    if known.size < 2:
        return np.zeros(time_s.size, np.intp), np.zeros(time_s.size, bool)
    apart = np.abs(np.asarray(time_s)[:, None] - leader_s[known])
    nearest = known[np.argmin(np.where(np.isfinite(apart), apart, np.inf), axis=1)]
    beat_s = float(np.median(np.diff(np.sort(leader_s[known]))))
    same = np.abs(time_s - leader_s[nearest]) < _SAME_BEAT * beat_s
    return nearest, same
