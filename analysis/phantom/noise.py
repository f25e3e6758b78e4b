"""Smooth random fields in space: the grain of tissue, coil shading and trabeculation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]
LATTICE = 32


@dataclass(frozen=True, kw_only=True)
class NoiseField:
    """A periodic lattice of random values in -1..1 that can be read at any point in space."""

    lattice: Floats

    def at(self, x: Floats, y: Floats, z: Floats, *, scale_mm: float, octaves: int = 1) -> Floats:
        """Value noise with features of about ``scale_mm``, standard deviation about 0.4."""
        total = np.zeros_like(x)
        for octave in range(octaves):
            step = scale_mm / 2**octave
            where = np.stack([z / step + 7.3 * octave, y / step + 3.1 * octave, x / step])
            value = ndimage.map_coordinates(self.lattice, where, order=1, mode="grid-wrap")
            total += value.astype(np.float32) * np.float32(0.5**octave)
        return total


def random_field(rng: np.random.Generator) -> NoiseField:
    return NoiseField(lattice=rng.uniform(-1, 1, (LATTICE,) * 3).astype(np.float32))
