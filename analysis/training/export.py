"""From a training run to a folder under ``models/`` that explains itself."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from analysis.constants import PIPELINE_VERSION
from analysis.segmentation.blood_pools import AIF_GRID_SPACING_MM
from analysis.segmentation.window import BIN_S, BINS, BINS_BEFORE_FOOT, GRID_SIZE, GRID_SPACING_MM
from analysis.training.config import TrainingConfig
from analysis.training.loop import TrainingState
from analysis.weights import MODELS_FOLDER, store_model

CLASSES: dict[str, tuple[str, ...]] = {
    "segmentation": ("background", "lv_cavity", "myocardium", "rv_cavity"),
    "aif": ("background", "lv_blood", "rv_blood"),
}

GRID_SPACINGS_MM: dict[str, float] = {"segmentation": GRID_SPACING_MM, "aif": AIF_GRID_SPACING_MM}


def current_commit() -> str:
    """Commit of the code that trains, empty outside a checkout."""
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return answer.stdout.strip()


def export(
    config: TrainingConfig,
    state: TrainingState,
    version: str,
    *,
    samples: int,
    folder: Path = MODELS_FOLDER,
) -> Path:
    """Write the averaged weights of a run as one version of its network; returns the folder."""
    document: dict[str, Any] = {
        "architecture": config.network.to_json(),
        "classes": CLASSES[config.name],
        "input": {
            "axes": "batch, time bin, row, column",
            "bins": BINS,
            "bin_s": BIN_S,
            "bins_before_bolus_foot": BINS_BEFORE_FOOT,
            "grid": [GRID_SIZE, GRID_SIZE],
            "grid_spacing_mm": GRID_SPACINGS_MM[config.name],
            "normalisation": "analysis.segmentation.window.normalise",
        },
        "training": {
            **config.to_json(),
            "steps_done": state.step,
            "samples_simulated": samples,
            "samples_seen": state.samples_seen,
            "commit": current_commit(),
            "pipeline_version": PIPELINE_VERSION,
            "data": "simulated series only (analysis.phantom)",
        },
    }
    return store_model(
        config.name,
        version,
        state=state.averaged.state_dict(),
        document=document,
        folder=folder,
    )
