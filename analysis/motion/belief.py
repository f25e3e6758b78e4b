"""How much of an estimated movement to believe: correct nothing where nothing moves.

An estimate is the movement plus an error of some tenths of a pixel, which would blur the edges of
a breath-held series. What the true movements of a series look like is learnt from all its frames
(empirical Bayes): in a held breath most frames share one position, which pulls them onto it; in a
breathing series positions spread widely and the estimates stay as they are.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.domain import Doubles, Floats
from analysis.motion.smooth import degrees

ITERATIONS: Final = 30
CLEARLY_MOVING: Final = 2.0
"""Variance, in units of that of the error, around which a mode's movement starts to be believed."""
DOUBTFUL_MISMATCH: Final = 0.1
"""Mismatch at which the error of a position is 1.4 times that of a frame that fits."""
NEAR: Final = 1.0
"""A given frame of reference is kept to this, in standard errors."""


def believed(
    estimates: Doubles, noise_px: tuple[float, ...], mismatch: Floats, *, anchored: bool
) -> Doubles:
    """Coefficients (T, 2, M) to apply, from estimates of the same shape.

    noise_px: standard error per degree of a frame that fits its twin; it grows with the mismatch
    (T,), 1 - correlation, because a frame without a true twin may lie anywhere. The position that
    most frames share becomes the frame of reference: its displacement is zero, and its frames are
    not touched. anchored: the estimates already are relative to a frame of reference, which is
    kept within the error.
    """
    degree = np.array(degrees(len(noise_px) - 1))
    result = estimates.copy()
    for mode in np.flatnonzero(degree > 0):
        result[:, :, mode] = _shrunk(estimates[:, :, mode], noise_px[degree[mode]])
    doubt = np.hypot(1, np.asarray(mismatch, dtype=np.float64) / DOUBTFUL_MISMATCH)
    places, rest = shared_positions(estimates[:, :, 0] / noise_px[0], doubt, anchored=anchored)
    result[:, :, 0] = (places - rest) * noise_px[0]
    return result


def _shrunk(values: Doubles, noise: float) -> Doubles:
    """Deviations (T, 2) of a shape mode from its median, kept where they exceed the noise."""
    away = values - np.median(values, axis=0)
    excess = (away**2).mean(axis=0) / noise**2
    kept = np.clip(1 - (CLEARLY_MOVING / np.maximum(excess, 1e-9)) ** 2, 0, 1)
    return np.asarray(away * kept)


def shared_positions(places: Doubles, error: Doubles, *, anchored: bool) -> tuple[Doubles, Doubles]:
    """Posterior mean (T, 2) of places with errors (T,) and the most shared place (2,).

    The distribution of the true places is estimated without assuming its form, by the maximum
    likelihood over mixtures of the places themselves (Kiefer and Wolfowitz 1956, by EM).
    """
    distance = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    variance = error[:, None] ** 2
    likelihood = np.exp(-0.5 * distance / variance) / variance
    share = np.full(len(places), 1 / len(places))
    posterior = likelihood
    for _ in range(ITERATIONS):
        posterior = likelihood * share
        posterior /= posterior.sum(axis=1, keepdims=True)
        share = posterior.mean(axis=0)
    means = posterior @ places
    crowd = np.exp(-0.5 * distance) @ share
    if anchored:
        crowd = crowd * (np.hypot(*means.T) <= NEAR)
        if not crowd.any():
            return means, np.zeros(2)
    return means, means[int(crowd.argmax())]
