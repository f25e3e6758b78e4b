"""Networks that explain themselves: weights, their definition and their checksum in one folder.

``models/<name>/<version>/`` holds weights.safetensors (fp16), model.json (input definition,
architecture, training configuration, seeds, checksum) and MODEL_CARD.md. What is loaded is exactly
what was exported, or nothing is.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load, save
from torch import Tensor

from analysis.errors import ModelUnavailable

MODELS_FOLDER: Final = Path(__file__).resolve().parent.parent / "models"
WEIGHTS_FILE: Final = "weights.safetensors"
DOCUMENT_FILE: Final = "model.json"


@dataclass(frozen=True, kw_only=True)
class StoredModel:
    """One version of a network as read from its folder; document is model.json."""

    name: str
    version: str
    document: dict[str, Any]
    state: dict[str, Tensor]


def latest_version(name: str, *, folder: Path = MODELS_FOLDER) -> str:
    """Newest version of a network, versions being dotted numbers.

    Raises ModelUnavailable where there is none.
    """
    versions = [path.name for path in (folder / name).glob("*") if (path / DOCUMENT_FILE).is_file()]
    if not versions:
        raise ModelUnavailable(f"No weights of the {name} network under {folder / name}.")
    return max(versions, key=lambda text: tuple(int(part) for part in text.split(".")))


def load_model(
    name: str, version: str | None = None, *, folder: Path = MODELS_FOLDER
) -> StoredModel:
    """Read one version of a network, by default the newest, and verify its checksum.

    Raises ModelUnavailable where files are missing or the weights are not the exported ones.
    """
    version = version or latest_version(name, folder=folder)
    place = folder / name / version
    try:
        document = json.loads((place / DOCUMENT_FILE).read_text(encoding="utf-8"))
        content = (place / WEIGHTS_FILE).read_bytes()
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"The {name} network {version} cannot be read: {error}") from error
    if hashlib.sha256(content).hexdigest() != document.get("sha256"):
        raise ModelUnavailable(
            f"The weights of the {name} network {version} do not match their checksum; "
            "restore the folder from the release."
        )
    state = {key: value.float() for key, value in load(content).items()}
    return StoredModel(name=name, version=version, document=document, state=state)


def store_model(
    name: str,
    version: str,
    *,
    state: dict[str, Tensor],
    document: dict[str, Any],
    folder: Path = MODELS_FOLDER,
) -> Path:
    """Write weights (fp16) and model.json with their checksum; returns the folder."""
    place = folder / name / version
    place.mkdir(parents=True, exist_ok=True)
    content = save(
        {
            key: value.detach().to(torch.float16).contiguous()
            for key, value in state.items()
            if value.is_floating_point()
        }
    )
    (place / WEIGHTS_FILE).write_bytes(content)
    complete = {
        "name": name,
        "version": version,
        **document,
        "dtype": "float16",
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    text = json.dumps(complete, indent=2, ensure_ascii=False) + "\n"
    (place / DOCUMENT_FILE).write_text(text, encoding="utf-8")
    return place
