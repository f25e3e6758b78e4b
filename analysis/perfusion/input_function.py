"""The arterial input function between its samples, as the matrix that convolves with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy import interpolate

from analysis.constants import INTERNAL_DT_S
from analysis.domain import Doubles, Floats
from analysis.perfusion.kinetics import DELAY_BOUNDS_S

Interpolation = Literal["linear", "cubic"]

_FINE_STEPS: Final = 12


@dataclass(frozen=True, kw_only=True)
class InputFunction:
    """Tissue curves = response(offset_s - delay) @ weights.

    offset_s: (K,) times at which a model's response is needed, before the delay is taken off.
    weights: (K, T) how much each response contributes to the T tissue samples.
    time_s: (T,) times of the tissue samples. knots: (J,) piecewise-linear AIF in mmol/L.
    """

    offset_s: Floats
    weights: Floats
    time_s: Doubles
    knot_time_s: Doubles
    knots: Doubles


def input_function(
    aif: Doubles, aif_time_s: Doubles, tissue_time_s: Doubles, *, interpolation: Interpolation
) -> InputFunction:
    """Prepare the convolution of an AIF (T_a,) with any response, seen at the tissue's times (T,).

    "linear" joins the samples by lines. "cubic" takes a cubic spline through them, projected (least
    squares over time) on lines of 0.5 s: sampled at heartbeats, a bolus loses its peak between the
    samples, and lines would read that loss as flow. Before its first sample the AIF is taken as
    zero, after its last one as constant.
    """
    step = _grid_step(aif_time_s)
    start = min(aif_time_s[0], tissue_time_s[0])
    count = int(np.ceil((max(aif_time_s[-1], tissue_time_s[-1]) - start) / step - 1e-6)) + 1
    grid = start + step * np.arange(count)
    knots = _knots(aif, aif_time_s, grid, step, interpolation)

    slopes = np.diff(knots, prepend=0.0) / step
    changes = np.diff(slopes, append=0.0)
    changes = np.concatenate([slopes[:1], changes])
    first = int(np.floor(DELAY_BOUNDS_S[0] / step)) + 1
    offsets = np.arange(first - 1, count + 1)
    lag = np.arange(count)[None, :] - offsets[:, None] + 1
    valid = (lag >= 0) & (lag < changes.size)
    on_grid = np.where(valid, changes[np.clip(lag, 0, changes.size - 1)], 0.0)
    weights = on_grid @ _sampling(grid, tissue_time_s)
    return InputFunction(
        offset_s=(offsets * step).astype(np.float32),
        weights=np.ascontiguousarray(weights, dtype=np.float32),
        time_s=tissue_time_s,
        knot_time_s=grid,
        knots=knots,
    )


def _grid_step(time_s: Doubles) -> float:
    """0.5 s, or the sampling step itself where it is even and finer or divides evenly."""
    steps = np.diff(time_s)
    even = float(steps.mean())
    if np.allclose(steps, even, rtol=1e-3):
        return even / max(1, round(even / INTERNAL_DT_S))
    return INTERNAL_DT_S


def _knots(
    aif: Doubles, time_s: Doubles, grid: Doubles, step: float, interpolation: Interpolation
) -> Doubles:
    if interpolation == "linear":
        return np.interp(grid, time_s, aif)
    spline = interpolate.CubicSpline(time_s, aif, bc_type="natural")
    fine = grid[0] + step / _FINE_STEPS * np.arange((grid.size - 1) * _FINE_STEPS + 1)
    curve = spline(np.clip(fine, time_s[0], time_s[-1]))
    hats = np.maximum(1 - np.abs(fine[:, None] - grid[None, :]) / step, 0)
    knots: Doubles = np.linalg.lstsq(hats, curve, rcond=None)[0]
    return knots


def _sampling(grid: Doubles, time_s: Doubles) -> Doubles:
    """(J, T) cubic interpolation from the grid to the tissue's times; exact where they coincide."""
    sampling: Doubles = interpolate.CubicSpline(grid, np.eye(grid.size), bc_type="not-a-knot")(
        time_s
    ).T
    sampling[np.abs(sampling) < 1e-9] = 0
    return sampling
