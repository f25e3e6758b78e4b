"""Simulated samples on disk: written once by any number of processes, read in any order.

A shard is one .npz-free pair of files: ``<seed>-<number>.frames.npy`` (N, bins, h, w) float16 and
``.labels.npy`` (N, h, w) uint8, memory-mapped when read. The labels are written last and appear
under their name in one step, so a shard is there whole or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.constants import LV_CAVITY, MYOCARDIUM
from analysis.domain import Bytes, Floats

SAMPLES_PER_SHARD: Final = 32
OPEN_WALL: Final = 0.05

Sampler = Callable[[np.random.Generator], tuple[Floats, Bytes]]
"""Draws one stored sample: frames (bins, h, w) and labels (h, w)."""


def draw_samples(
    sampler: Sampler, *, seed: int, number: int, count: int
) -> Iterator[tuple[Floats, Bytes]]:
    """The count samples of shard ``number``: they depend on seed and number alone."""
    rng = np.random.default_rng([seed, number])
    for _ in range(count):
        yield sampler(rng)


def write_shard(
    folder: Path, sampler: Sampler, *, seed: int, number: int, count: int = SAMPLES_PER_SHARD
) -> Path:
    """Simulate one shard unless it is there already; returns the path of its labels."""
    folder.mkdir(parents=True, exist_ok=True)
    labels_path = folder / f"{seed}-{number:05d}.labels.npy"
    if labels_path.exists():
        return labels_path
    samples = list(draw_samples(sampler, seed=seed, number=number, count=count))
    frames = np.stack([half(frames) for frames, _ in samples])
    _save(folder / f"{seed}-{number:05d}.frames.npy", frames)
    _save(labels_path, np.stack([labels for _, labels in samples]).astype(np.uint8))
    return labels_path


def half(frames: Floats) -> NDArray[np.float16]:
    """Frames as float16 with 1 near their brightest value, so that no gain overflows."""
    unit = float(np.percentile(np.abs(frames), 99.9)) or 1.0
    result: NDArray[np.float16] = np.clip(frames / unit, -60, 60).astype(np.float16)
    return result


def _save(path: Path, array: NDArray[np.generic]) -> None:
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    with unfinished.open("wb") as file:
        np.save(file, array)
    unfinished.replace(path)


@dataclass(frozen=True)
class ShardFolder:
    """All shards in a folder at one moment, as one list of samples."""

    names: tuple[Path, ...]
    frames: tuple[NDArray[np.float16], ...]
    labels: tuple[NDArray[np.uint8], ...]

    @classmethod
    def open(cls, folder: Path) -> ShardFolder:
        names = tuple(sorted(folder.glob("*.labels.npy")))
        return cls(
            names=names,
            frames=tuple(
                np.load(str(name).replace(".labels.", ".frames."), mmap_mode="r") for name in names
            ),
            labels=tuple(np.load(name, mmap_mode="r") for name in names),
        )

    def __len__(self) -> int:
        return sum(len(part) for part in self.labels)

    def batch(
        self, rng: np.random.Generator, size: int, *, open_wall_share: float = 0.0
    ) -> tuple[Floats, NDArray[np.int64]]:
        """A random batch: frames (size, bins, h, w) and labels (size, h, w).

        open_wall_share: of the batch that comes from samples with an open wall, if there are any.
        """
        shard = rng.integers(0, len(self.labels), size)
        inside = [int(rng.integers(0, len(self.labels[s]))) for s in shard]
        if open_wall_share > 0 and len(places := self.open_walls()):
            count = round(open_wall_share * size)
            chosen = places[rng.integers(0, len(places), count)]
            shard[:count], inside[:count] = chosen[:, 0], chosen[:, 1].tolist()
        frames = np.stack([self.frames[s][i] for s, i in zip(shard, inside, strict=True)])
        labels = np.stack([self.labels[s][i] for s, i in zip(shard, inside, strict=True)])
        return frames.astype(np.float32), labels.astype(np.int64)

    def open_walls(self) -> NDArray[np.intp]:
        """Shard and place in it (N, 2) of every sample whose wall is open."""
        found = [
            np.stack([np.full(len(inside), number), inside], axis=1)
            for number, name in enumerate(self.names)
            if len(inside := _open_walls_in(name))
        ]
        return np.concatenate(found) if found else np.zeros((0, 2), dtype=np.intp)


@lru_cache(maxsize=4096)
def _open_walls_in(labels: Path) -> NDArray[np.intp]:
    """Samples of a shard in which more than OPEN_WALL of the cavity's rim is no myocardium."""
    stored = np.load(labels)
    cavity = stored == LV_CAVITY
    rim = np.zeros(stored.shape, dtype=bool)
    for axis in (1, 2):
        for step in (-1, 1):
            rim |= np.roll(cavity, step, axis=axis)
    rim &= ~cavity
    bare = (rim & (stored != MYOCARDIUM)).sum(axis=(1, 2))
    return np.flatnonzero(bare > OPEN_WALL * np.maximum(rim.sum(axis=(1, 2)), 1))
