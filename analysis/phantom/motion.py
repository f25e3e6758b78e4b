"""How patients breathe, how hearts skip, and what that does to the images."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from analysis.domain import Bools, Doubles, Floats
from analysis.phantom.values import Breathing


def breathing_trace(
    rng: np.random.Generator, time_s: Doubles, kind: Breathing, *, amplitude_mm: float
) -> Doubles:
    """Downward movement of the diaphragm (T,) in mm; 0 is end-expiration."""
    period = float(rng.uniform(3.0, 6.0))
    phase = np.cumsum(np.diff(time_s, prepend=time_s[0]) / period) + float(rng.uniform(0, 1))
    depth = 1.0 + 0.15 * np.sin(2.0 * np.pi * time_s / 23.0 + float(rng.uniform(0, 6)))
    free = amplitude_mm * depth * np.sin(np.pi * phase) ** 4
    if kind == "free":
        return np.asarray(free)
    if kind == "drift":
        slope = float(rng.uniform(-0.6, 0.9)) * amplitude_mm
        return np.asarray(free + slope * (time_s - time_s[0]) / (time_s[-1] - time_s[0]))
    end_of_hold = float(rng.uniform(0.35, 0.8)) * (time_s[-1] - time_s[0]) + time_s[0]
    held = 0.04 * amplitude_mm * (time_s - time_s[0]) + rng.normal(0.0, 0.2, time_s.size)
    if kind == "held":
        return np.asarray(held * 0.3)
    gasp = 1.6 * amplitude_mm * np.exp(-(((time_s - end_of_hold - 1.0) / 0.9) ** 2))
    return np.asarray(np.where(time_s < end_of_hold, held, free) + gasp)


def heartbeats(
    rng: np.random.Generator,
    count: int,
    *,
    rate_bpm: float,
    irregularity: float,
    missed: float,
) -> Doubles:
    """RR intervals (count,) in s: respiratory variation, ectopic beats, missed triggers."""
    interval = np.full(count, 60.0 / rate_bpm)
    interval *= 1.0 + 0.02 * np.sin(2.0 * np.pi * np.arange(count) / 5.0)
    interval *= 1.0 + rng.normal(0.0, 0.01 + 0.5 * irregularity, count)
    ectopic = np.flatnonzero(rng.random(count - 1) < irregularity)
    interval[ectopic] *= 0.65
    interval[ectopic + 1] *= 1.3
    interval = np.clip(interval, 0.38, 2.2)
    return np.asarray(np.where(rng.random(count) < missed, 2.0 * interval, interval))


@dataclass(frozen=True, kw_only=True)
class PlaneMotion:
    """Movement within one slice: d(t, r, c) = carried(r, c) shift(t) + squeezed(r, c) squeeze(t).

    carried: (H, W) share of the breathing shift, 1 in the heart and abdomen, little in the chest
    wall. shift_px: (T, 2). squeezed: (2, H, W) pixels of radial movement per unit of squeeze (T,).
    """

    carried: Floats
    shift_px: Floats
    squeezed: Floats
    squeeze: Floats

    def displacement(self, frame: int) -> Floats:
        """(2, H, W): the material at (r, c) is seen at (r + d0, c + d1) in this frame."""
        moved = self.carried[None] * self.shift_px[frame][:, None, None]
        return np.asarray(moved + self.squeezed * self.squeeze[frame], dtype=np.float32)

    def usual_displacement(self, frames: Bools) -> Floats:
        """(2, H, W) in the median of some frames (T,), one at least."""
        shift = np.median(self.shift_px[frames], axis=0)[:, None, None]
        moved = self.carried[None] * shift + self.squeezed * np.median(self.squeeze[frames])
        return np.asarray(moved, dtype=np.float32)

    def all_displacements(self) -> Floats:
        """(T, 2, H, W) of every frame."""
        moved = self.carried[None, None] * self.shift_px[:, :, None, None]
        return np.asarray(moved + self.squeezed[None] * self.squeeze[:, None, None, None])


def warp(image: Floats, displacement: Floats, *, iterations: int = 6) -> Floats:
    """The image after every point of it moved by ``displacement``: the inverse by fixed point."""
    height, width = image.shape
    rows, columns = np.meshgrid(
        np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32), indexing="ij"
    )
    back = -displacement
    for _ in range(iterations):
        at_columns, at_rows = columns + back[1], rows + back[0]
        back = -np.stack(
            [
                cv2.remap(
                    part, at_columns, at_rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
                )
                for part in displacement
            ]
        )
    return np.asarray(
        cv2.remap(
            image,
            columns + back[1],
            rows + back[0],
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )


def plane_motion(
    *,
    body_depth_mm: Floats,
    radius_mm: Floats,
    epi_mm: Floats,
    centre_rc: tuple[float, float],
    shift_px: Doubles,
    squeeze: Doubles,
) -> PlaneMotion:
    """Motion of a slice from its anatomy: the chest wall hardly moves, the heart squeezes."""
    inward = np.clip((body_depth_mm - 8.0) / 25.0, 0.0, 1.0)
    carried = 0.12 + 0.88 * inward * inward * (3.0 - 2.0 * inward)
    height, width = carried.shape
    rows, columns = np.meshgrid(
        np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32), indexing="ij"
    )
    beyond = (radius_mm - 1.1 * epi_mm) / (0.2 * np.maximum(epi_mm, 5.0))
    near = 1.0 / (1.0 + np.exp(np.clip(beyond, -30.0, 30.0)))
    squeezed = -np.stack([(rows - centre_rc[0]) * near, (columns - centre_rc[1]) * near])
    return PlaneMotion(
        carried=carried.astype(np.float32),
        shift_px=shift_px.astype(np.float32),
        squeezed=squeezed.astype(np.float32),
        squeeze=squeeze.astype(np.float32),
    )
