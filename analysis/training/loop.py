"""The training loop: seeded, resumable, logged; the same for every network.

A run lives in one folder: ``checkpoint.pt`` (everything needed to go on), ``log.csv`` and the
configuration. Batches come from the shards that exist; shards may still be arriving.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from analysis.domain import Floats
from analysis.segmentation.network import LightUNet
from analysis.segmentation.patches import PatchUNet
from analysis.segmentation.window import normalise
from analysis.training.augment import augment, without_time
from analysis.training.config import TrainingConfig
from analysis.training.loss import segmentation_loss
from analysis.training.patches import cut_patches, middle_patches, move_anywhere
from analysis.training.shards import ShardFolder

CHECKPOINT_FILE: Final = "checkpoint.pt"
LOG_FILE: Final = "log.csv"


@dataclass(kw_only=True)
class TrainingState:
    """Everything a run needs to go on where it stopped."""

    network: nn.Module
    averaged: nn.Module
    optimiser: torch.optim.Optimizer
    step: int = 0
    samples_seen: int = 0

    def save(self, path: Path) -> None:
        unfinished = path.with_suffix(".part")
        torch.save(
            {
                "network": self.network.state_dict(),
                "averaged": self.averaged.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "samples_seen": self.samples_seen,
            },
            unfinished,
        )
        unfinished.replace(path)

    def load(self, path: Path) -> None:
        stored = torch.load(path, weights_only=True)
        self.network.load_state_dict(stored["network"])
        self.averaged.load_state_dict(stored["averaged"])
        self.optimiser.load_state_dict(stored["optimiser"])
        self.step = stored["step"]
        self.samples_seen = stored["samples_seen"]


def new_state(
    config: TrainingConfig, *, warm_start: dict[str, Tensor] | None = None
) -> TrainingState:
    """Freshly seeded weights, or those of an earlier version of the same architecture."""
    torch.manual_seed(config.seed)
    # torch's stubs do not know a memory format alone.
    network = _build(config).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if warm_start is not None:
        network.load_state_dict(warm_start, strict=False)
    # torch's stubs do not know a memory format alone.
    averaged = _build(config).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged.load_state_dict(network.state_dict())
    averaged.eval()
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    return TrainingState(network=network, averaged=averaged, optimiser=optimiser)


def _build(config: TrainingConfig) -> nn.Module:
    return PatchUNet() if config.patch_size else LightUNet(config.network)


def learning_rate(config: TrainingConfig, step: int) -> float:
    """Constant after a linear warm-up, then falling linearly to zero at the last step."""
    rising = min(1.0, (step + 1) / max(1, config.warm_up_steps))
    left = (config.steps - step) / max(1.0, config.steps * config.decay_share)
    return config.learning_rate * rising * min(1.0, max(0.0, left))


@torch.no_grad()
def _average(state: TrainingState, decay: float) -> None:
    decay = min(decay, (1 + state.step) / (10 + state.step))
    pairs = zip(
        state.averaged.state_dict().values(), state.network.state_dict().values(), strict=True
    )
    for mean, new in pairs:
        if mean.is_floating_point():
            mean.lerp_(new, 1 - decay)


def half_precision_pays() -> bool:
    """Whether this processor multiplies bfloat16 natively (twice the speed of float32)."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def as_seen(config: TrainingConfig, window: Tensor) -> Tensor:
    """The normalised window, without time where the configuration says so.

    Patches were cut from a window that was normalised whole, and stay as they are.
    """
    if config.patch_size:
        return window
    seen = normalise(window)
    return without_time(seen) if config.one_frame else seen


def only_classes(labels: Tensor, classes: int) -> Tensor:
    """Labels with what a network of so few classes does not tell apart as background."""
    return torch.where(labels < classes, labels, 0)


def train_step(
    state: TrainingState, config: TrainingConfig, window: Tensor, labels: Tensor
) -> float:
    """One optimiser step on a batch of raw windows and labels; returns the loss."""
    for group in state.optimiser.param_groups:
        group["lr"] = learning_rate(config, state.step)
    state.network.train()
    batch = as_seen(config, window).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16, enabled=half_precision_pays()):
        logits = state.network(batch)
    loss = segmentation_loss(
        logits.float(),
        labels,
        torch.tensor(config.class_weights),
        edge_weight=config.edge_weight,
    )
    state.optimiser.zero_grad(set_to_none=True)
    # torch's backward has no types.
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(state.network.parameters(), 2.0)
    state.optimiser.step()
    _average(state, config.averaging)
    state.step += 1
    state.samples_seen += len(labels)
    return float(loss.detach())


def validation_dice(
    network: nn.Module,
    windows: Floats,
    labels: np.ndarray[Any, Any],
    *,
    config: TrainingConfig,
) -> list[float]:
    """Mean Dice per class but the background over samples that hold the class."""
    answers = []
    with torch.inference_mode():
        for start in range(0, len(windows), 16):
            batch = as_seen(config, torch.from_numpy(windows[start : start + 16]))
            answers.append(network(batch).argmax(dim=1).numpy())
    answer = np.concatenate(answers)
    means = []
    for label in range(1, min(config.network.classes, int(labels.max()) + 1)):
        here, there = answer == label, labels == label
        present = there.any(axis=(1, 2))
        overlap = (
            2
            * (here & there).sum(axis=(1, 2))
            / np.maximum(here.sum(axis=(1, 2)) + there.sum(axis=(1, 2)), 1)
        )
        means.append(float(overlap[present].mean()))
    return means


def train(
    config: TrainingConfig,
    state: TrainingState,
    *,
    shards: Path,
    out: Path,
    validation: tuple[Floats, np.ndarray[Any, Any]],
    nominal_start: int,
    until: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = print,
    look_every: int = 200,
) -> TrainingState:
    """Train until the configured number of steps or until() says stop; checkpoint on the way.

    The batch of step n depends on the seed, n and the shards that exist; with all shards written
    beforehand a resumed run equals an uninterrupted one.
    """
    if config.patch_size:
        validation = middle_patches(*validation, size=config.patch_size)
    out.mkdir(parents=True, exist_ok=True)
    (out / "config.json").write_text(json.dumps(config.to_json(), indent=2), encoding="utf-8")
    samples = ShardFolder.open(shards)
    losses: list[float] = []
    began = time.monotonic()
    while state.step < config.steps and not until():
        rng = np.random.default_rng([config.seed, state.step, 7])
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        batch = samples.batch(rng, config.batch_size, open_wall_share=config.open_wall_share)
        stored, truth = (torch.from_numpy(part) for part in batch)
        truth = only_classes(truth, config.network.classes)
        if config.patch_size:
            stored, truth = move_anywhere(stored, truth, generator)
        window, labels = augment(
            stored,
            truth,
            classes=config.network.classes,
            nominal_start=nominal_start,
            generator=generator,
            intensity_changes=config.intensity_changes,
            soft_labels=config.soft_labels and not config.patch_size,
        )
        if config.patch_size:
            window, labels = cut_patches(normalise(window), labels, config.patch_size, generator)
        losses.append(train_step(state, config, window, labels))
        if state.step % look_every == 0 or state.step == config.steps:
            dice = validation_dice(state.averaged, *validation, config=config)
            line = {
                "step": state.step,
                "samples_on_disk": len(samples),
                "samples_seen": state.samples_seen,
                "loss": round(float(np.mean(losses)), 4),
                "dice": " ".join(f"{value:.3f}" for value in dice),
                "seconds": round(time.monotonic() - began),
            }
            _log(out / LOG_FILE, line)
            say("  ".join(f"{key} {value}" for key, value in line.items()))
            state.save(out / CHECKPOINT_FILE)
            losses = []
            samples = ShardFolder.open(shards)
    state.save(out / CHECKPOINT_FILE)
    return state


def _log(path: Path, line: dict[str, Any]) -> None:
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(line))
        if new:
            writer.writeheader()
        writer.writerow(line)
