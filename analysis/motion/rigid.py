"""The rigid first step: the shift of every frame to its synthetic twin, found anywhere in reach.

Windowed normalised cross-correlation, all shifts and all frames at once through the FFT. Shifts
are always those of the original frame. Intensity decides; edges are added because without
contrast agent the dark cavity would rather slide over the next bright organ.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from analysis.domain import Doubles, Floats
from analysis.motion.config import MotionConfig
from analysis.motion.fields import patches
from analysis.motion.patch import HeartPatch
from analysis.motion.synthetic import synthetic_twins


def edges(frames: Floats) -> Floats:
    """Gradient magnitude of slightly smoothed frames (T, h, w), 99th percentile 1."""
    smooth = [cv2.GaussianBlur(frame, (0, 0), 0.8) for frame in frames]
    strength = np.stack(
        [np.hypot(cv2.Sobel(f, cv2.CV_32F, 1, 0), cv2.Sobel(f, cv2.CV_32F, 0, 1)) for f in smooth]
    )
    strong = float(np.percentile(strength[:: max(1, len(frames) // 30)], 99))
    return np.asarray(strength / (strong if strong > 0 else 1.0), dtype=np.float32)


class Correlator:
    """Correlation of fixed patches with changing templates over all shifts up to ``reach``.

    patches_: (T, N, N) of the original frames; weight: (N, N), zero within reach of the border.
    """

    def __init__(self, patches_: Floats, weight: Floats, reach: int) -> None:
        self._weight = weight / weight.sum()
        self._shape = patches_.shape[1:]
        self._lags = np.arange(-reach, reach + 1)
        self._patches = fft.rfft2(patches_)
        window = np.conj(fft.rfft2(self._weight))
        mean = self._at_lags(self._patches * window)
        power = self._at_lags(fft.rfft2(patches_ * patches_) * window)
        self._variance = np.maximum(power - mean * mean, 1e-9)

    def _at_lags(self, spectrum: NDArray[np.complex64]) -> Floats:
        full = fft.irfft2(spectrum, s=self._shape)
        return np.asarray(full[:, self._lags][:, :, self._lags])

    def correlate(self, templates: Floats) -> Floats:
        """(T, 2 reach + 1, 2 reach + 1) coefficients of templates (T, N, N)."""
        mean = (templates * self._weight).sum(axis=(1, 2), keepdims=True)
        centred = templates - mean
        variance = (self._weight * centred**2).sum(axis=(1, 2))[:, None, None]
        product = self._at_lags(self._patches * np.conj(fft.rfft2(centred * self._weight)))
        floor = 1e-3 * float(np.median(variance)) + 1e-12
        return np.asarray(product / np.sqrt((self._variance + floor) * (variance + floor)))


def highest(coefficients: Floats) -> tuple[Doubles, Floats]:
    """Shift (T, 2) of the highest coefficient, to a fraction of a pixel, and its height (T,)."""
    count, side = coefficients.shape[:2]
    best = coefficients.reshape(count, -1).argmax(axis=1)
    row = np.clip(best // side, 1, side - 2)
    column = np.clip(best % side, 1, side - 2)
    t = np.arange(count)
    height = coefficients[t, row, column]
    by_row = _vertex(coefficients[t, row - 1, column], height, coefficients[t, row + 1, column])
    by_column = _vertex(coefficients[t, row, column - 1], height, coefficients[t, row, column + 1])
    reach = side // 2
    return np.stack([row - reach + by_row, column - reach + by_column], axis=1), height


def _vertex(before: Floats, here: Floats, after: Floats) -> Floats:
    """Where a parabola through three neighbours has its top, within 0.7 of the middle one."""
    curvature = before - 2 * here + after
    hollow = curvature < -1e-9
    top = 0.5 * (before - after) / np.where(hollow, curvature, 1)
    return np.where(hollow, np.clip(top, -0.7, 0.7), 0)


def estimate_shifts(frames: Floats, heart: HeartPatch, config: MotionConfig) -> Doubles:
    """Shifts (T, 2) of frames (T, h, w) in working pixels, median 0."""
    channels = [(frames, 1.0), (edges(frames), config.edge_weight)]
    still = np.zeros((len(frames), 2))
    correlators = [
        Correlator(
            patches(series, heart.corner, heart.size, still), heart.rigid_weight, heart.reach
        )
        for series, _ in channels
    ]
    lags = np.arange(-heart.reach, heart.reach + 1) * heart.spacing_mm
    cost = config.distance_cost_per_mm2 * (lags[:, None] ** 2 + lags[None] ** 2)
    shifts = still
    for modes in config.rigid_modes:
        total = -cost
        for (series, importance), correlator in zip(channels, correlators, strict=True):
            moved = patches(series, heart.corner, heart.size, shifts)
            twins = synthetic_twins(
                moved.reshape(len(moved), -1),
                heart.rigid_weight.ravel(),
                modes=modes,
                smoothing=config.mode_smoothing_frames,
            )
            total = total + importance * correlator.correlate(twins.reshape(moved.shape))
        shifts, _ = highest(np.asarray(total))
        shifts = shifts - np.median(shifts, axis=0)
    return shifts
