"""The two blood pools on low-resolution input-function images, by a small network.

Three classes (background, left, right ventricle) in one look at the whole field: the coarse images
hold the heart near their middle, and the bolus tells the ventricles apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from analysis.domain import Bools, Doubles, Floats
from analysis.segmentation.inference import LoadedNetwork, load_named, predict
from analysis.segmentation.window import (
    BIN_S,
    BINS_BEFORE_FOOT,
    bolus_foot_s,
    from_grid,
    resample_bins,
    to_grid,
)

AIF_MODEL: Final = "aif"
AIF_GRID_SPACING_MM: Final = 3.5
"""About two grid points a pixel, so that a cavity of three pixels keeps its shape; the window of 96
points spans 336 mm."""

LV_BLOOD: Final = 1
RV_BLOOD: Final = 2
LEAST_PROBABILITY: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class SeenPools:
    """Masks (H, W) of left and right ventricular blood, empty where none was seen, and by what."""

    lv: Bools
    rv: Bools
    model: str
    model_version: str


@lru_cache(maxsize=2)
def load_aif_network(version: str | None = None) -> LoadedNetwork:
    """The network for input-function images, by default its newest version.

    Raises ModelUnavailable where weights are missing or damaged.
    """
    return load_named(AIF_MODEL, version)


def pool_probabilities(
    series: Floats,
    time_s: Doubles,
    pixel_spacing_mm: tuple[float, float],
    *,
    version: str | None = None,
) -> Floats:
    """Probabilities (3, H, W) of background, left and right ventricle.

    series: (T, H, W) without proton-density frames, signal of any gain; time_s: (T,) increasing.
    """
    finite = np.nan_to_num(np.asarray(series, dtype=np.float32), posinf=0.0, neginf=0.0)
    foot = bolus_foot_s(finite, time_s)
    frames = resample_bins(finite, time_s, start_s=foot - BINS_BEFORE_FOOT * BIN_S)
    middle = ((series.shape[1] - 1) / 2, (series.shape[2] - 1) / 2)
    window = to_grid(
        frames,
        centre_rc=middle,
        pixel_spacing_mm=pixel_spacing_mm,
        grid_spacing_mm=AIF_GRID_SPACING_MM,
    )
    network = load_aif_network(version).network
    views = np.stack([window, window[:, ::-1], window[:, :, ::-1], window[:, ::-1, ::-1]])
    one, rows, columns, both = predict(network, views)
    mean = (one + rows[:, ::-1] + columns[:, :, ::-1] + both[:, ::-1, ::-1]) / 4
    return from_grid(
        mean,
        centre_rc=middle,
        pixel_spacing_mm=pixel_spacing_mm,
        shape=(series.shape[1], series.shape[2]),
        grid_spacing_mm=AIF_GRID_SPACING_MM,
    )


def find_blood_pools(
    series: Floats,
    time_s: Doubles,
    pixel_spacing_mm: tuple[float, float],
    *,
    version: str | None = None,
) -> SeenPools:
    """The ventricles on input-function images; arguments as for ``pool_probabilities``."""
    probabilities = pool_probabilities(series, time_s, pixel_spacing_mm, version=version)
    lv, rv = (probabilities[label] > LEAST_PROBABILITY for label in (LV_BLOOD, RV_BLOOD))
    return SeenPools(
        lv=np.asarray(lv),
        rv=np.asarray(rv),
        model=AIF_MODEL,
        model_version=load_aif_network(version).version,
    )
