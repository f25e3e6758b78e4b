"""Features of a bolus curve, for every stage that must know when the contrast agent came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.domain import Doubles

_FOOT_FRACTION: Final = 0.03
_WIGGLE_FRACTION: Final = 0.05
_VALLEY_FRACTION: Final = 0.5
_RESOLVED_NOISE: Final = 6.0


@dataclass(frozen=True, kw_only=True)
class BolusFeatures:
    """When a bolus comes, peaks and has passed; indices into the curve, times in seconds.

    foot_index: last sample before the rise. peak_index: the first-pass maximum. valley_index: the
    minimum between first pass and recirculation, or the last sample where none is reached.
    valley_found: whether the first pass ends within the record. baseline: mean before the foot.
    noise: standard deviation from the curve's roughness.
    """

    foot_index: int
    peak_index: int
    valley_index: int
    valley_found: bool
    foot_s: float
    peak_s: float
    valley_s: float
    baseline: float
    peak_height: float
    noise: float


def bolus_features(curve: Doubles, time_s: Doubles) -> BolusFeatures | None:
    """Features of a curve (T,), or None where nothing rises clearly above the noise.

    The foot is where the curve, followed back from its steepest rise, falls below 3 % of the peak
    or into the noise. The peak is the first one that reaches 60 % of the maximum, so that a later
    recirculation or a second injection is not taken for it.
    """
    curve = np.asarray(curve, np.float64)
    if curve.size < 5 or not np.isfinite(curve).all():
        return None
    noise = roughness(curve)
    smooth = _smoothed(curve)
    start = float(np.median(curve[: max(3, curve.size // 12)]))
    rise = float(smooth.max()) - start
    if rise <= max(_RESOLVED_NOISE * noise, 1e-9 * max(1.0, abs(start))) or rise <= 0:
        return None
    peak = _first_peak(smooth - start)
    window = slice(max(0, peak - 1), min(curve.size, peak + 2))
    peak = window.start + int(np.argmax(curve[window]))
    foot_s, foot = _foot(curve - start, time_s, peak, noise)
    baseline = float(curve[: foot + 1].mean())
    height = float(curve[peak]) - baseline
    valley, found = _valley(smooth - baseline, peak, height)
    return BolusFeatures(
        foot_index=foot,
        peak_index=peak,
        valley_index=valley,
        valley_found=found,
        foot_s=foot_s,
        peak_s=float(time_s[peak]),
        valley_s=float(time_s[valley]),
        baseline=baseline,
        peak_height=height,
        noise=noise,
    )


def roughness(curve: Doubles) -> float:
    """Noise (SD) of a curve, from second differences: blind to slopes and to the bolus itself."""
    second = np.diff(curve, 2)
    return float(1.4826 * np.median(np.abs(second)) / np.sqrt(6))


def _smoothed(curve: Doubles) -> Doubles:
    padded = np.pad(curve, 1, mode="edge")
    smooth: Doubles = padded[:-2] / 4 + padded[1:-1] / 2 + padded[2:] / 4
    return smooth


def _first_peak(enhancement: Doubles) -> int:
    """First local maximum that reaches 60 % of the largest value."""
    high = enhancement >= 0.6 * enhancement.max()
    first = int(np.argmax(high))
    after = np.flatnonzero(~high[first:])
    end = first + (int(after[0]) if after.size else enhancement.size - first)
    return first + int(np.argmax(enhancement[first:end]))


def _foot(enhancement: Doubles, time_s: Doubles, peak: int, noise: float) -> tuple[float, int]:
    """Time at which the rise begins, between samples, and the last sample not after it."""
    if peak == 0:
        return float(time_s[0]), 0
    low = max(_FOOT_FRACTION * enhancement[peak], 2 * noise)
    steepest = int(np.argmax(np.diff(enhancement[: peak + 1]) / np.diff(time_s[: peak + 1])))
    below = np.flatnonzero(enhancement[: steepest + 1] <= low)
    if below.size == 0:
        return float(time_s[0]), 0
    foot = int(below[-1])
    rise = enhancement[foot + 1] - enhancement[foot]
    share = (low - enhancement[foot]) / rise if rise > 0 else 0.0
    foot_s = time_s[foot] + np.clip(share, 0, 1) * (time_s[foot + 1] - time_s[foot])
    return float(foot_s), foot


def _valley(enhancement: Doubles, peak: int, height: float) -> tuple[int, bool]:
    """First minimum below half of the peak that is not just a wiggle, else the last sample."""
    lowest = peak
    for index in range(peak + 1, enhancement.size):
        if enhancement[index] < enhancement[lowest]:
            lowest = index
        fallen = enhancement[lowest] < _VALLEY_FRACTION * height
        risen = enhancement[index] > enhancement[lowest] + _WIGGLE_FRACTION * height
        flat = index - lowest >= 4
        if fallen and (risen or flat):
            return lowest, True
    return lowest, bool(enhancement[lowest] < _VALLEY_FRACTION * height / 2)
