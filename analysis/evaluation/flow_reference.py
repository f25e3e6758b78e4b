"""The careful way to fit one pixel, which the batched fit is measured against."""

from __future__ import annotations

import numpy as np
from scipy import optimize

from analysis.domain import Doubles
from analysis.perfusion import batch, btex
from analysis.perfusion.btex import exchange_integrals
from analysis.perfusion.input_function import InputFunction


def fit_pixels_with_scipy(aif: InputFunction, curves: Doubles) -> Doubles:
    """Parameters (N, 5: mbf, vb, ps, visf, delay) of BTEX by scipy's least squares, one at a time.

    The same closed form, the same bounds, and the same first guess from the dictionary; trust
    region reflective with a numerical Jacobian, to scipy's own tolerances.
    """
    lower, upper = (bound.astype(np.float64) for bound in batch.bounds(btex))
    entries = batch.dictionary(btex)
    library = batch.tissue_curves(btex, aif, entries).astype(np.float64)
    weights = aif.weights.astype(np.float64)
    offset_s = aif.offset_s.astype(np.float64)

    def model(coordinates: Doubles) -> Doubles:
        mbf, vb, ps, visf = np.exp(coordinates[:4])
        flow, transit, a, k = mbf / 60, 60 * vb / mbf, ps / mbf, ps / visf / 60
        since = np.maximum(offset_s - coordinates[4], 0)
        after = np.maximum(since - transit, 0)
        second = (since**2 - after**2) / 2 + exchange_integrals(k * after, np.array(a))[1] / k**2
        curve: Doubles = flow * second @ weights
        return curve

    def misfit(coordinates: Doubles, curve: Doubles) -> Doubles:
        return model(coordinates) - curve

    fitted = []
    for curve in curves:
        start = entries[np.argmin(np.sum((library - curve) ** 2, axis=1))].astype(np.float64)
        result = optimize.least_squares(
            misfit,
            np.clip(start, lower + 1e-6, upper - 1e-6),
            bounds=(lower, upper),
            args=(curve,),
        )
        fitted.append(np.append(np.exp(result.x[:4]), result.x[4]))
    return np.array(fitted)
