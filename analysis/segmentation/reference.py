"""The published network, as the named reference for speed and, once trained, for accuracy.

Reconstructed from Xue 2020a: two levels down and up with two and three residual blocks, 64, 128 and
256 channels, 48 frames of 176x176; 23 convolutions of 3x3 and one 1x1 that gives the classes. The
paper does not state where channels change, so the number of weights may differ from theirs.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

REFERENCE_FRAMES: Final = 48
REFERENCE_SIZE: Final = 176


class _Block(nn.Module):
    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels_in, channels, 3, padding=1)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.second_norm = nn.BatchNorm2d(channels)
        self.shortcut = (
            nn.Identity() if channels_in == channels else nn.Conv2d(channels_in, channels, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        y = functional.leaky_relu(self.first_norm(self.first(x)), 0.1)
        y = self.second_norm(self.second(y))
        return functional.leaky_relu(y + self.shortcut(x), 0.1)


def _blocks(channels_in: int, channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(
        *(_Block(channels if index else channels_in, channels) for index in range(count))
    )


class ReferenceResUNet(nn.Module):
    """Logits (B, 4, H, W) from (B, 48, H, W); H and W multiples of 4."""

    def __init__(self, *, frames: int = REFERENCE_FRAMES, classes: int = 4) -> None:
        super().__init__()
        self.first = nn.Conv2d(frames, 64, 3, padding=1)
        self.down_1 = _blocks(64, 64, 2)
        self.down_2 = _blocks(64, 128, 3)
        self.bottom = _blocks(128, 256, 1)
        self.up_2 = _blocks(256 + 128, 128, 3)
        self.up_1 = _blocks(128 + 64, 64, 2)
        self.last = nn.Conv2d(64, classes, 1)

    def forward(self, window: Tensor) -> Tensor:
        full = self.down_1(self.first(window))
        middle = self.down_2(functional.max_pool2d(full, 2))
        x = self.bottom(functional.max_pool2d(middle, 2))
        x = functional.interpolate(x, scale_factor=2.0, mode="bilinear")
        x = self.up_2(torch.cat((middle, x), dim=1))
        x = functional.interpolate(x, scale_factor=2.0, mode="bilinear")
        x = self.up_1(torch.cat((full, x), dim=1))
        logits: Tensor = self.last(x)
        return logits


def seeded_reference(seed: int = 1) -> ReferenceResUNet:
    """The reference network with reproducible random weights: enough to measure its speed."""
    torch.manual_seed(seed)
    return ReferenceResUNet().eval()
