"""Flow of a pixel in the light of its neighbours' (hierarchical Bayes; Scannell 2020).

At the noise of a first-pass pixel, flow, blood volume, exchange and delay can trade places, and the
errors of the fitted flow are skewed upwards: a mean over pixels reads high. Neighbours share their
physiology within limits. So each pixel's parameters are taken as drawn from a normal population
around the local mean of the wall, in logarithms, and get their most probable value under both the
own curve and the population. How wide the population is, is not assumed but estimated from the
slice itself (expectation maximisation): where pixels truly differ, little is pooled.

The local mean inherits what is left of that skew. `follow_regions` takes it out: the level of the
map comes from the regions' own curves (`perfusion.regional`), its detail from the pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from scipy import sparse, spatial

from analysis.domain import Bools, Bytes, Doubles, FlowMap
from analysis.perfusion.pixel_quality import largest_error
from analysis.quality import PixelQuality

REACH_MM: Final = 4.0
"""Gaussian SD of the neighbourhood: below the thickness of a wall and the size of any defect that
two millimetre pixels show; 4 to 8 mm served simulated exams alike."""

FEWEST_PIXELS: Final = 30
_ROUNDS: Final = 12
_START_SD: Final = 0.3
_SCALINGS: Final = 3
"""A smooth scale meets the means of unequal neighbours only by and by; what is left is 1 %."""
_UNKNOWN: Final = 1.0
"""Variance of a parameter that the fit holds on its bound: the fit knows nothing of it."""
_HEAVY_TAIL: Final = 5.0
"""Degrees of freedom of the t distribution by which odd pixels count less for the others."""
_SHARED_NOISE_PX: Final = 4.0
"""Neighbouring pixels share their noise (interpolation), see sectors.error."""


def pool_neighbours(
    flow: FlowMap, wall: Bools, *, pixel_spacing_mm: tuple[float, float]
) -> FlowMap:
    """The same maps with the pixels of ``wall`` (H, W) weighed against their neighbours.

    Fits that converged inside their bounds take part, also those that were too uncertain alone; if
    the neighbours make them certain enough they get a value. The map comes back as it is where
    fewer than FEWEST_PIXELS take part. Standard errors are those of the pooled values.
    """
    taking_part = np.isin(flow.quality, (PixelQuality.OK, PixelQuality.UNCERTAIN)) & wall
    if flow.coordinates is None or flow.covariance is None or taking_part.sum() < FEWEST_PIXELS:
        return flow
    fitted = flow.coordinates[taking_part].astype(np.float64)
    covariance = flow.covariance[taking_part].astype(np.float64)
    diagonal = np.einsum("npp->np", covariance)
    diagonal[diagonal <= 0] = _UNKNOWN
    where_mm = np.argwhere(taking_part) * np.asarray(pixel_spacing_mm)
    pooled, variance = _pooled(fitted, covariance, _neighbours(where_mm))

    values, errors = pooled.copy(), np.sqrt(variance)
    values[:, :-1] = np.exp(values[:, :-1])
    errors[:, :-1] *= values[:, :-1]
    quality = flow.quality.copy()
    quality[taking_part] = np.where(
        errors[:, 0] > largest_error(values[:, 0]), PixelQuality.UNCERTAIN, PixelQuality.OK
    )
    maps = {}
    for index, name in enumerate(flow.parameters):
        if name not in _FIELDS:
            continue
        for field, column in ((_FIELDS[name], values), (f"{name}_se", errors)):
            image = getattr(flow, field).copy()
            image[taking_part] = column[:, index]
            image[quality != PixelQuality.OK] = np.nan
            maps[field] = image
    return replace(flow, quality=quality, **maps)


def follow_regions(
    flow: FlowMap,
    regions: Bytes,
    mbf: Mapping[int, float],
    *,
    pixel_spacing_mm: tuple[float, float],
) -> FlowMap:
    """The same map, scaled smoothly so that the mean of each region is its own curve's MBF.

    regions: (H, W) number of each pixel's region, 0 outside the wall. mbf: ml/min/g by number; a
    region that is missing here follows its neighbours.
    """
    inside = (regions > 0) & np.isfinite(flow.mbf_ml_per_min_per_g)
    if not inside.any() or not mbf:
        return flow
    near = _neighbours(np.argwhere(inside) * np.asarray(pixel_spacing_mm))
    numbers = regions[inside]
    alone = flow.mbf_ml_per_min_per_g[inside].astype(np.float64)
    scale = np.zeros(numbers.size)
    for _ in range(_SCALINGS):
        missing, known = np.zeros(numbers.size), np.zeros(numbers.size)
        for number in np.intersect1d(numbers, list(mbf)):
            mine = numbers == number
            missing[mine] = np.log(mbf[number] / np.mean(alone[mine] * np.exp(scale[mine])))
            known[mine] = 1.0
        scale += _spread(near, missing) / np.maximum(_spread(near, known), 1e-9)
    maps = {}
    for field in ("mbf_ml_per_min_per_g", "mbf_se"):
        maps[field] = getattr(flow, field).copy()
        maps[field][inside] *= np.exp(scale)
    return replace(flow, **maps)


_FIELDS: Final = {
    "mbf": "mbf_ml_per_min_per_g",
    "vb": "vb_ml_per_g",
    "ps": "ps_ml_per_min_per_g",
    "visf": "visf_ml_per_g",
    "delay": "delay_s",
}


def _neighbours(where_mm: Doubles) -> sparse.csr_matrix:
    """(N, N) Gaussian weights of each pixel's neighbours, itself left out."""
    tree = spatial.cKDTree(where_mm)
    apart = tree.sparse_distance_matrix(tree, 3 * REACH_MM, output_type="coo_matrix")
    others = apart.row != apart.col
    weight = np.exp(-0.5 * (apart.data[others] / REACH_MM) ** 2)
    return sparse.csr_matrix((weight, (apart.row[others], apart.col[others])), shape=apart.shape)


def _pooled(
    fitted: Doubles, covariance: Doubles, near: sparse.csr_matrix
) -> tuple[Doubles, Doubles]:
    """Pooled parameters (N, P) and their variances (N, P)."""
    count, size = fitted.shape
    population = np.eye(size) * _START_SD**2
    trust = np.ones(count)
    floor = 1e-9 * np.eye(size)
    for round_ in range(_ROUNDS):
        own = np.linalg.inv(covariance + population)
        weight = own * trust[:, None, None]
        summed = _spread(near, weight) + floor
        mean = np.linalg.solve(summed, _spread(near, weight @ fitted[:, :, None]))[:, :, 0]
        rest = fitted - mean
        odd = np.einsum("np,npq,nq->n", rest, own, rest)
        trust = (_HEAVY_TAIL + size) / (_HEAVY_TAIL + odd)
        gain = population @ own
        moved = np.einsum("npq,nq->np", gain, rest)
        left = population - gain @ population
        if round_ < _ROUNDS - 1:
            share = trust / trust.sum()
            population = np.einsum("n,np,nq->pq", share, moved, moved) + np.tensordot(
                share, left, axes=1
            )
    of_mean = np.linalg.inv(summed)
    of_mean = of_mean @ _spread(near.power(2), weight) @ of_mean * _SHARED_NOISE_PX
    towards_mean = np.eye(size) - gain
    variance = left + towards_mean @ of_mean @ towards_mean.transpose(0, 2, 1)
    return mean + moved, np.maximum(np.einsum("npp->np", variance), 0)


def _spread(near: sparse.csr_matrix, values: Doubles) -> Doubles:
    """Weighted sums over each pixel's neighbours of values (N, ...)."""
    summed: Doubles = (near @ values.reshape(len(values), -1)).reshape(values.shape)
    return summed
