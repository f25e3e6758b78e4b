"""The settings that all counted results of a project were made with, and whether a run has them."""

from __future__ import annotations

from typing import Any

from analysis.config import PipelineConfig
from qperfweb.runs.models import AnalysisRun, RunState
from qperfweb.studies.models import Study

OF_THE_PATIENT = "haematocrit"
"""Differs from study to study by nature, and does not change flow."""


def settings_of(run: AnalysisRun) -> dict[str, Any]:
    """Pipeline version, models and every choice of configuration that a run was made with."""
    chosen = PipelineConfig(**run.parameters.get("pipeline", {})).to_json()
    chosen.pop(OF_THE_PATIENT)
    return {
        "pipeline_version": run.pipeline_version,
        "models": dict(run.model_versions),
        "configuration": chosen,
    }


def deviations(run: AnalysisRun, settings: dict[str, Any]) -> list[str]:
    """What a run was made with that the project does not allow, in words; empty: it counts."""
    own = settings_of(run)
    found = []
    if own["pipeline_version"] != settings["pipeline_version"]:
        found.append(
            f"pipeline {own['pipeline_version']} instead of {settings['pipeline_version']}"
        )
    for part, what in (("models", "model"), ("configuration", "setting")):
        for name in sorted({*own[part], *settings[part]}):
            have, want = own[part].get(name), settings[part].get(name)
            if have != want:
                found.append(f"{what} {name} {_word(have)} instead of {_word(want)}")
    return found


def counted_run(study: Study, settings: dict[str, Any]) -> AnalysisRun | None:
    """The newest result of a study that was made with these settings."""
    runs = study.runs.filter(state=RunState.SUCCEEDED).order_by("-id")
    return next((run for run in runs if not deviations(run, settings)), None)


def why_not(study: Study, settings: dict[str, Any]) -> str:
    """Why a study has no result that counts, as a sentence."""
    run = study.runs.filter(state=RunState.SUCCEEDED).order_by("-id").first()
    if run is None:
        return "It has no result yet."
    return f"Its result does not count: {', '.join(deviations(run, settings))}."


def _word(value: Any) -> str:
    return "unset" if value in (None, {}, []) else str(value)
