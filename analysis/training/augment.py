"""What a batch goes through before the network sees it: place, time, intensity.

After Yalcinkaya 2022: affine changes, flips, maps of intensity modulation, temporal noise and
contrast; the window's start in time varies like the bolus detection does. Grey values are changed
before the normalisation, as a scanner would.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Generator, Tensor
from torch.nn import functional

from analysis.segmentation.window import BINS, GRID_SIZE

STORED_SIZE: Final = 112
STORED_BINS: Final = 40
STORED_BINS_BEFORE_FOOT: Final = 8
"""Stored samples are wider and longer than the window, so that it can move inside them."""


def _uniform(low: float, high: float, shape: tuple[int, ...], generator: Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator)


def _chance(share: float, count: int, generator: Generator) -> Tensor:
    return torch.rand(count, generator=generator) < share


def take_window(stored: Tensor, start: Tensor) -> Tensor:
    """Bins start .. start + BINS of each sample (B, STORED_BINS, h, w); start: (B,)."""
    bins = start[:, None] + torch.arange(BINS)[None, :]
    return stored[torch.arange(len(stored))[:, None], bins]


def shift_in_time(stored: Tensor, nominal: int, generator: Generator) -> Tensor:
    """The window in time, up to three bins early or late; one series in eight ends early."""
    count = len(stored)
    jitter = (torch.randn(count, generator=generator) * 1.2).round().long().clamp(-3, 3)
    window = take_window(stored, nominal + jitter).clone()
    for index in torch.nonzero(_chance(0.125, count, generator)).flatten().tolist():
        end = int(torch.randint(BINS // 2, BINS, (1,), generator=generator))
        window[index, end:] = window[index, end - 1]
    return window


def move_in_space(
    window: Tensor, labels: Tensor, classes: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Rotate, scale, shear, mirror and shift samples (B, bins, h, w), labels (B, h, w).

    The labels come back as each class's share (B, classes, h, w) of a pixel: where the line between
    two classes passes is kept to a fraction of a pixel.
    """
    count, size = len(window), window.shape[-1]
    angle = _uniform(-math.pi, math.pi, (count,), generator)
    scale = torch.exp(_uniform(-0.22, 0.22, (count,), generator))
    stretch = torch.exp(_uniform(-0.08, 0.08, (count,), generator))
    shear = _uniform(-0.08, 0.08, (count,), generator)
    mirror = torch.where(_chance(0.5, count, generator), -1.0, 1.0)
    cosine, sine = torch.cos(angle), torch.sin(angle)
    rotation = torch.stack((cosine, -sine, sine, cosine), dim=1).view(count, 2, 2)
    shape = torch.zeros(count, 2, 2)
    shape[:, 0, 0] = scale * stretch * mirror
    shape[:, 0, 1] = shear
    shape[:, 1, 1] = scale / stretch
    matrix = rotation @ shape * (GRID_SIZE / size)
    shift = torch.randn(count, 2, generator=generator).clamp(-2.5, 2.5) * (4.0 / size)
    grid = functional.affine_grid(
        torch.cat((matrix, shift[:, :, None]), dim=2),
        [count, 1, GRID_SIZE, GRID_SIZE],
        align_corners=False,
    )
    moved = functional.grid_sample(window, grid, align_corners=False)
    soft = functional.one_hot(labels, classes).movedim(-1, 1).float()
    soft = functional.grid_sample(soft, grid, align_corners=False)
    soft[:, 0] += 1 - soft.sum(dim=1)
    return moved, soft


def smooth_fields(
    count: int, size: int, coarse: int, spread: float, generator: Generator
) -> Tensor:
    """Positive smooth random maps (count, 1, size, size) around 1, log-normal in amplitude."""
    nodes = torch.randn(count, 1, coarse, coarse, generator=generator)
    strength = _uniform(0, spread, (count, 1, 1, 1), generator)
    field = functional.interpolate(nodes, (size, size), mode="bicubic", align_corners=True)
    return torch.exp(field * strength)


def change_intensity(window: Tensor, generator: Generator) -> Tensor:
    """Gain, shading, contrast curve, missing baseline, beat-to-beat gain, noise, lost frames."""
    count, bins, size, _ = window.shape
    sizes = (count, 1, 1, 1)
    brightness = window.abs().amax(dim=1).flatten(1)
    rank = int(0.98 * brightness[:, ::5].shape[1])
    unit = brightness[:, ::5].kthvalue(rank, dim=1).values.clamp_min(1e-6).view(sizes)
    gain = smooth_fields(count, size, 3, 0.35, generator)
    gain = gain * smooth_fields(count, size, 6, 0.12, generator)
    gain = gain * (1 + 0.03 * torch.randn((count, bins, 1, 1), generator=generator))
    x = window * (gain / unit)
    for index in torch.nonzero(_chance(0.6, count, generator)).flatten().tolist():
        gamma = float(torch.exp(_uniform(-0.35, 0.35, (1,), generator)))
        x[index] = torch.sign(x[index]) * x[index].abs().clamp_min(1e-4) ** gamma
    without = _chance(0.3, count, generator).view(sizes) * _uniform(0.3, 1, sizes, generator)
    x -= without * x[:, :3].mean(dim=1, keepdim=True)
    for index in torch.nonzero(_chance(0.5, count, generator)).flatten().tolist():
        level = float(_uniform(0, 0.05, (1,), generator))
        x[index] += level * torch.randn(x[index].shape, generator=generator)
    lost = torch.rand((count, bins), generator=generator) < 0.01
    lost[:, 0] = False
    for index, frame in torch.nonzero(lost).tolist():
        x[index, frame] = x[index, frame - 1]
    return x


def augment(
    stored: Tensor,
    labels: Tensor,
    *,
    classes: int,
    nominal_start: int,
    generator: Generator,
    intensity_changes: bool = True,
    soft_labels: bool = False,
) -> tuple[Tensor, Tensor]:
    """A training batch: windows (B, BINS, GRID_SIZE, GRID_SIZE) not yet normalised, and labels.

    stored: (B, STORED_BINS, STORED_SIZE, STORED_SIZE); labels: (B, STORED_SIZE, STORED_SIZE).
    intensity_changes: False leaves time and grey values as they are and changes place alone.
    soft_labels: shares (B, classes, GRID_SIZE, GRID_SIZE) instead of one class per pixel.
    """
    if intensity_changes:
        window = shift_in_time(stored, nominal_start, generator)
    else:
        window = take_window(stored, torch.full((len(stored),), nominal_start))
    window, shares = move_in_space(window, labels, classes, generator)
    if intensity_changes:
        window = change_intensity(window, generator)
    return window, shares if soft_labels else shares.argmax(dim=1)


def without_time(window: Tensor) -> Tensor:
    """The window (B, bins, h, w) with its mean over time in every bin: what a 2D network sees."""
    return window.mean(dim=1, keepdim=True).expand_as(window).contiguous()
