"""Tissue curves with known flow: the truth that flow fits are measured against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.domain import Doubles
from analysis.perfusion.btex import exchange_integrals

AIF_PARTS: Final = {
    "stress": ((3.5, 5.0, 3.0, 3.0), (0.4, 15.0, 14.0, 2.0)),
    "rest": ((4.4, 5.0, 4.5, 3.0), (0.5, 20.0, 16.0, 2.0)),
}
"""Gamma variates (height in mmol/L, arrival and time to peak in s, exponent): bolus, return."""

RANGES: Final = {
    "mbf": (0.3, 5.0),
    "vb": (0.05, 0.12),
    "ps": (0.4, 3.0),
    "visf": (0.15, 0.4),
    "delay": (0.0, 3.0),
}
"""ml/min/g, ml/g, ml/min/g, ml/g, s; drawn evenly."""

_FINE_STEP_S: Final = 0.05


@dataclass(frozen=True, kw_only=True)
class FlowCases:
    """N BTEX tissue curves and how they were made.

    truth: (N, 5) in the order of RANGES. curves: (N, T) mmol/L. aif: (T,) mmol/L. time_s: (T,).
    """

    truth: Doubles
    curves: Doubles
    aif: Doubles
    time_s: Doubles


def input_curve(time_s: Doubles, condition: str) -> Doubles:
    """Analytic blood curve in mmol/L."""
    curve = np.zeros_like(time_s)
    for height, arrival_s, to_peak_s, exponent in AIF_PARTS[condition]:
        x = np.maximum((time_s - arrival_s) / to_peak_s, 0)
        curve += height * x**exponent * np.exp(exponent * (1 - x))
    return curve


def draw_cases(
    condition: str,
    *,
    count: int,
    frames: int,
    continuous: bool,
    noise_mmol_per_l: float = 0.0,
    seed: int = 1,
) -> FlowCases:
    """Curves at 0.5 s from the continuous AIF, or from lines between its samples at 0.5 s."""
    rng = np.random.default_rng(seed)
    truth = np.column_stack([rng.uniform(low, high, count) for low, high in RANGES.values()])
    time_s = 0.5 * np.arange(frames, dtype=np.float64)
    fine = round(float(time_s[-1]) / _FINE_STEP_S) + 1
    knots_s = _FINE_STEP_S * np.arange(fine, dtype=np.float64) if continuous else time_s
    curves = btex_curves(truth, knots_s, input_curve(knots_s, condition), time_s)
    curves = curves + noise_mmol_per_l * rng.standard_normal(curves.shape)
    return FlowCases(truth=truth, curves=curves, aif=input_curve(time_s, condition), time_s=time_s)


def btex_curves(parameters: Doubles, knots_s: Doubles, knots: Doubles, time_s: Doubles) -> Doubles:
    """Exact BTEX curves (N, T) for a piecewise-linear AIF; parameters (N, 5) as in RANGES.

    The times must be among the evenly spaced knots.
    """
    mbf, vb, ps, visf, delay = parameters.T[:, :, None]
    flow, transit, a, k = mbf / 60, 60 * vb / mbf, ps / mbf, ps / visf / 60
    step = knots_s[1] - knots_s[0]
    since = np.maximum(step * np.arange(knots_s.size) - delay, 0)
    after = np.maximum(since - transit, 0)
    second = exchange_integrals(k * after, a)[1] / k**2
    response = flow * ((since**2 - after**2) / 2 + second)

    changes = np.diff(np.diff(knots, prepend=0.0) / step, append=0.0)
    seen = np.rint((time_s - knots_s[0]) / step).astype(int)
    lag = seen[None, :] - np.arange(knots_s.size)[:, None]
    curves: Doubles = response @ np.where(lag >= 0, changes[np.maximum(lag, 0)], 0.0)
    return curves
