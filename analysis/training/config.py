"""One readable configuration per network, in ``analysis/training/configs/<name>.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from analysis.errors import BadInput
from analysis.segmentation.network import NetworkConfig

CONFIG_FOLDER: Final = Path(__file__).resolve().parent / "configs"


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """What a training run depends on, besides the simulator's version.

    seed: of weights, batches and samples (sample i of shard s comes from [seed, s]).
    steps: optimiser steps; the learning rate is constant after the warm-up and falls linearly to
    zero over the last decay_share of them.
    class_weights: of the cross-entropy, one per class.
    edge_weight: how much more a pixel on a line between two classes counts in the cross-entropy.
    soft_labels: whether a pixel that two classes share is learnt as shared, or given to the larger.
    open_wall_share: of each batch that is drawn from the samples whose wall is open beside the
    outflow tract (an eighth of all); 0 draws from all samples alike.
    averaging: decay per step of the running mean of the weights, which is what is exported.
    validation_seed: of the simulated samples that are never trained on.
    intensity_changes: whether gain, contrast, noise and time are varied, or place alone.
    one_frame: whether the network sees the mean over time alone (2D instead of 2D+t).
    patch_size: side of the square patches that a patch network sees; 0 for the everyday network,
    which sees the whole window.
    """

    name: str
    seed: int = 1
    steps: int = 8000
    batch_size: int = 24
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    warm_up_steps: int = 200
    decay_share: float = 0.35
    class_weights: tuple[float, ...] = (1.0, 1.5, 2.5, 1.5)
    edge_weight: float = 0.0
    soft_labels: bool = False
    open_wall_share: float = 0.0
    averaging: float = 0.998
    validation_seed: int = 990_001
    validation_samples: int = 192
    intensity_changes: bool = True
    one_frame: bool = False
    patch_size: int = 0
    network: NetworkConfig = field(default_factory=NetworkConfig)

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def read_config(name: str) -> TrainingConfig:
    """The configuration of a network by its name or by the path of a .toml file.

    ``name@variant`` takes a variant that the file lists under ``[variants.<variant>]``; it names
    only what differs. Raises BadInput where there is none or a field is unknown.
    """
    name, _, variant = name.partition("@")
    path = Path(name) if name.endswith(".toml") else CONFIG_FOLDER / f"{name}.toml"
    try:
        document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"No usable training configuration {path}: {error}") from error
    variants: dict[str, dict[str, Any]] = document.pop("variants", {})
    if variant and variant not in variants:
        raise BadInput(f"{path} has no variant {variant}; it has {', '.join(variants) or 'none'}.")
    changed = variants.get(variant, {})
    shape = {**document.pop("network", {}), **changed.pop("network", {})}
    document |= changed
    network = NetworkConfig.from_json({**NetworkConfig().to_json(), **shape})
    if "class_weights" in document:
        document["class_weights"] = tuple(document["class_weights"])
    try:
        return TrainingConfig(**document, network=network)
    except TypeError as error:
        raise BadInput(f"{path}: {error}") from error
