"""Batched damped least squares: Levenberg-Marquardt for all pixels in the same array calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.domain import Bools, Doubles, Floats

Evaluate = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""(parameters (N, P), data (N, T)) -> residual data - model (N, T), model Jacobian (N, P, T)."""

_START_DAMPING: Final = 1e-2
_SMALLEST_DAMPING: Final = 1e-6
_LARGEST_DAMPING: Final = 1e7


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
    iterations: int = 30,
    tolerance: float = 1e-5,
) -> Fitted:
    """Minimise each row's sum of squares within bounds (P,) from its own start (N, P).

    Parameters on a bound whose gradient points outwards are held for the step (projected
    Levenberg-Marquardt with Marquardt's scaling). A row leaves the batch when two successive
    accepted steps gain less than ``tolerance`` of its sum of squares, or when none can be found.
    """
    best = np.clip(start, lower, upper)
    residual, jacobian = evaluate(best, data)
    cost = _cost(residual)
    damping = np.full(len(data), _START_DAMPING, np.float32)
    calm = np.zeros(len(data), np.int8)
    active = np.arange(len(data))
    for _ in range(iterations):
        if active.size == 0:
            break
        step = _step(
            best[active], residual[active], jacobian[active], damping[active], lower, upper
        )
        trial = np.clip(best[active] + step, lower, upper)
        trial_residual, trial_jacobian = evaluate(trial, data[active])
        trial_cost = _cost(trial_residual)
        gained = cost[active] - trial_cost
        better = gained > 0
        small = gained <= tolerance * cost[active]
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
        active = active[calm[active] < 2]
    converged = calm >= 2
    free = ~_held(best, _gradient(residual, jacobian), lower, upper)
    return Fitted(
        parameters=best,
        covariance=_covariance(jacobian, residual, free),
        residual=residual,
        converged=converged,
        on_bound=(best <= lower) | (best >= upper),
    )


def _cost(residual: Floats) -> Doubles:
    cost: Doubles = np.einsum("nt,nt->n", residual, residual, dtype=np.float64)
    return cost


def _gradient(residual: Floats, jacobian: Floats) -> Floats:
    gradient: Floats = np.matmul(jacobian, residual[:, :, None])[:, :, 0]
    return gradient


def _held(parameters: Floats, downhill: Floats, lower: Floats, upper: Floats) -> Bools:
    return ((parameters <= lower) & (downhill < 0)) | ((parameters >= upper) & (downhill > 0))


def _step(
    parameters: Floats,
    residual: Floats,
    jacobian: Floats,
    damping: Floats,
    lower: Floats,
    upper: Floats,
) -> Floats:
    downhill = _gradient(residual, jacobian)
    held = _held(parameters, downhill, lower, upper)
    jacobian = np.where(held[:, :, None], np.float32(0), jacobian)
    normal = np.matmul(jacobian, jacobian.transpose(0, 2, 1)).astype(np.float64)
    diagonal = np.einsum("npp->np", normal)
    diagonal += damping[:, None] * diagonal + np.where(held, 1.0, 1e-12)
    downhill = np.where(held, 0, downhill)
    return np.linalg.solve(normal, downhill[:, :, None].astype(np.float64))[:, :, 0].astype(
        np.float32
    )


def _covariance(jacobian: Floats, residual: Floats, free: Bools) -> Doubles:
    """sigma^2 (J^T J)^-1 of the free parameters, sigma^2 from the residual's degrees of freedom."""
    jacobian = np.where(free[:, :, None], jacobian, np.float32(0))
    normal = np.matmul(jacobian, jacobian.transpose(0, 2, 1)).astype(np.float64)
    diagonal = np.einsum("npp->np", normal)
    diagonal += np.where(free, 1e-9 * diagonal.max(axis=1, keepdims=True) + 1e-15, 1.0)
    freedom = np.maximum(residual.shape[1] - free.sum(axis=1), 1)
    variance = _cost(residual) / freedom
    covariance: Doubles = np.linalg.inv(normal) * variance[:, None, None]
    covariance *= free[:, :, None] & free[:, None, :]
    return covariance
