"""The everyday network: a light residual 2D+t U-Net.

Time is folded into channels at once: two 1x1 convolutions turn the frames of a pixel into a few
temporal features, so that every later convolution is two-dimensional. Space-to-depth halves the
grid before the first 3x3 convolution; a pixel shuffle and one small full-resolution head bring the
answer back to the input grid (Xue 2020a uses 64/128/256 channels at full resolution instead; see
``reference.py``).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Shape of a LightUNet.

    frames: input channels, one per time bin.
    classes: background, LV cavity, myocardium, RV (AIF series: background, LV, RV).
    temporal_features: channels after the 1x1 projection of time.
    widths: channels at 1/2, 1/4 and 1/8 of the input grid.
    blocks: residual blocks per level, on the way down; the way up has one fewer, at least one.
    """

    frames: int = 32
    classes: int = 4
    temporal_features: int = 16
    widths: tuple[int, ...] = (40, 80, 112)
    blocks: tuple[int, ...] = (2, 2, 3)

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, object]) -> NetworkConfig:
        fields = dict(document)
        for name in ("widths", "blocks"):
            # Read from JSON: lists of whole numbers, checked by the class.
            fields[name] = tuple(fields[name])  # type: ignore[arg-type]
        # Read from JSON: an unknown or missing field raises.
        return cls(**fields)  # type: ignore[arg-type]


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut, batch normalisation before the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.leaky_relu(self.first_norm(self.first(x)), 0.1)
        return functional.leaky_relu(x + self.second_norm(self.second(y)), 0.1)


class _Fuse(nn.Module):
    """A convolution that changes the number of channels, normalised and activated."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(
            channels_in, channels_out, kernel, stride, padding=kernel // 2 if stride == 1 else 0,
            bias=False,
        )  # fmt: skip
        self.norm = nn.BatchNorm2d(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        return functional.leaky_relu(self.norm(self.convolution(x)), 0.1)


class LightUNet(nn.Module):
    """Logits (B, classes, H, W) from a normalised window (B, frames, H, W); H, W multiples of 8."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        features, widths = config.temporal_features, config.widths
        self.temporal = nn.Sequential(
            _Fuse(config.frames, 2 * features, 1), _Fuse(2 * features, features, 1)
        )
        self.stem = _Fuse(4 * features, widths[0], 3)
        self.down = nn.ModuleList(
            _Fuse(before, after, 2, stride=2)
            for before, after in zip(widths, widths[1:], strict=False)
        )
        self.encoder = nn.ModuleList(
            nn.Sequential(*(ResidualBlock(width) for _ in range(count)))
            for width, count in zip(widths, config.blocks, strict=True)
        )
        self.up = nn.ModuleList(
            _Fuse(before + after, before, 1)
            for before, after in zip(widths, widths[1:], strict=False)
        )
        self.decoder = nn.ModuleList(
            nn.Sequential(*(ResidualBlock(width) for _ in range(max(1, count - 1))))
            for width, count in zip(widths[:-1], config.blocks, strict=False)
        )
        self.expand = _Fuse(widths[0], 4 * features, 1)
        self.head = nn.Sequential(
            _Fuse(2 * features, features, 3), nn.Conv2d(features, config.classes, 1)
        )

    def forward(self, window: Tensor) -> Tensor:
        temporal = self.temporal(window)
        x = self.stem(functional.pixel_unshuffle(temporal, 2))
        skips = []
        for level, blocks in enumerate(self.encoder):
            if level:
                x = self.down[level - 1](x)
            x = blocks(x)
            skips.append(x)
        for level in range(len(self.decoder) - 1, -1, -1):
            x = functional.interpolate(x, scale_factor=2.0, mode="nearest")
            x = self.up[level](torch.cat((skips[level], x), dim=1))
            x = self.decoder[level](x)
        x = functional.pixel_shuffle(self.expand(x), 2)
        logits: Tensor = self.head(torch.cat((temporal, x), dim=1))
        return logits


def fold_normalisation(network: LightUNet) -> LightUNet:
    """Merge every batch normalisation into its convolution, in place, for a network in use.

    The answers stay the same up to rounding; a third of the memory traffic goes.
    """
    network.eval()
    for module in network.modules():
        if isinstance(module, _Fuse):
            module.convolution = fuse_conv_bn_eval(module.convolution, module.norm)
            # A folded norm is replaced by nothing, which has another type.
            module.norm = nn.Identity()  # type: ignore[assignment]
        elif isinstance(module, ResidualBlock):
            module.first = fuse_conv_bn_eval(module.first, module.first_norm)
            module.second = fuse_conv_bn_eval(module.second, module.second_norm)
            # A folded norm is replaced by nothing, which has another type.
            module.first_norm = module.second_norm = nn.Identity()  # type: ignore[assignment]
    return network
