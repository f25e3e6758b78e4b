"""The parts of a segment's standard error that come from the slice itself.

One standard error of a segment = sqrt(fit^2 + contour^2 + common^2):

- fit: the pixels' own standard errors averaged as noise that neighbours share over
  ``noise_correlation_px`` pixels (interpolation in k-space and by motion correction);
- contour: how much the mean moves when endocardium, epicardium and insertion are each moved by
  their usual error, one after the other;
- common: a fraction of the value for what all segments share (input function, conversion, the
  trade between flow and delay), more where the input function was measured in a small cavity. It
  does not shrink when segments are averaged.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.domain import Bools, Doubles
from analysis.sectors.neighbourhood import Neighbourhood
from analysis.sectors.values import MeasureOptions, SliceMaps
from analysis.sectors.wedges import Wedges

LARGEST_PIXEL_ERROR: Final = 2.3
"""A pixel about which the fit says nothing lies anywhere within its bounds: 8 / sqrt(12)."""

RESTING_MBF: Final = 1.0
HIGH_MBF: Final = 1.8
"""ml/min/g. Up to the first, flow is well told from delay and blood volume; from the second, an
error of a percent in a curve's rise moves it by a quarter."""

FLOW_PER_INPUT: Final = 1.4
"""An input function that is 1 % low makes resting flow 1.4 % high: the curve of the wall then needs
a larger share of what flows in, and the higher the flow, the smaller the share that is taken up."""


def common_error(mbf: float, *, at_rest: float, high: float, of_input: float = 0.0) -> float:
    """Error in ml/min/g that all segments share: a fraction of the flow that grows with it.

    at_rest, high: the fraction up to RESTING_MBF and from HIGH_MBF, linear between them. of_input:
    standard error of the height of the input function, as a fraction of it.
    """
    usual = float(np.interp(mbf, (RESTING_MBF, HIGH_MBF), (at_rest, high)))
    return mbf * float(np.hypot(usual, FLOW_PER_INPUT * of_input))


def contour_errors(
    near: Neighbourhood, maps: SliceMaps, wedges: Wedges, options: MeasureOptions
) -> dict[int, float]:
    """Contour error of every segment: half the change over +- one usual error, each in turn."""
    assert maps.mbf is not None
    mbf = near.values(maps.mbf)
    valid = np.isfinite(mbf)

    def means(endo_mm: float, epi_mm: float, turned_deg: float) -> Doubles:
        inside = (
            valid
            & (near.radius_mm >= near.endo_mm + endo_mm * (near.endo_mm > 0))
            & (near.radius_mm < near.epi_mm + epi_mm)
        )
        numbers = wedges.segment_at(near.angles_deg[inside], turned_deg=turned_deg)
        count = np.bincount(numbers, minlength=17)
        total = np.bincount(numbers, weights=mbf[inside], minlength=17)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    boundary, turn = options.boundary_sd_mm, options.insertion_sd_deg
    squares = np.zeros(17)
    for plus, minus in (
        (means(boundary, 0, 0), means(-boundary, 0, 0)),
        (means(0, boundary, 0), means(0, -boundary, 0)),
        (means(0, 0, turn), means(0, 0, -turn)),
    ):
        squares += np.nan_to_num((plus - minus) / 2) ** 2
    return {segment: float(np.sqrt(squares[segment])) for segment in wedges.segments}


def fit_error(maps: SliceMaps, near: Neighbourhood, valid: Bools, options: MeasureOptions) -> float:
    if maps.mbf_se is None:
        return 0.0
    errors = near.values(maps.mbf_se)[valid]
    errors = np.minimum(errors[np.isfinite(errors)], LARGEST_PIXEL_ERROR)
    if errors.size == 0:
        return 0.0
    independent = max(1.0, errors.size / options.noise_correlation_px)
    return float(np.sqrt(np.mean(errors**2) / independent))
