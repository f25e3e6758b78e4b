"""Series whose motion can be judged: real ones by their labels, moved ones, simulated ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.constants import LV_CAVITY, MYOCARDIUM
from analysis.domain import Bytes, Doubles, Floats
from analysis.errors import BadInput
from analysis.evaluation.motion_metrics import between_frames, warp_labels

MOVING_BELOW: Final = 0.88
"""Myocardial Dice between uncorrected frames under which a series counts as moving."""
BREATH_PX: Final = 8.0
TURN_DEG: Final = 4.0
BEND_PX: Final = (1.5, 3.0)
BEND_WIDTH_PX: Final = 16.0


@dataclass(frozen=True, kw_only=True)
class MotionCase:
    """A series (T, H, W) with labels (T, H, W), 0 in unlabelled frames.

    kind: ``moving`` or ``still`` as acquired, ``added`` with added breathing.
    """

    name: str
    kind: str
    signal: Floats
    labels: Bytes
    pixel_spacing_mm: tuple[float, float]


def real_series(folder: Path) -> Iterator[MotionCase]:
    """The labelled series ``PNN_state_slice.npz`` in a folder."""
    paths = sorted(folder.glob("*_*_*.npz"))
    if not paths:
        raise BadInput(f"No PNN_state_slice.npz series in {folder}.")
    for path in paths:
        with np.load(path) as stored:
            signal = stored["signal"].astype(np.float32)
            drawn = stored["labels"]
            spacing = float(stored["pixel_spacing_mm"])
        labels = np.select([drawn == 2, drawn == 1], [LV_CAVITY, MYOCARDIUM], 0).astype(np.uint8)
        before, _ = between_frames(labels)
        yield MotionCase(
            name=path.stem,
            kind="moving" if before < MOVING_BELOW else "still",
            signal=signal,
            labels=labels,
            pixel_spacing_mm=(spacing, spacing),
        )


def with_breathing(case: MotionCase, seed: int) -> MotionCase:
    """The same series breathing: 8 px peak to peak, +-4 degrees, 1.5-3 px of smooth bending.

    Image (cubic) and labels are moved by the same fields, on top of the motion there is.
    """
    rng = np.random.default_rng([seed, 3])
    count, height, width = case.signal.shape
    frame = np.arange(count)
    period, phase = rng.uniform(3.5, 7.0), rng.uniform(0, 2 * np.pi)
    breath = _uneven_sine(rng, frame, period, phase)
    turn = _uneven_sine(rng, frame, period, phase + rng.uniform(-1, 1))
    bend = rng.uniform(*BEND_PX) * np.sin(2 * np.pi * 1.1 * frame / period + phase + 1)
    direction = rng.uniform(-0.5, 0.5)
    heart = np.argwhere(case.labels > 0)[:, 1:].mean(axis=0)
    rows, columns = np.indices((height, width), dtype=np.float32)
    rows, columns = rows - heart[0], columns - heart[1]
    near = np.hypot(rows, columns) < 30
    shape = np.stack([_smooth_noise(rng, (height, width)) for _ in range(2)])
    shape /= np.hypot(shape[0], shape[1])[near].max()
    signal, labels = np.empty_like(case.signal), np.zeros_like(case.labels)
    for t in range(count):
        angle = np.deg2rad(TURN_DEG * turn[t])
        cosine, sine = np.cos(angle), np.sin(angle)
        field = np.stack(
            [
                cosine * rows - sine * columns - rows,
                sine * rows + cosine * columns - columns,
            ]
        )
        field[0] += BREATH_PX / 2 * breath[t] * np.cos(direction)
        field[1] += BREATH_PX / 2 * breath[t] * np.sin(direction)
        field = (field + bend[t] * shape).astype(np.float32)
        signal[t] = _warp_cubic(case.signal[t], field)
        labels[t] = warp_labels(case.labels[t], field)
    return replace(case, name=f"{case.name} +{seed}", kind="added", signal=signal, labels=labels)


def cropped(case: MotionCase, margin: int) -> MotionCase:
    """The same series with ``margin`` pixels taken off the top and the left."""
    return replace(
        case,
        name=f"{case.name} cropped",
        signal=np.ascontiguousarray(case.signal[:, margin:, margin:]),
        labels=np.ascontiguousarray(case.labels[:, margin:, margin:]),
    )


def _uneven_sine(
    rng: np.random.Generator, frame: NDArray[np.intp], period: float, phase: float
) -> Doubles:
    wander = np.cumsum(rng.normal(0, 0.25, frame.size))
    return np.asarray(np.sin(2 * np.pi * frame / period + phase + wander))


def _smooth_noise(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    noise = rng.normal(size=shape).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), BEND_WIDTH_PX), dtype=np.float32)


def _warp_cubic(image: Floats, field: Floats) -> Floats:
    rows, columns = np.indices(image.shape, dtype=np.float32)
    moved = cv2.remap(
        image, columns + field[1], rows + field[0], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, dtype=np.float32)
