"""Flow of regions of the wall, from the median curve of each and in the light of the others.

At the noise of one pixel the fitted flow is skewed: below 2 ml/min/g the mean over pixels reads
high, above it low. The median curve of a region's core has little noise, and border pixels of blood
do not move it. What one such curve cannot tell (flow, blood volume and exchange trade places at
high flow), the other regions of the same heart tell: all are taken as drawn from one normal
population, in logarithms, whose centre and spread the regions themselves give.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from analysis.domain import Bools, Bytes, Doubles, Floats
from analysis.perfusion import batch
from analysis.perfusion.input_function import InputFunction, input_function
from analysis.perfusion.least_squares import Fitted, Prior
from analysis.perfusion.models import model_named
from analysis.perfusion.time_axis import fitting_frames

FEWEST_CORE_PIXELS: Final = 6
FEWEST_PIXELS: Final = 4
FEWEST_REGIONS: Final = 4
"""Of fewer regions nothing can be said about their population."""

MODEL_ERROR: Final = 0.05
"""Share of a curve that input function, conversion and model leave wrong. Median curves have less
noise than that, and fitted to the last percent they would overrule all that is known of hearts."""

_ROUNDS: Final = 3
_NARROWEST_MBF_SD: Final = 0.2
_NARROWEST_SD: Final = 0.15
"""Log SD (the delay's: s) below which a population of so few regions is not believed."""
_HEAVY_TAIL: Final = 5.0
"""Degrees of freedom of the t distribution by which odd regions count less for the others."""


@dataclass(frozen=True, kw_only=True)
class RegionCurves:
    """Median curves (N, T) in mmol/L of the regions of one slice, and their times (T,)."""

    numbers: tuple[int, ...]
    curves: Floats
    time_s: Doubles


@dataclass(frozen=True, kw_only=True)
class RegionFlow:
    """MBF of one region in ml/min/g and its standard error from the fit."""

    mbf: float
    mbf_se: float


def region_curves(
    gd: Floats,
    time_s: Doubles,
    regions: Bytes,
    mixed: Bools,
    *,
    near_blood: Bools | None = None,
) -> RegionCurves:
    """The median curve of every region of a slice.

    gd: (T, H, W) mmol/L. regions: (H, W) number of each pixel's region, 0 outside the wall. mixed:
    (H, W) pixels that are known to hold blood. near_blood: (H, W) pixels that lie beside it; they
    and others at the wall's edge are left out where enough remain. A region of hardly any pixels
    has no curve.
    """
    core = ndimage.binary_erosion(regions > 0)
    deep = core if near_blood is None else core & ~near_blood
    numbers, curves = [], []
    for number in np.unique(regions[regions > 0]):
        pure = (regions == number) & ~mixed
        choices = (pure & deep, pure & core)
        inside = next((c for c in choices if c.sum() >= FEWEST_CORE_PIXELS), pure)
        if inside.sum() < FEWEST_PIXELS:
            continue
        pixels = gd[:, inside]
        filled = np.isfinite(pixels).all(axis=1)
        curve = np.full(len(gd), np.nan, np.float32)
        curve[filled] = np.median(pixels[filled], axis=1)
        numbers.append(int(number))
        curves.append(curve)
    shape = (len(numbers), len(gd))
    return RegionCurves(
        numbers=tuple(numbers), curves=np.reshape(np.array(curves), shape), time_s=time_s
    )


def fit_regions(
    slices: Sequence[RegionCurves],
    aif: Doubles,
    aif_time_s: Doubles,
    *,
    model: str = "btex",
    density: float = 1.0,
) -> list[dict[int, RegionFlow]]:
    """Flow of all regions of an acquisition together, by region number for each slice.

    aif: (T_a,) whole blood in mmol/L, baseline subtracted, at ``aif_time_s``. Between its samples
    it is a cubic spline: curves of so little noise show that boluses have no corners. A slice
    without a usable frame has no regions in the answer.
    """
    chosen = model_named(model)
    jobs: list[tuple[InputFunction, Floats] | None] = []
    for piece in slices:
        frames, _ = fitting_frames(chosen, aif, aif_time_s, piece.curves.T, piece.time_s)
        if frames.size <= len(chosen.PARAMETERS) + 1 or not piece.numbers:
            jobs.append(None)
            continue
        blood = input_function(aif, aif_time_s, piece.time_s[frames], interpolation="cubic")
        curves = np.ascontiguousarray(piece.curves[:, frames], np.float32) / np.float32(density)
        jobs.append((blood, curves))

    fits: list[Fitted | None] = []
    alone = known = batch.prior(chosen)
    for _ in range(_ROUNDS):
        fits = [
            None
            if job is None
            else batch.fit_curves(chosen, *job, known=known, model_error=MODEL_ERROR)
            for job in jobs
        ]
        made = [fit for fit in fits if fit is not None]
        if sum(len(fit.parameters) for fit in made) < FEWEST_REGIONS:
            break
        known = _population(Fitted.joined(made), alone)
    return [
        {} if fit is None else _flows(piece.numbers, fit)
        for piece, fit in zip(slices, fits, strict=True)
    ]


def _flows(numbers: Sequence[int], fit: Fitted) -> dict[int, RegionFlow]:
    mbf, mbf_se = batch.values_of(fit)[:, 0], batch.standard_errors_of(fit)[:, 0]
    return {
        number: RegionFlow(mbf=float(value), mbf_se=float(error))
        for number, value, error in zip(numbers, mbf, mbf_se, strict=True)
    }


def _population(fitted: Fitted, alone: Prior) -> Prior:
    """What the regions of a heart say of any one of them, beside what is known of all hearts."""
    found = fitted.parameters.astype(np.float64)
    variance = np.einsum("npp->np", fitted.covariance)
    variance = np.where(variance > 0, variance, 1.0)  # held on a bound: nothing is known
    narrowest = np.full(found.shape[1], _NARROWEST_SD)
    narrowest[0] = _NARROWEST_MBF_SD
    centre, spread = np.median(found, axis=0), np.ones(found.shape[1])
    for _ in range(10):
        expected = variance + spread
        trust = (_HEAVY_TAIL + 1) / (_HEAVY_TAIL + np.square(found - centre) / expected)
        centre = np.average(found, axis=0, weights=trust / expected)
        spread = np.average(np.square(found - centre), axis=0, weights=trust)
        spread = np.maximum(spread, np.square(narrowest))
    precision = alone.precision + 1 / spread
    usual = (alone.precision * alone.usual + centre / spread) / precision
    return replace(alone, usual=_single(usual), precision=_single(precision))


def _single(values: NDArray[np.floating]) -> Floats:
    return values.astype(np.float32)
