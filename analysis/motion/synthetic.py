"""The synthetic twin of a series: the contrast's course without the motion (Xue 2020b).

The Karhunen-Loeve transform over time gives modes in order of energy. Contrast passage is strong
and slow, motion weaker and quick: the mean and the leading modes, smoothed over time, reproduce
every frame's contrast at the position that most frames share.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from analysis.domain import Floats


def synthetic_twins(series: Floats, weight: Floats, *, modes: int, smoothing: float) -> Floats:
    """Twins (T, n) of a series (T, n) of patches.

    weight: (n,) importance of each pixel. modes: how many lead, at most a sixth of the frames.
    smoothing: Gaussian width, in frames, over which the courses of the modes are smoothed.
    """
    count = min(modes, max(1, len(series) // 6))
    mean = series.mean(axis=0)
    centred = series - mean
    weighted = centred * np.sqrt(weight)
    energy, courses = np.linalg.eigh(np.asarray(weighted @ weighted.T, dtype=np.float64))
    if energy[-1] <= 1e-12:
        return np.broadcast_to(mean, series.shape).copy()
    leading = courses[:, ::-1][:, :count]
    if smoothing > 0:
        leading = ndimage.gaussian_filter1d(leading, smoothing, axis=0, mode="nearest")
        leading = np.linalg.qr(leading)[0]
    leading = leading.astype(np.float32)
    return np.asarray(mean + leading @ (leading.T @ centred), dtype=np.float32)
