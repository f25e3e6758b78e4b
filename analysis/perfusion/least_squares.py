"""Batched damped least squares: Levenberg-Marquardt for all pixels in the same array calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.domain import Bools, Doubles, Floats

_START_DAMPING: Final = 1e-2
_SMALLEST_DAMPING: Final = 1e-6
_LARGEST_DAMPING: Final = 1e7
_ROUNDING: Final = 1e-11
"""Share of a curve's power that single precision cannot resolve."""


class Linearised(NamedTuple):
    """A model near its parameters, for N rows and P parameters.

    power: (N,) sum of squares of data - model. downhill: (N, P) J^T (data - model). normal:
    (N, P, P) J^T J.
    """

    power: Doubles
    downhill: Floats
    normal: Floats


Evaluate = Callable[[Floats, NDArray[np.intp]], Linearised]
"""(parameters (N, P), indices (N,) of the rows they belong to) -> the model near them."""


@dataclass(frozen=True, kw_only=True)
class Prior:
    """What is known of the parameters beforehand: a normal density between two steep walls.

    All (P,). usual, precision: mean and 1/SD^2, 0 where nothing is known. floor, ceiling: where the
    walls begin. wall_precision: 1/SD^2 of what lies beyond them.
    """

    usual: Floats
    precision: Floats
    floor: Floats
    ceiling: Floats
    wall_precision: Floats

    def misfit(self, parameters: Floats) -> Floats:
        """Twice the negative log density (N,) of parameters (N, P)."""
        near, beyond = self._departures(parameters)
        known: Floats = np.square(near) @ self.precision
        walls: Floats = np.square(beyond) @ self.wall_precision
        return known + walls

    def pull(self, parameters: Floats) -> Floats:
        """Half the gradient (N, P) of the misfit."""
        near, beyond = self._departures(parameters)
        pull: Floats = near * self.precision + beyond * self.wall_precision
        return pull

    def stiffness(self, parameters: Floats) -> Floats:
        """Half the curvature (N, P) of the misfit."""
        _, beyond = self._departures(parameters)
        walls: Floats = (beyond != 0) * self.wall_precision
        return self.precision + walls

    def _departures(self, parameters: Floats) -> tuple[Floats, Floats]:
        beyond = parameters - np.clip(parameters, self.floor, self.ceiling)
        return parameters - self.usual, beyond


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """Result of a batch of N rows with P parameters.

    parameters: (N, P). covariance: (N, P, P) of free parameters, zero rows for those on a bound.
    power: (N,) sum of squares that is left. converged: (N,). on_bound: (N, P).
    """

    parameters: Floats
    covariance: Doubles
    power: Doubles
    converged: Bools
    on_bound: Bools

    @classmethod
    def joined(cls, batches: Sequence[Fitted]) -> Fitted:
        """One result from those of successive batches."""
        return cls(
            **{name: np.concatenate([getattr(b, name) for b in batches]) for name in cls.__slots__}
        )


def fit(
    evaluate: Evaluate,
    start: Floats,
    lower: Floats,
    upper: Floats,
    *,
    prior: Prior,
    samples: int,
    data_power: Doubles,
    model_error: float = 0.0,
    iterations: int = 80,
    tolerance: float = 0.001,
) -> Fitted:
    """Most probable parameters of each row within bounds (P,), from its own start (N, P).

    Minimises (T - P) ln(sum of squares) + the prior's misfit, T being ``samples``: normal noise of
    a level that each row tells by itself, so that without noise the prior loses all weight. Steps
    are Levenberg-Marquardt with Marquardt's scaling; parameters on a bound whose gradient points
    outwards are held for the step. A row is done when a step changes that sum (twice a log
    likelihood) by less than ``tolerance``. data_power: (N,) sum of squares of the data.
    model_error: share of the data's root mean square by which even the right parameters miss.
    """
    freedom = max(samples - start.shape[1], 1)
    rounding = (_ROUNDING + model_error**2) * data_power + 1e-30

    def misfit(power: Doubles, parameters: Floats, rows: NDArray[np.intp]) -> Doubles:
        twice: Doubles = freedom * np.log(power + rounding[rows])
        return twice + prior.misfit(parameters)

    active = np.arange(len(start))
    best = np.clip(start, lower, upper)
    power, downhill, normal = evaluate(best, active)
    cost = misfit(power, best, active)
    damping = np.full(len(start), _START_DAMPING)
    converged = np.zeros(len(start), bool)
    for _ in range(iterations):
        if active.size == 0:
            break
        here = best[active]
        variance = (power[active] + rounding[active]) / freedom
        near = Linearised(power[active], downhill[active], normal[active])
        slope, curvature = _posterior(near, here, prior, variance)
        trial = np.clip(
            here + _step(here, slope, curvature, damping[active], lower, upper), lower, upper
        )
        there = evaluate(trial, active)
        trial_cost = misfit(there.power, trial, active)
        gained = cost[active] - trial_cost
        better = gained > 0
        rows = active[better]
        best[rows], cost[rows] = trial[better], trial_cost[better]
        power[rows], downhill[rows], normal[rows] = (part[better] for part in there)
        damping[active] = np.clip(
            damping[active] * np.where(better, 0.2, 6.0), _SMALLEST_DAMPING, _LARGEST_DAMPING
        )
        done = (np.abs(gained) <= tolerance) | (damping[active] >= _LARGEST_DAMPING)
        converged[active[done]] = True
        active = active[~done]

    variance = (power + rounding) / freedom
    slope, curvature = _posterior(Linearised(power, downhill, normal), best, prior, variance)
    return Fitted(
        parameters=best,
        covariance=_covariance(curvature, variance, ~_held(best, slope, lower, upper)),
        power=power,
        converged=converged,
        on_bound=(best <= lower) | (best >= upper),
    )


def _posterior(
    near: Linearised, parameters: Floats, prior: Prior, variance: Doubles
) -> tuple[Doubles, Doubles]:
    """Half the negative gradient (N, P) and half the curvature (N, P, P) with the prior in them."""
    slope: Doubles = near.downhill - variance[:, None] * prior.pull(parameters)
    curvature: Doubles = near.normal.astype(np.float64)
    diagonal = np.einsum("npp->np", curvature)
    diagonal += variance[:, None] * prior.stiffness(parameters) + 1e-9 * diagonal + 1e-15
    return slope, curvature


def _held(parameters: Floats, slope: Doubles, lower: Floats, upper: Floats) -> Bools:
    return ((parameters <= lower) & (slope < 0)) | ((parameters >= upper) & (slope > 0))


def _only(curvature: Doubles, free: Bools) -> Doubles:
    """The curvature of the free parameters, with unit rows for the others."""
    curvature = curvature * (free[:, :, None] & free[:, None, :])
    diagonal = np.einsum("npp->np", curvature)
    diagonal += ~free
    return curvature


def _step(
    parameters: Floats,
    slope: Doubles,
    curvature: Doubles,
    damping: Doubles,
    lower: Floats,
    upper: Floats,
) -> Floats:
    free = ~_held(parameters, slope, lower, upper)
    damped = _only(curvature, free)
    diagonal = np.einsum("npp->np", damped)
    diagonal *= 1 + damping[:, None]
    step = np.linalg.solve(damped, (slope * free)[:, :, None])[:, :, 0]
    return step.astype(np.float32)


def _covariance(curvature: Doubles, variance: Doubles, free: Bools) -> Doubles:
    """Inverse curvature of the negative log probability in the free parameters."""
    both_free = free[:, :, None] & free[:, None, :]
    covariance: Doubles = np.linalg.inv(_only(curvature, free)) * (
        variance[:, None, None] * both_free
    )
    return covariance
