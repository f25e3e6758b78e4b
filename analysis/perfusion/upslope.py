"""Semi-quantitative indices of a series whose input function cannot be trusted."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.curves import bolus_features
from analysis.domain import Bools, Doubles, Floats, UpslopeMap
from analysis.errors import BadInput
from analysis.perfusion.pixel_quality import before_fit
from analysis.perfusion.time_axis import resample
from analysis.quality import PixelQuality

_WINDOW_S: Final = 2.0
_AFTER_PEAK_S: Final = 8.0
_BASELINE_SAMPLES: Final = 3


def map_upslope(
    series: Floats,
    blood: Doubles,
    *,
    time_s: Doubles,
    blood_time_s: Doubles | None = None,
    mask: Bools | None = None,
) -> UpslopeMap:
    """Myocardial upslope over LV upslope, per pixel, from signal or concentration.

    series: (T, H, W), blood: (T_b,) LV curve in the same unit, times in s; the ratio has no unit.
    Each upslope is the steepest line through 2 s of the 0.5 s curve between the arrival in blood
    and 8 s after its peak, both curves relative to their own baseline (Wilke 1997). Signals divided
    by the baseline remove the coil shading. BadInput where no bolus can be seen in blood.
    """
    time_s = np.asarray(time_s, np.float64)
    blood_time_s = time_s if blood_time_s is None else np.asarray(blood_time_s, np.float64)
    tissue, grid = resample(np.asarray(series, np.float32), time_s)
    lv = resample(np.asarray(blood, np.float32), blood_time_s, grid_s=grid)[0].astype(np.float64)
    bolus = bolus_features(lv, grid)
    if bolus is None:
        raise BadInput("No bolus can be seen in the blood curve; an upslope has no meaning.")
    curves = tissue.reshape(grid.size, -1).T
    quality = before_fit(curves, mask)
    rows = quality == PixelQuality.OK
    before = slice(0, max(_BASELINE_SAMPLES, bolus.foot_index + 1))
    window = (grid >= bolus.foot_s - _WINDOW_S) & (grid <= bolus.peak_s + _AFTER_PEAK_S)

    ratio = np.full(quality.size, np.nan, np.float32)
    blood_slope = _steepest((lv - lv[before].mean())[None, window], grid[window])[0]
    enhancement = curves[rows] - curves[rows][:, before].mean(axis=1, keepdims=True)
    ratio[rows] = _steepest(enhancement[:, window], grid[window]) / blood_slope
    shape = tissue.shape[1:]
    return UpslopeMap(relative_upslope=ratio.reshape(shape), quality=quality.reshape(shape))


def _steepest(curves: Floats | Doubles, time_s: Doubles) -> Doubles:
    """Largest slope (N,) of a straight line over any 2 s of curves (N, T)."""
    step = time_s[1] - time_s[0]
    count = min(curves.shape[1], round(_WINDOW_S / step) + 1)
    offsets = (np.arange(count) - (count - 1) / 2) * step
    kernel = offsets / np.sum(offsets**2)
    windows = np.lib.stride_tricks.sliding_window_view(curves, count, axis=1)
    slopes: Doubles = (windows @ kernel).max(axis=1)
    return slopes
