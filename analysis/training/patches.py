"""What a patch network trains on: squares anywhere around the heart (Yalcinkaya 2022)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional

from analysis.domain import Floats
from analysis.segmentation.patches import PATCH_FRAMES
from analysis.segmentation.window import normalise

FURTHEST_PX: Final = 16
"""With the place of the patch in its window, the heart's middle may lie on a patch's edge, as it
does in the windows of 128 pixels that the uncertainty is measured on."""


def move_anywhere(stored: Tensor, labels: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Stored samples (B, bins, h, w) and labels (B, h, w), each moved off its middle at random."""
    reach = FURTHEST_PX
    frames = functional.pad(stored, (reach,) * 4)
    truth = functional.pad(labels, (reach,) * 4)
    return _cut(frames, truth, stored.shape[-1], generator)


def cut_patches(
    window: Tensor, labels: Tensor, size: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    """One patch (B, 30, size, size) of each normalised window (B, bins, h, w), and its labels."""
    return _cut(window[:, :PATCH_FRAMES], labels, size, generator)


def _cut(frames: Tensor, labels: Tensor, size: int, generator: Generator) -> tuple[Tensor, Tensor]:
    corners = torch.randint(0, frames.shape[-1] - size + 1, (len(frames), 2), generator=generator)
    places = [(slice(r, r + size), slice(c, c + size)) for r, c in corners.tolist()]
    cut = [part[:, *place] for part, place in zip(frames, places, strict=True)]
    truth = [part[*place] for part, place in zip(labels, places, strict=True)]
    return torch.stack(cut), torch.stack(truth)


def middle_patches(
    windows: Floats, labels: np.ndarray[Any, Any], *, size: int
) -> tuple[Floats, np.ndarray[Any, Any]]:
    """The middle patch of each window (N, bins, h, w), normalised whole, and its labels."""
    at = (windows.shape[-1] - size) // 2
    inner = (slice(at, at + size), slice(at, at + size))
    seen = [
        normalise(torch.from_numpy(window[None]))[0, :PATCH_FRAMES, *inner].numpy()
        for window in windows
    ]
    return np.stack(seen), labels[:, *inner]
