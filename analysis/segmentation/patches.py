"""Patch-level uncertainty as published: the reference for the everyday uncertainty map.

Yalcinkaya 2022: a U-Net sees 64x64 patches of 30 frames; a pixel's uncertainty is the standard
deviation of its myocardium probability over all patches that cover it, at a stride of 2 pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from analysis.constants import MYOCARDIUM
from analysis.domain import Doubles, Floats

PATCH_SIZE: Final = 64
PATCH_FRAMES: Final = 30
SEGMENTATION_STRIDE: Final = 32
UNCERTAINTY_STRIDE: Final = 2


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


def patch_corners(shape: tuple[int, int], stride: int) -> Iterator[tuple[int, int]]:
    """Upper left corners of all patches that lie within a window of that shape."""
    for row in range(0, shape[0] - PATCH_SIZE + 1, stride):
        for column in range(0, shape[1] - PATCH_SIZE + 1, stride):
            yield row, column


def patch_uncertainty(
    network: nn.Module, window: Floats, *, stride: int = UNCERTAINTY_STRIDE, batch: int = 1
) -> tuple[Floats, Floats]:
    """Mean probabilities (4, H, W) and spread of the myocardium (H, W) over all patches.

    window: (30, H, W) normalised. Pixels that no patch covers have zero in both.
    """
    corners = list(patch_corners((window.shape[1], window.shape[2]), stride))
    total: Doubles | None = None
    squares = np.zeros(window.shape[1:], dtype=np.float64)
    count = np.zeros(window.shape[1:], dtype=np.float64)
    with torch.inference_mode():
        for start in range(0, len(corners), batch):
            part = corners[start : start + batch]
            patches = np.stack([window[:, r : r + PATCH_SIZE, c : c + PATCH_SIZE] for r, c in part])
            answers = network(torch.from_numpy(patches)).softmax(dim=1).numpy()
            if total is None:
                total = np.zeros((answers.shape[1], *window.shape[1:]))
            for (row, column), answer in zip(part, answers, strict=True):
                place = (slice(row, row + PATCH_SIZE), slice(column, column + PATCH_SIZE))
                total[(slice(None), *place)] += answer
                squares[place] += answer[MYOCARDIUM].astype(np.float64) ** 2
                count[place] += 1
    if total is None:
        raise ValueError(f"a window of {window.shape[1:]} holds no {PATCH_SIZE}-pixel patch")
    mean = total / np.maximum(count, 1)
    variance = squares / np.maximum(count, 1) - mean[MYOCARDIUM] ** 2
    spread: Floats = np.sqrt(np.clip(variance, 0, None)).astype(np.float32)
    return mean.astype(np.float32), spread
