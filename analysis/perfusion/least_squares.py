"""Batched damped least squares: Levenberg-Marquardt for all pixels in the same array calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.domain import Bools, Doubles, Floats

Evaluate = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""(parameters (N, P), data (N, T)) -> residual data - model (N, T), model Jacobian (N, P, T)."""

_START_DAMPING: Final = 1e-2
_SMALLEST_DAMPING: Final = 1e-6
_LARGEST_DAMPING: Final = 1e7
_ROUNDING: Final = 1e-11
"""Share of a curve's power that single precision cannot resolve."""


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
    """Result of a batch; N pixels, P parameters, T samples.

    parameters: (N, P). covariance: (N, P, P) of free parameters, zero rows for those on a bound.
    residual: (N, T) data - model. converged: (N,). on_bound: (N, P).
    """

    parameters: Floats
    covariance: Doubles
    residual: Floats
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
    data: Floats,
    start: Floats,
    lower: Floats,
    upper: Floats,
    *,
    prior: Prior,
    iterations: int = 40,
    tolerance: float = 0.003,
) -> Fitted:
    """Most probable parameters of each row within bounds (P,), from its own start (N, P).

    Minimises (T - P) ln(sum of squares) + the prior's misfit: normal noise of a level that each row
    tells by itself, so that without noise the prior loses all weight. Steps are Levenberg-Marquardt
    with Marquardt's scaling; parameters on a bound whose gradient points outwards are held for the
    step. A row leaves the batch when two successive steps change that sum (twice a log likelihood)
    by less than ``tolerance``.
    """
    best = np.clip(start, lower, upper)
    residual, jacobian = evaluate(best, data)
    freedom = max(data.shape[1] - best.shape[1], 1)
    floor = _ROUNDING * np.einsum("nt,nt->n", data, data, dtype=np.float64) + 1e-30

    def misfit(residual: Floats, parameters: Floats, rows: NDArray[np.intp]) -> Doubles:
        twice: Doubles = freedom * np.log(_power(residual) + floor[rows])
        return twice + prior.misfit(parameters)

    cost = misfit(residual, best, np.arange(len(data)))
    damping = np.full(len(data), _START_DAMPING, np.float32)
    calm = np.zeros(len(data), np.int8)
    active = np.arange(len(data))
    for _ in range(iterations):
        if active.size == 0:
            break
        weight = (_power(residual[active]) + floor[active]) / freedom
        step = _step(
            best[active],
            residual[active],
            jacobian[active],
            damping[active],
            lower,
            upper,
            prior,
            weight,
        )
        trial = np.clip(best[active] + step, lower, upper)
        trial_residual, trial_jacobian = evaluate(trial, data[active])
        trial_cost = misfit(trial_residual, trial, active)
        gained = cost[active] - trial_cost
        better = gained > 0
        small = np.abs(gained) <= tolerance
        rows = active[better]
        best[rows], residual[rows], jacobian[rows], cost[rows] = (
            trial[better],
            trial_residual[better],
            trial_jacobian[better],
            trial_cost[better],
        )
        damping[active] = np.clip(
            np.where(better, damping[active] * 0.2, damping[active] * 6),
            _SMALLEST_DAMPING,
            _LARGEST_DAMPING,
        )
        calm[active] = np.where(better & ~small, 0, calm[active] + small)
        stuck = damping[active] >= _LARGEST_DAMPING
        calm[active[stuck]] = 2
        active = active[calm[active] < 2]
    converged = calm >= 2
    variance = (_power(residual) + floor) / freedom
    free = ~_held(best, _downhill(best, residual, jacobian, prior, variance), lower, upper)
    return Fitted(
        parameters=best,
        covariance=_covariance(jacobian, prior.stiffness(best), variance, free),
        residual=residual,
        converged=converged,
        on_bound=(best <= lower) | (best >= upper),
    )


def _power(residual: Floats) -> Doubles:
    power: Doubles = np.einsum("nt,nt->n", residual, residual, dtype=np.float64)
    return power


def _downhill(
    parameters: Floats, residual: Floats, jacobian: Floats, prior: Prior, variance: Doubles
) -> Doubles:
    """Half the negative gradient (N, P) of the sum of squares with its prior."""
    data = np.matmul(jacobian, residual[:, :, None])[:, :, 0]
    downhill: Doubles = data - variance[:, None] * prior.pull(parameters)
    return downhill


def _held(parameters: Floats, downhill: Doubles, lower: Floats, upper: Floats) -> Bools:
    return ((parameters <= lower) & (downhill < 0)) | ((parameters >= upper) & (downhill > 0))


def _step(
    parameters: Floats,
    residual: Floats,
    jacobian: Floats,
    damping: Floats,
    lower: Floats,
    upper: Floats,
    prior: Prior,
    variance: Doubles,
) -> Floats:
    downhill = _downhill(parameters, residual, jacobian, prior, variance)
    held = _held(parameters, downhill, lower, upper)
    normal = _normal_matrix(jacobian, prior.stiffness(parameters), variance, ~held)
    diagonal = np.einsum("npp->np", normal)
    diagonal *= 1 + damping[:, None]
    downhill[held] = 0
    return np.linalg.solve(normal, downhill[:, :, None])[:, :, 0].astype(np.float32)


def _normal_matrix(jacobian: Floats, stiffness: Floats, variance: Doubles, free: Bools) -> Doubles:
    """J^T J plus the prior (N, P, P), with unit rows for parameters that are not free."""
    products = np.matmul(jacobian, jacobian.transpose(0, 2, 1))
    normal: Doubles = products.astype(np.float64)
    normal *= free[:, :, None] & free[:, None, :]
    diagonal = np.einsum("npp->np", normal)
    prior = variance[:, None] * stiffness
    diagonal += np.where(free, prior + 1e-9 * diagonal + 1e-15, 1.0)
    return normal


def _covariance(jacobian: Floats, stiffness: Floats, variance: Doubles, free: Bools) -> Doubles:
    """Inverse curvature of the negative log probability in the free parameters."""
    inverse = np.linalg.inv(_normal_matrix(jacobian, stiffness, variance, free))
    both_free = free[:, :, None] & free[:, None, :]
    covariance: Doubles = inverse * (variance[:, None, None] * both_free)
    return covariance
