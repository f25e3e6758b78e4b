"""How the images of a training sample move: what alignment leaves, or what it has not seen yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.phantom.sample_planes import SamplePlane

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_FEWEST_BRIGHT: Final = 5


@dataclass(frozen=True, kw_only=True)
class Movement:
    """Movement of every frame: the heart's own shift and squeeze, the surroundings' shift.

    heart: (H, W) share that moves with the heart; heart_px, around_px: (T, 2) rows and columns;
    squeeze: (T,) radial; through_plane: (T,) 0-1, how far the slice has left its plane.
    """

    heart: Floats
    centre_rc: tuple[float, float]
    heart_px: Floats
    around_px: Floats
    squeeze: Floats
    through_plane: Floats

    def warp(self, images: Floats) -> Floats:
        """Frames (T, H, W) as they are seen, by backward linear interpolation."""
        moved = np.empty_like(images)
        for k, image in enumerate(images):
            maps = self._sources(self.heart_px[k], self.around_px[k], float(self.squeeze[k]))
            moved[k] = cv2.remap(image, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return moved

    def seen_while_bright(self, shares: Floats, beyond: Floats | None, gd: Doubles) -> Floats:
        """Where pools (K, H, W) lie in the median of the frames in which they are bright.

        A reader draws on those frames. In breathing patients they lie millimetres away from the
        resting position, up to a whole coarse pixel. The five brightest frames count at least: a
        single gasp is not where the pool lies. beyond: the pools where the slice goes when it
        leaves its plane; gd: (K, T) concentration in each.
        """
        places = []
        for index, (share, level) in enumerate(zip(shares, gd, strict=True)):
            bright = level >= min(0.5 * level.max(), np.sort(level)[-_FEWEST_BRIGHT:][0])
            if beyond is not None:
                depth = np.float32(np.median(self.through_plane[bright]))
                share = share + depth * (beyond[index] - share)
            maps = self._sources(
                np.median(self.heart_px[bright], axis=0),
                np.median(self.around_px[bright], axis=0),
                float(np.median(self.squeeze[bright])),
            )
            places.append(
                cv2.remap(share, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            )
        return np.stack(places)

    def _sources(self, heart: Floats, around: Floats, squeeze: float) -> tuple[Floats, Floats]:
        """Columns and rows (H, W) that pixels are read from: shifts of the heart and around it."""
        height, width = self.heart.shape
        rows, columns = np.meshgrid(
            np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32), indexing="ij"
        )
        rest = 1.0 - self.heart
        row_shift = self.heart * (heart[0] + squeeze * (rows - self.centre_rc[0]))
        column_shift = self.heart * (heart[1] + squeeze * (columns - self.centre_rc[1]))
        return (
            (columns + (column_shift + rest * around[1])).astype(np.float32),
            (rows + (row_shift + rest * around[0])).astype(np.float32),
        )


def sample_movement(
    rng: np.random.Generator,
    beats_s: Doubles,
    *,
    plane: SamplePlane,
    reach_mm: float,
    scale: float,
    breathing_mm: float,
) -> Movement:
    """The heart trembles, drifts and squeezes, gasps leave it displaced, the surroundings slide.

    breathing_mm: free breathing of heart and surroundings alike, on top.
    """
    count = beats_s.size
    period = rng.uniform(3.0, 8.0)
    phase = 2.0 * np.pi * beats_s / period + rng.uniform(0.0, 2.0 * np.pi)
    breath = np.sin(phase) + rng.normal(0.0, 0.3, count)
    heading = rng.uniform(0.0, 2.0 * np.pi)
    direction = np.array([np.sin(heading), np.cos(heading)])
    around = breath[:, None] * direction * (abs(rng.normal(0.0, 4.0)) * scale / plane.spacing_mm)
    unsteady = abs(rng.normal(0.0, 0.35)) * scale + 0.05
    tremble: Doubles = rng.normal(0.0, unsteady, (count, 2))
    drift = np.cumsum(rng.normal(0.0, 0.06 * scale, (count, 2)), axis=0)
    tremble += drift - drift[count // 2]
    gasps = rng.random(count) < rng.choice((0.0, 0.03, 0.08))
    tremble[gasps] += rng.normal(0.0, 2.0 * scale, (int(gasps.sum()), 2))
    squeeze = rng.normal(0.0, abs(rng.normal(0.0, 0.015)) * scale + 1e-9, size=(count,))
    if breathing_mm > 0:
        down = np.sin(0.5 * phase) ** 4 * breathing_mm / plane.spacing_mm
        free = down[:, None] * np.array([-0.9, 0.2])
        tremble += free
        around += 0.7 * free
    through = np.clip(0.5 * (1.0 + breath) * rng.uniform(0.0, 1.0), 0.0, 1.0)
    height, width = plane.x.shape
    rows, columns = np.meshgrid(
        np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32), indexing="ij"
    )
    row, column = plane.centre_rc
    distance = np.hypot(rows - row, columns - column) * np.float32(plane.spacing_mm)
    outside = (distance - 1.35 * reach_mm) / np.float32(0.15 * reach_mm)
    heart = 1.0 / (1.0 + np.exp(np.clip(outside, -30.0, 30.0)))
    return Movement(
        heart=heart.astype(np.float32),
        centre_rc=plane.centre_rc,
        heart_px=tremble.astype(np.float32),
        around_px=around.astype(np.float32),
        squeeze=squeeze.astype(np.float32),
        through_plane=through.astype(np.float32),
    )
