"""Which pixels can be fitted, and which fits can be believed."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.domain import Bools, Bytes, Doubles, Floats
from analysis.perfusion.kinetics import Model
from analysis.perfusion.least_squares import Fitted
from analysis.quality import PixelQuality

FEWEST_FRAMES: Final = 12
_RESOLVED_NOISE: Final = 3.0
_LEAST_EXPLAINED: Final = 0.3
_SMALLEST_CHANGE: Final = 1e-4

LARGEST_RELATIVE_ERROR: Final = 1.0
"""Of the flow: a fit whose standard error exceeds its own value says nothing. Noise makes such fits
far more often much too high than too low, so leaving them in biases every mean upwards."""
LARGEST_ERROR_ML_PER_MIN_PER_G: Final = 0.3
"""Below this absolute error a small flow is known well enough, however large its share."""


def before_fit(curves: Floats, mask: Bools | None) -> Bytes:
    """Reason codes (N,) of tissue curves (N, T): OK where a fit makes sense."""
    pixels, frames = curves.shape
    quality = np.zeros(pixels, np.uint8)
    if frames < FEWEST_FRAMES:
        quality[:] = PixelQuality.TOO_FEW_FRAMES
    else:
        finite = np.isfinite(curves).all(axis=1)
        quality[finite] = np.where(
            _enhances(curves[finite]), PixelQuality.OK, PixelQuality.NO_ENHANCEMENT
        )
        quality[~finite] = PixelQuality.NOT_FINITE
    if mask is not None:
        quality[~np.asarray(mask, bool).ravel()] = PixelQuality.OUTSIDE_MASK
    return quality


def after_fit(
    model: Model, fitted: Fitted, curves: Floats, *, mbf: Doubles, mbf_se: Doubles
) -> Bytes:
    """Reason codes (N,) of fits to curves (N, T) with flow and its standard error (N,).

    Only the MBF and the delay count as "on bound": the others are poorly known in most pixels, and
    one of them at its limit says little about the flow.
    """
    power = np.einsum("nt,nt->n", curves, curves)
    believable = np.isfinite(fitted.parameters).all(axis=1)
    delay = len(model.PARAMETERS)
    quality = np.zeros(len(curves), np.uint8)
    quality[mbf_se > largest_error(mbf)] = PixelQuality.UNCERTAIN
    quality[fitted.power > (1 - _LEAST_EXPLAINED) * power] = PixelQuality.POOR_FIT
    quality[fitted.on_bound[:, 0] | fitted.on_bound[:, delay]] = PixelQuality.ON_BOUND
    quality[~fitted.converged | ~believable] = PixelQuality.NOT_CONVERGED
    return quality


def largest_error(mbf: Doubles) -> Doubles:
    """Standard error (N,) above which a flow (N,) is too uncertain to be shown."""
    limit: Doubles = np.maximum(LARGEST_RELATIVE_ERROR * mbf, LARGEST_ERROR_ML_PER_MIN_PER_G)
    return limit


def _enhances(curves: Floats) -> Bools:
    """Whether a curve rises clearly above its own noise, judged on means of five frames."""
    if len(curves) == 0:
        return np.zeros(0, bool)
    noise = 1.4826 * np.median(np.abs(np.diff(curves, 2, axis=1)), axis=1) / np.sqrt(6)
    sums = np.cumsum(np.pad(curves, ((0, 0), (1, 0))), axis=1)
    means = (sums[:, 5:] - sums[:, :-5]) / 5
    rise = means.max(axis=1) - np.minimum(means[:, 0], 0)
    enhances: Bools = (rise > _RESOLVED_NOISE * noise / np.sqrt(5)) & (rise > _SMALLEST_CHANGE)
    return enhances
