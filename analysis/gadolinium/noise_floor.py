"""The noise floor of magnitude images: noise cannot make dark pixels darker, only brighter.

The mean of a magnitude of true signal A under noise of standard deviation s is about A + s^2 / 2A.
Before the bolus the wall is two to four times darker than at its brightest, so the baseline is
lifted most, and gadolinium, which is counted from it, reads low: by 2-4 % where the baseline is
three SD bright.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.domain import Bools, Floats

_TISSUE_FRACTION: Final = 0.15
"""Of the 99th percentile: darker pixels are air or lung, whose noise is not normal any more."""
_FEWEST_PIXELS: Final = 100
_FEWEST_PAIRS: Final = 3
_MOST_PAIRS: Final = 16
_STILL_PERCENTILE: Final = 20.0
"""Pairs of frames between which little moved: breathing adds to differences, nothing takes away."""
_NORMAL_MAD: Final = 1.4826


def noise_sd(frames: Floats, used: Bools) -> float:
    """Standard deviation of the noise of one pixel, in the signal's unit.

    frames: (T, H, W) as they were acquired: shifting a frame averages its noise. used: (T,) frames
    of one contrast. What neighbours in a row have in common and what successive frames have in
    common is anatomy; the rest, by its median absolute value in tissue, is noise. Zero where that
    cannot be told: too few frames or pixels, and signed images, which have no such floor.
    """
    times = np.flatnonzero(used)
    if times.size <= _FEWEST_PAIRS:
        return 0.0
    first = np.unique(np.linspace(0, times.size - 2, _MOST_PAIRS).astype(np.intp))
    before, after = (np.asarray(frames[times[k]], np.float32) for k in (first, first + 1))
    if not np.isfinite(before).all() or not np.isfinite(after).all() or before.min() < 0:
        return 0.0
    typical = before.mean(axis=0)
    bright = typical > _TISSUE_FRACTION * np.percentile(typical, 99)
    tissue = bright[:, 1:] & bright[:, :-1]
    if tissue.sum() < _FEWEST_PIXELS:
        return 0.0
    changes = np.diff(after - before, axis=2)[:, tissue] / 2  # of the noise of four pixels
    spread = _NORMAL_MAD * np.median(np.abs(changes), axis=1)
    return float(np.percentile(spread, _STILL_PERCENTILE))


def without_noise_floor(signal: Floats, sd: float) -> Floats:
    """Signal of any shape as it would be on average without noise of ``sd``.

    sqrt(|S^2 - sd^2|) of Gudbjartsson & Patz, Magn Reson Med 1995;34:910, right to first order
    from two SD on.
    """
    if sd <= 0:
        return signal
    magnitude = np.asarray(signal, np.float32)
    lowered: Floats = np.sqrt(np.abs(np.square(magnitude) - np.float32(sd) ** 2))
    return lowered
