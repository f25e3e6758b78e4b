"""Patch-level uncertainty as published: the reference for the everyday uncertainty map.

Yalcinkaya 2022: a U-Net sees 64x64 patches of 30 frames; a pixel's uncertainty is the standard
deviation of its myocardium probability over all patches that cover it, at a stride of 2 pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from analysis.constants import MYOCARDIUM
from analysis.domain import Floats

PATCH_SIZE: Final = 64
PATCH_FRAMES: Final = 30
UNCERTAINTY_STRIDE: Final = 2
PATCH_WINDOW: Final = 128
"""Side of the window around the heart: 1089 patches at stride 2, all of which hold its middle."""

CHOSEN_SEED: Final = 55


class _Pair(nn.Sequential):
    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__(
            nn.Conv2d(channels_in, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )


class PatchUNet(nn.Module):
    """Logits (B, classes, 64, 64) from patches (B, 30, 64, 64): a U-Net of base width 32."""

    def __init__(self, *, frames: int = PATCH_FRAMES, classes: int = 4, base: int = 32) -> None:
        super().__init__()
        widths = [base * 2**level for level in range(4)]
        self.down = nn.ModuleList(
            _Pair(before, after) for before, after in zip([frames, *widths], widths, strict=False)
        )
        self.up = nn.ModuleList(
            _Pair(before + after, before) for before, after in zip(widths, widths[1:], strict=False)
        )
        self.last = nn.Conv2d(base, classes, 1)

    def forward(self, patch: Tensor) -> Tensor:
        skips: list[Tensor] = []
        x = patch
        for level, pair in enumerate(self.down):
            x = pair(functional.max_pool2d(x, 2) if level else x)
            skips.append(x)
        for level in range(len(self.up) - 1, -1, -1):
            x = functional.interpolate(x, scale_factor=2.0, mode="nearest")
            x = self.up[level](torch.cat((skips[level], x), dim=1))
        logits: Tensor = self.last(x)
        return logits


def patch_corners(
    shape: tuple[int, int], stride: int, size: int = PATCH_SIZE
) -> Iterator[tuple[int, int]]:
    """Upper left corners of all patches that lie within a window of that shape."""
    for row in range(0, shape[0] - size + 1, stride):
        for column in range(0, shape[1] - size + 1, stride):
            yield row, column


def spread_corners(window: int = PATCH_WINDOW, *, cells: int = 7) -> list[tuple[int, int]]:
    """One corner of the stride-2 lattice out of each of cells x cells parts of it, seeded.

    A regular coarse stride would meet the network's own grid of 8 pixels in the same few phases and
    miss what shifts by 2 pixels change; of 120 random choices this one agreed best with all corners
    on five simulated slices (docs/validation/uncertainty.md).
    """
    places = (window - PATCH_SIZE) // UNCERTAINTY_STRIDE + 1
    edges = np.linspace(0, places, cells + 1)
    rng = np.random.default_rng(CHOSEN_SEED)
    return [
        (
            int(UNCERTAINTY_STRIDE * np.floor(rng.uniform(edges[row], edges[row + 1]))),
            int(UNCERTAINTY_STRIDE * np.floor(rng.uniform(edges[column], edges[column + 1]))),
        )
        for row in range(cells)
        for column in range(cells)
    ]


@dataclass(frozen=True, kw_only=True)
class PatchAnswer:
    """What all patches together say of a window; zero where no patch lies.

    mean: (4, H, W) mean probabilities. votes: (4, H, W) share of the patches in which each class is
    the likeliest. spread: (H, W) UM, standard deviation of the myocardium's probability.
    """

    mean: Floats
    votes: Floats
    spread: Floats


def patch_uncertainty(
    network: nn.Module,
    window: Floats,
    corners: Sequence[tuple[int, int]],
    *,
    size: int = PATCH_SIZE,
    batch: int = 1,
) -> PatchAnswer:
    """Segment every patch of a normalised window (frames, H, W) and gather the answers.

    Raises ValueError where there is no corner.
    """
    if not corners:
        raise ValueError(f"a window of {window.shape[1:]} holds no {size}-pixel patch")
    field = window.shape[1:]
    total, votes, squares, count = (np.zeros((rows, *field)) for rows in (4, 4, 1, 1))
    with torch.inference_mode():
        for start in range(0, len(corners), batch):
            part = corners[start : start + batch]
            patches = np.stack([window[:, r : r + size, c : c + size] for r, c in part])
            tensor = torch.from_numpy(patches).contiguous(memory_format=torch.channels_last)
            answers = network(tensor).softmax(dim=1).numpy()
            for (row, column), answer in zip(part, answers, strict=True):
                place = (slice(None), slice(row, row + size), slice(column, column + size))
                total[place] += answer
                votes[place] += answer == answer.max(axis=0)
                squares[place] += answer[MYOCARDIUM].astype(np.float64) ** 2
                count[place] += 1
    seen = np.maximum(count, 1)
    mean = total / seen
    variance = squares[0] / seen[0] - mean[MYOCARDIUM] ** 2
    return PatchAnswer(
        mean=mean.astype(np.float32),
        votes=(votes / seen).astype(np.float32),
        spread=np.sqrt(np.clip(variance, 0, None)).astype(np.float32),
    )
