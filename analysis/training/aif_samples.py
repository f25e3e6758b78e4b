"""Stored samples of the network that finds the blood pools on input-function images."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from analysis.domain import Bytes, Floats
from analysis.phantom import training_sample
from analysis.phantom.heart import Heart
from analysis.segmentation.blood_pools import AIF_GRID_SPACING_MM, LV_BLOOD, RV_BLOOD
from analysis.segmentation.window import BIN_S, bolus_foot_s, resample_bins, to_grid
from analysis.training.augment import STORED_BINS, STORED_BINS_BEFORE_FOOT, STORED_SIZE

LEAD_S: Final = 11.0
STEP_S: Final = 0.5
FRAMES: Final = 100
PIXEL_SPACINGS_MM: Final = (4.5, 7.0)
OFF_CENTRE_MM: Final = 22.0
WILD_SHARE: Final = 0.6
BASAL_SHARE: Final = 0.6
"""Input-function images are taken through the base; other heights are there for variety."""
SMALL_CAVITY_SHARE: Final = 0.4
SMALL_CAVITY_MM: Final = (5.0, 17.0)
"""Radius: three to seven coarse pixels across, where dynamics alone confuse cavity and wall."""

LARGEST_BREATHING_MM: Final = 12.0
"""Input-function images are not motion corrected."""

FIELD_MM: Final = (220.0, 392.0)
"""Height and width of the field; the window is zero outside the images."""


def draw_aif_sample(rng: np.random.Generator) -> tuple[Floats, Bytes]:
    """Frames (STORED_BINS, STORED_SIZE, STORED_SIZE) and labels 0-2 of one simulated series."""
    spacing = float(rng.uniform(*PIXEL_SPACINGS_MM))
    small = rng.random() < SMALL_CAVITY_SHARE
    sample = training_sample(
        rng,
        size=int(np.ceil(STORED_SIZE * AIF_GRID_SPACING_MM / spacing)) + 2,
        frames=FRAMES,
        dt_s=STEP_S,
        lead_s=LEAD_S,
        pixel_spacing_mm=spacing,
        tier="wild" if rng.random() < WILD_SHARE else "standard",
        output="aif",
        centre_jitter_mm=OFF_CENTRE_MM,
        residual_motion=float(rng.uniform(0.5, 2.0)),
        breathing_mm=float(rng.uniform(0.0, LARGEST_BREATHING_MM)) if rng.random() < 0.6 else 0.0,
        change_heart=partial(narrow_cavity, rng) if small else None,
        position="basal" if rng.random() < BASAL_SHARE else None,
    )
    series = _outside_field(rng, sample.series, spacing)
    foot = bolus_foot_s(series, sample.time_s)
    start = foot - STORED_BINS_BEFORE_FOOT * BIN_S
    frames = resample_bins(series, sample.time_s, start_s=start, bins=STORED_BINS)
    middle = (sample.labels.shape[0] - 1) / 2, (sample.labels.shape[1] - 1) / 2
    both = to_grid(
        np.concatenate((frames, sample.blood)),
        centre_rc=middle,
        pixel_spacing_mm=(spacing, spacing),
        size=(STORED_SIZE, STORED_SIZE),
        grid_spacing_mm=AIF_GRID_SPACING_MM,
    )
    left, right = both[STORED_BINS:]
    labels: Bytes = np.select(
        [(left > 0.5) & (left >= right), right > 0.5], [LV_BLOOD, RV_BLOOD], 0
    ).astype(np.uint8)
    return both[:STORED_BINS], labels


def narrow_cavity(rng: np.random.Generator, heart: Heart) -> Heart:
    """The same heart with a wall that leaves a narrow cavity."""
    cavity = float(rng.uniform(*SMALL_CAVITY_MM))
    return replace(heart, wall_mm=max(heart.epi_radius_mm - cavity, 5.0))


def _outside_field(rng: np.random.Generator, series: Floats, spacing: float) -> Floats:
    """The series with nothing outside a random field of view."""
    inside = np.zeros(series.shape[1:], dtype=bool)
    size = series.shape[1]
    height, width = (min(size, int(rng.uniform(*FIELD_MM) / spacing)) for _ in range(2))
    top, left = (size - height) // 2, (size - width) // 2
    inside[top : top + height, left : left + width] = True
    return np.asarray(np.where(inside, series, 0.0), dtype=np.float32)
