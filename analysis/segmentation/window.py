"""From a series of any size, spacing, gain and beat to the window that the network reads.

The published window is the first 48 half-second frames (Xue 2020a), out of which a late injection
would fall. Here it is anchored on the arrival of the bolus, and two half-second frames are averaged
into one bin, which halves the work at no loss of what a beat-by-beat series holds.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from analysis.constants import INTERNAL_DT_S
from analysis.domain import Doubles, Floats

GRID_SPACING_MM: Final = 1.6
GRID_SIZE: Final = 96
BIN_S: Final = 2 * INTERNAL_DT_S
BINS: Final = 32
BINS_BEFORE_FOOT: Final = 5
BLOOD_PERCENTILE: Final = 98.5
"""Pixels brighter than this are blood while the bolus passes, whatever the field of view."""


def bolus_foot_s(series: Floats, time_s: Doubles) -> float:
    """Time (s) at which contrast first reaches the heart's blood pools.

    The blood curve is a high percentile of the enhancement over the image: no mask is needed.
    The foot is the last time before half of the rise at which the curve is below a fifth of it.

    series: (T, H, W) without proton-density frames; time_s: (T,).
    """
    sparse = series[:, ::2, ::2]
    resting = np.percentile(sparse, 15, axis=0)
    curve = np.percentile((sparse - resting).reshape(len(series), -1), BLOOD_PERCENTILE, axis=1)
    if len(curve) >= 5:
        padded = np.pad(curve, 1, mode="edge")
        curve = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    peak = int(np.argmax(curve))
    low = float(curve[: peak + 1].min())
    rise = float(curve[peak]) - low
    if rise <= 0:
        return float(time_s[0])
    half = int(np.argmax(curve[: peak + 1] >= low + 0.5 * rise))
    below = np.flatnonzero(curve[: half + 1] < low + 0.2 * rise)
    return float(time_s[below[-1]]) if len(below) else float(time_s[0])


def resample_bins(series: Floats, time_s: Doubles, *, start_s: float, bins: int = BINS) -> Floats:
    """Series (bins, H, W) of one-second bins from start_s on, ends held.

    Each bin is the mean of the two half-second frames in it, which are interpolated linearly from
    the real acquisition times; a missed trigger therefore leaves no gap.
    """
    per_bin = round(BIN_S / INTERNAL_DT_S)
    moments = start_s + INTERNAL_DT_S * np.arange(bins * per_bin)
    place = np.interp(moments, time_s, np.arange(len(time_s), dtype=np.float64))
    before = np.minimum(np.floor(place).astype(np.intp), max(len(time_s) - 2, 0))
    share = place - before
    weights = np.zeros((len(moments), len(time_s)))
    rows = np.arange(len(moments))
    weights[rows, before] = 1 - share
    weights[rows, np.minimum(before + 1, len(time_s) - 1)] += share
    weights = weights.reshape(bins, per_bin, len(time_s)).mean(axis=1)
    flat = weights.astype(np.float32) @ series.reshape(len(series), -1).astype(np.float32)
    result: Floats = flat.reshape(bins, *series.shape[1:])
    return result


def _axis_weights(length: int, spacing_mm: float, centre: float, size: int, step: float) -> Floats:
    """(size, length) linear interpolation, widened where the grid is coarser than the pixels."""
    positions = centre + (np.arange(size) - (size - 1) / 2) * step / spacing_mm
    reach = max(1.0, step / spacing_mm)
    distance = np.abs(positions[:, None] - np.arange(length)[None, :])
    weights = np.clip(1 - distance / reach, 0, None)
    total = weights.sum(axis=1, keepdims=True)
    inside = (positions > -0.5) & (positions < length - 0.5)
    normalised = weights / np.where(total > 0, total, 1)
    return np.where(inside[:, None], normalised, 0).astype(np.float32)


def to_grid(
    frames: Floats,
    *,
    centre_rc: tuple[float, float],
    pixel_spacing_mm: tuple[float, float],
    size: tuple[int, int] = (GRID_SIZE, GRID_SIZE),
    grid_spacing_mm: float = GRID_SPACING_MM,
) -> Floats:
    """Frames (N, H, W) on a square grid around centre_rc; zero outside the image."""
    rows = _axis_weights(
        frames.shape[-2], pixel_spacing_mm[0], centre_rc[0], size[0], grid_spacing_mm
    )
    columns = _axis_weights(
        frames.shape[-1], pixel_spacing_mm[1], centre_rc[1], size[1], grid_spacing_mm
    )
    result: Floats = rows @ frames.astype(np.float32) @ columns.T
    return result


def from_grid(
    maps: Floats,
    *,
    centre_rc: tuple[float, float],
    pixel_spacing_mm: tuple[float, float],
    shape: tuple[int, int],
    grid_spacing_mm: float = GRID_SPACING_MM,
) -> Floats:
    """Maps (N, h, w) of the grid on the slice's own pixels (N, *shape); zero outside the window."""
    weights = []
    for axis in (0, 1):
        size = maps.shape[axis + 1]
        on_grid = (np.arange(shape[axis]) - centre_rc[axis]) * (
            pixel_spacing_mm[axis] / grid_spacing_mm
        ) + (size - 1) / 2
        distance = np.abs(on_grid[:, None] - np.arange(size)[None, :])
        weights.append(np.clip(1 - distance, 0, None).astype(np.float32))
    result: Floats = weights[0] @ maps.astype(np.float32) @ weights[1].T
    return result


def _high(values: Tensor) -> Tensor:
    """The value (B,) that a hundredth of each row of values (B, N) exceeds."""
    return values.kthvalue(int(np.ceil(0.99 * values.shape[1])), dim=1).values


def normalise(window: Tensor) -> Tensor:
    """Window (B, bins, h, w) with the gain removed and the range of bright blood compressed.

    The unit is the enhancement of the brightest hundredth of the pixels, that is of blood; a static
    window falls back on its brightness. The logarithm keeps the wall readable beside unsaturated
    blood: at equal gain blood is 10 times the wall in gadolinium and 3 times in signal.
    """
    sparse = window[:, :, ::2, ::2]
    baseline = sparse[:, : BINS_BEFORE_FOOT - 1].mean(dim=1)
    smooth = (sparse[:, :-2] + sparse[:, 1:-1] + sparse[:, 2:]) / 3
    brightest = smooth.amax(dim=1)
    unit = _high((brightest - baseline).flatten(1))
    unit = torch.maximum(unit, 0.02 * _high(brightest.flatten(1))).clamp_min(1e-6)
    scaled = window / unit[:, None, None, None]
    return torch.sign(scaled) * torch.log1p(2 * scaled.abs()).clamp_max(2.2)
