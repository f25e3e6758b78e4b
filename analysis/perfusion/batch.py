"""A model fitted to many tissue curves at once: guesses from a dictionary, then refinement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.domain import Doubles, Floats
from analysis.perfusion import least_squares
from analysis.perfusion.input_function import InputFunction
from analysis.perfusion.kinetics import (
    CEILING_SD,
    DELAY_BOUNDS_S,
    DELAY_SD_S,
    DELAY_STARTS_S,
    USUAL_DELAYS_S,
    Model,
)
from analysis.perfusion.least_squares import Fitted, Linearised, Prior

_NEGLIGIBLE: Final = 1e-7
_BATCH: Final = 4096
"""Pixels fitted together: the few that need many steps should not have to take them alone."""
_PIECE: Final = 512
"""Pixels whose model is evaluated together: their arrays stay in the processor's cache."""


def bounds(model: Model) -> tuple[Floats, Floats]:
    """Lower and upper bounds (P,) in fit coordinates: logarithms, then the delay in s."""
    lower = [np.log(p.lower) for p in model.PARAMETERS] + [DELAY_BOUNDS_S[0]]
    upper = [np.log(p.upper) for p in model.PARAMETERS] + [DELAY_BOUNDS_S[1]]
    return np.array(lower, np.float32), np.array(upper, np.float32)


def prior(model: Model) -> Prior:
    """What is known of a model's parameters, in fit coordinates; nothing of the MBF."""
    count = len(model.PARAMETERS) + 1
    usual, precision, wall = np.zeros((3, count), np.float32)
    floor, ceiling = bounds(model)
    for index, parameter in enumerate(model.PARAMETERS):
        if parameter.usual is not None:
            low, high = np.log(parameter.usual)
            usual[index] = (low + high) / 2
            precision[index] = ((high - low) / 2) ** -2
        if parameter.ceiling is not None:
            ceiling[index] = np.log(parameter.ceiling)
            wall[index] = CEILING_SD**-2
    floor[-1], ceiling[-1] = USUAL_DELAYS_S
    wall[-1] = DELAY_SD_S**-2
    return Prior(
        usual=usual, precision=precision, floor=floor, ceiling=ceiling, wall_precision=wall
    )


def tissue_curves(model: Model, aif: InputFunction, coordinates: Floats) -> Floats:
    """Model curves (N, T) for fit coordinates (N, P)."""
    response, _, _ = model.response(*_arguments(aif, coordinates))
    curves: Floats = response @ aif.weights
    return curves


def curves_and_jacobian(
    model: Model, aif: InputFunction, coordinates: Floats, basis: Floats
) -> tuple[Floats, Floats]:
    """Model curves (N, R) and their derivatives (P, N, R) with respect to fit coordinates.

    basis: (T, R), in whose terms curves are given.
    """
    response, by_time, by_parameter = model.response(*_arguments(aif, coordinates))
    weights = aif.weights @ basis
    slopes = np.concatenate([by_parameter, -by_time[None]])
    return response @ weights, slopes @ weights


def dictionary(model: Model) -> Floats:
    """First guesses (D, P) in fit coordinates: every combination of the parameters' starts."""
    axes = [np.log(p.starts) for p in model.PARAMETERS] + [np.array(DELAY_STARTS_S)]
    return np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], 1).astype(np.float32)


def parts(count: int, size: int = _BATCH) -> Iterator[slice]:
    """Slices that cut ``count`` pixels into batches, at least one."""
    return (slice(first, first + size) for first in range(0, max(1, count), size))


def fit_curves(
    model: Model,
    aif: InputFunction,
    curves: Floats,
    *,
    known: Prior | None = None,
    model_error: float = 0.0,
) -> Fitted:
    """Fit tissue curves (N, T), each from the nearest entry of the dictionary.

    known: what is known of the parameters beforehand, by default the model's own prior.
    model_error: share of a curve by which the model misses it beside its noise.

    Curves are fitted in a basis of all that the model can say with this input function: what lies
    outside it is noise that no parameter changes.
    """
    lower, upper = bounds(model)
    entries = dictionary(model)
    library = tissue_curves(model, aif, entries)
    basis = _basis(library)
    library = library @ basis
    known = known or prior(model)
    # Twice the log likelihood of an entry is linear in these columns of a curve and of the entry.
    scores = np.column_stack(
        [2 * library, -np.einsum("dr,dr->d", library, library), -known.misfit(entries)]
    ).astype(np.float32)

    def fit_part(data: Floats) -> Fitted:
        inside = data @ basis
        outside = data - inside @ basis.T
        outside_power = np.einsum("nt,nt->n", outside, outside, dtype=np.float64)

        noise = outside_power / max(1, data.shape[1] - basis.shape[1])
        looks = np.column_stack([inside, np.ones(len(data)), noise]).astype(np.float32)
        start = entries[np.argmax(looks @ scores.T, axis=1)]

        def evaluate(coordinates: Floats, rows: NDArray[np.intp]) -> Linearised:
            pieces = [near(coordinates[part], rows[part]) for part in parts(rows.size, _PIECE)]
            return Linearised(*(np.concatenate(values) for values in zip(*pieces, strict=True)))

        def near(coordinates: Floats, rows: NDArray[np.intp]) -> Linearised:
            model_curves, jacobian = curves_and_jacobian(model, aif, coordinates, basis)
            residual = inside[rows] - model_curves
            jacobian = jacobian.transpose(1, 0, 2)
            return Linearised(
                power=np.einsum("nr,nr->n", residual, residual, dtype=np.float64)
                + outside_power[rows],
                downhill=np.matmul(jacobian, residual[:, :, None])[:, :, 0],
                normal=np.matmul(jacobian, jacobian.transpose(0, 2, 1)),
            )

        return least_squares.fit(
            evaluate,
            start,
            lower,
            upper,
            prior=known,
            samples=data.shape[1],
            data_power=np.einsum("nt,nt->n", data, data, dtype=np.float64),
            model_error=model_error,
        )

    return Fitted.joined([fit_part(curves[part]) for part in parts(len(curves))])


def _basis(library: Floats) -> Floats:
    """Orthonormal columns (T, R) that span the model's curves (D, T) to single precision."""
    _, strength, directions = np.linalg.svd(library.astype(np.float64), full_matrices=False)
    basis: Floats = directions[strength > _NEGLIGIBLE * strength[0]].T.astype(np.float32)
    return basis


def values_of(fitted: Fitted) -> Doubles:
    """Parameter values (N, P) in their units, from logarithms; the delay in s comes last."""
    values = fitted.parameters.astype(np.float64)
    values[:, :-1] = np.exp(values[:, :-1])
    return values


def standard_errors_of(fitted: Fitted) -> Doubles:
    """Standard errors (N, P) of the values, first order from the covariance of the logarithms."""
    variance = np.diagonal(fitted.covariance, axis1=1, axis2=2)
    errors: Doubles = np.sqrt(np.maximum(variance, 0))
    errors[:, :-1] *= np.exp(fitted.parameters[:, :-1])
    return errors


def _arguments(aif: InputFunction, coordinates: Floats) -> tuple[Floats, Floats]:
    return aif.offset_s[None, :] - coordinates[:, -1:], np.exp(coordinates[:, :-1].T)
