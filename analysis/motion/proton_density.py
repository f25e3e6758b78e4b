"""Aligning proton-density frames, whose contrast shares only its edges with the series.

The edges of early and late corrected frames together hold every border of the heart and lungs. A
shift is applied only where it makes edges fit clearly better than leaving the frame alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.domain import Bools, Doubles, Floats
from analysis.motion.config import MotionConfig
from analysis.motion.fields import patches
from analysis.motion.patch import HeartPatch
from analysis.motion.rigid import Correlator, edges, highest

LEAST_FIT: Final = 0.25
AGREEMENT_MM: Final = 4.0
BEYOND_BREATH_MM: Final = 8.0
"""How much farther than any frame of the series a proton-density frame may lie: it was taken
seconds before them, so a better fit elsewhere is another edge."""


def align_proton_density(
    frames: Floats, corrected: Floats, breath: Doubles, heart: HeartPatch, config: MotionConfig
) -> tuple[Doubles, float]:
    """Shifts (P, 2) in working pixels of the PD frames (P, h, w), and their smallest fit.

    corrected: (T, N, N) corrected saturation-recovery patches in time order. breath: (T, 2) their
    shifts, in working pixels.
    """
    third = max(1, len(corrected) // 3)
    ends = np.stack([corrected[:third].mean(axis=0), corrected[-third:].mean(axis=0)])
    template = edges(ends).max(axis=0)
    still = np.zeros((len(frames), 2))
    patch = patches(edges(frames), heart.corner, heart.size, still)
    correlator = Correlator(patch, heart.rigid_weight, heart.reach)
    fit = correlator.correlate(np.repeat(template[None], len(frames), axis=0))
    lags = np.arange(-heart.reach, heart.reach + 1)
    near_breath = within(lags, breath, BEYOND_BREATH_MM / heart.spacing_mm)
    fit = np.where(near_breath, fit, -1.0)
    cost = config.distance_cost_per_mm2 * squared_distance(lags, np.zeros(2)) * heart.spacing_mm**2
    # The frames are alike: what they say together outweighs a coincidence in one of them.
    together, _ = highest((fit - cost).mean(axis=0, keepdims=True))
    near = squared_distance(lags, together[0]) * heart.spacing_mm**2 <= AGREEMENT_MM**2
    shifts, height = highest(np.where(near, fit, fit - 1))
    at_rest = fit[:, heart.reach, heart.reach]
    clear = (height - at_rest >= config.pd_least_gain) & (height >= LEAST_FIT)
    return np.where(clear[:, None], shifts, 0.0), float(np.maximum(height, at_rest).min())


def within(lags: NDArray[np.int_], points: Doubles, margin: float) -> Bools:
    """Pairs of lags (L, L) in the box around points (T, 2) and rest, widened by a margin."""
    low, high = (
        np.minimum(points.min(axis=0), 0) - margin,
        np.maximum(points.max(axis=0), 0) + margin,
    )
    rows, columns = ((low[k] <= lags) & (lags <= high[k]) for k in (0, 1))
    inside: Bools = rows[:, None] & columns[None]
    return inside


def squared_distance(lags: NDArray[np.int_], point: Doubles) -> Doubles:
    """Squared distance (L, L) of every pair of lags to a point (2,), all in pixels."""
    return np.asarray((lags[:, None] - point[0]) ** 2 + (lags[None] - point[1]) ** 2)
