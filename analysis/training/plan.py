"""What each trainable network learns from: its configuration, its samples, its validation set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from analysis.domain import Floats
from analysis.segmentation.window import BINS, BINS_BEFORE_FOOT, GRID_SIZE
from analysis.training.aif_samples import draw_aif_sample
from analysis.training.augment import STORED_BINS_BEFORE_FOOT, STORED_SIZE
from analysis.training.config import TrainingConfig, read_config
from analysis.training.samples import draw_sample
from analysis.training.shards import SAMPLES_PER_SHARD, Sampler, ShardFolder, write_shard


@dataclass(frozen=True, kw_only=True)
class TrainingPlan:
    """A network's configuration and where its samples come from."""

    config: TrainingConfig
    sampler: Sampler
    nominal_start: int = STORED_BINS_BEFORE_FOOT - BINS_BEFORE_FOOT

    def validation(self, folder: Path) -> tuple[Floats, np.ndarray[Any, Any]]:
        """Windows and labels never trained on, without augmentation; simulated once."""
        numbers = range(-(-self.config.validation_samples // SAMPLES_PER_SHARD))
        for number in numbers:
            write_shard(folder, self.sampler, seed=self.config.validation_seed, number=number)
        stored = ShardFolder.open(folder)
        margin = (STORED_SIZE - GRID_SIZE) // 2
        inner = slice(margin, margin + GRID_SIZE)
        bins = slice(self.nominal_start, self.nominal_start + BINS)
        frames = np.concatenate([part[:, bins, inner, inner] for part in stored.frames])
        labels = np.concatenate([part[:, inner, inner] for part in stored.labels])
        return frames.astype(np.float32), labels


SAMPLERS: dict[str, Sampler] = {
    "segmentation": draw_sample,
    "patches": draw_sample,
    "aif": draw_aif_sample,
}


def read_plan(name: str, *, steps: int | None = None) -> TrainingPlan:
    """The plan of a network by its name or by the path of its configuration.

    Raises BadInput where the configuration is missing or names no known network.
    """
    config = read_config(name)
    if steps is not None:
        config = replace(config, steps=steps)
    return TrainingPlan(config=config, sampler=SAMPLERS[config.name])
