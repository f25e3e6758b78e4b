"""Stored samples of the segmentation network, drawn from the simulator.

A simulated series goes through the same time axis, bolus detection and grid as a real one, with the
heart somewhere near the middle of a field that is wider than the window.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from analysis.domain import Bytes, Floats
from analysis.phantom import training_sample
from analysis.phantom.heart import Heart, Papillary
from analysis.segmentation.window import (
    BIN_S,
    GRID_SPACING_MM,
    bolus_foot_s,
    resample_bins,
    to_grid,
)
from analysis.training.augment import STORED_BINS, STORED_BINS_BEFORE_FOOT, STORED_SIZE

LEAD_S: Final = 11.0
STEP_S: Final = 0.5
FRAMES: Final = 100
PIXEL_SPACINGS_MM: Final = (1.3, 2.6)
OFF_CENTRE_SHARE: Final = 0.3
OFF_CENTRE_MM: Final = 24.0
"""Some hearts lie far from the middle, as they do in the first look at a whole image."""
WILD_SHARE: Final = 0.7
CROWDED_SHARE: Final = 0.4
"""Cavities that papillary muscles and trabeculae nearly fill, as contracted mid slices show them:
readers still draw the endocardium around the muscles."""


def draw_sample(rng: np.random.Generator) -> tuple[Floats, Bytes]:
    """Frames (STORED_BINS, STORED_SIZE, STORED_SIZE) and labels of one simulated slice."""
    spacing = float(rng.uniform(*PIXEL_SPACINGS_MM))
    crowded = rng.random() < CROWDED_SHARE
    sample = training_sample(
        rng,
        size=int(np.ceil(STORED_SIZE * GRID_SPACING_MM / spacing)) + 2,
        frames=FRAMES,
        dt_s=STEP_S,
        lead_s=LEAD_S,
        pixel_spacing_mm=spacing,
        tier="wild" if rng.random() < WILD_SHARE else "standard",
        centre_jitter_mm=OFF_CENTRE_MM if rng.random() < OFF_CENTRE_SHARE else 4.0,
        change_heart=partial(crowd_cavity, rng) if crowded else None,
    )
    foot = bolus_foot_s(sample.series, sample.time_s)
    start = foot - STORED_BINS_BEFORE_FOOT * BIN_S
    frames = resample_bins(sample.series, sample.time_s, start_s=start, bins=STORED_BINS)
    soft = np.stack([sample.labels == label for label in range(4)]).astype(np.float32)
    middle = (sample.labels.shape[0] - 1) / 2, (sample.labels.shape[1] - 1) / 2
    both = to_grid(
        np.concatenate((frames, soft)),
        centre_rc=middle,
        pixel_spacing_mm=(spacing, spacing),
        size=(STORED_SIZE, STORED_SIZE),
    )
    labels: Bytes = both[STORED_BINS:].argmax(axis=0).astype(np.uint8)
    return both[:STORED_BINS], labels


def crowd_cavity(rng: np.random.Generator, heart: Heart) -> Heart:
    """The same heart with large papillary muscles near the wall and deep trabeculae."""
    cavity = max(heart.epi_radius_mm - heart.wall_mm, 4.0)
    muscles = tuple(
        Papillary(
            angle_deg=float(angle + rng.normal(0.0, 20.0)),
            reach=float(rng.uniform(0.6, 0.95)),
            radius_mm=float(np.clip(rng.uniform(0.25, 0.48) * cavity, 1.5, 10.0)),
            elongation=float(rng.uniform(0.6, 1.6)),
            from_z=float(rng.uniform(0.05, 0.3)),
            to_z=float(rng.uniform(0.75, 1.0)),
        )
        for angle in (45.0, -70.0, 200.0)[: int(rng.integers(2, 4))]
    )
    depth = float(rng.uniform(0.1, 0.65)) * cavity
    return replace(heart, papillaries=muscles, trabeculae_mm=min(depth, 9.0))
