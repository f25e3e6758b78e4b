"""A run as the viewer shows it: how far it is, what it was asked to do differently and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from analysis.quality import FrameStatus
from qperfweb.runs.bundles import Bundle
from qperfweb.runs.models import AnalysisRun, RunPurpose
from qperfweb.runs.repairs import parameters_of, words_of

FRAME_WORDS = {
    FrameStatus.USED: "used",
    FrameStatus.PROTON_DENSITY: "proton density",
    FrameStatus.MOTION_NOT_CORRECTED: "motion could not be corrected",
    FrameStatus.DUPLICATE_TIME: "same time as another frame",
    FrameStatus.NOT_FINITE: "values missing",
    FrameStatus.CONSTANT: "empty image",
    FrameStatus.SATURATED: "saturated",
    FrameStatus.LEFT_OUT_BY_READER: "left out by the reader",
    FrameStatus.OTHER_SIZE: "other image size",
}


def run_json(run: AnalysisRun | None) -> dict[str, Any] | None:
    """State, progress and repairs of a run; None for none."""
    if run is None:
        return None
    return {
        "id": run.pk,
        "state": run.state,
        "stage": run.stage,
        "progress": run.progress,
        "failure_message": run.failure_message,
        "pipeline_version": run.pipeline_version,
        "models": run.model_versions,
        "outdated_reason": run.outdated_reason,
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "parent": run.parent_id,
        "purpose": run.purpose,
        "purpose_words": str(RunPurpose(run.purpose).label),
        "requested_by": run.requested_by.display_name if run.requested_by else None,
        "reason": run.reason,
        "changes": words_of(run),
        "parameters": parameters_of(run),
    }


def array_json(run: AnalysisRun, bundle: Bundle, key: str) -> dict[str, Any]:
    """Where the browser finds an array, and how to read it."""
    entry = bundle.entries[key]
    return {
        "url": reverse("run-array", args=[run.pk, key]),
        "dtype": "uint8" if entry["dtype"] == "bool" else entry["dtype"],
        "shape": entry["shape"],
        "scale": entry["scale"],
        "offset": entry["offset"],
        "unit": entry["unit"],
    }


def other_maps(run: AnalysisRun, bundle: Bundle, piece: Mapping[str, Any]) -> dict[str, Any]:
    """Flow maps of the models beside the main one, by model."""
    keys = {name: f"{piece['key']}.mbf_{name}" for name in piece.get("other_models") or ()}
    return {
        name: {**array_json(run, bundle, key), "unit": "ml/min/g"}
        for name, key in keys.items()
        if key in bundle
    }


def other_values(acquisition: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the models beside the main one measured, with the automated contours."""
    found = [
        {
            "model": model,
            "segment": segment["segment"],
            "value": segment["mbf_ml_per_min_per_g"],
            "standard_error": segment["standard_error"],
        }
        for piece in acquisition["slices"]
        for model, other in (piece.get("other_models") or {}).items()
        for segment in other["segments"]
    ]
    return found + [
        {
            "model": model,
            "segment": "GLOBAL",
            "value": other["global_mbf_ml_per_min_per_g"],
            "standard_error": other["global_standard_error"],
        }
        for model, other in (acquisition.get("other_models") or {}).items()
    ]


def aif_json(
    run: AnalysisRun, bundle: Bundle, acquisition: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The input function and the images that it was measured on; None where there is neither.

    An input function that could not be measured is shown too: its reader may draw the blood pool.
    """
    aif = acquisition.get("aif")
    images = _aif_images(run, bundle, acquisition["key"])
    if not aif or (aif["source"] == "none" and images is None):
        return None
    return {
        "source": aif["source"],
        "unit": aif.get("unit") or ("mmol/L" if aif["source"] == "dual" else "signal"),
        "time_s": aif["time_s"],
        "gd": aif["gd_mmol_per_l"],
        "gd_uncorrected": aif["gd_uncorrected_mmol_per_l"],
        "rv_gd": aif["rv_gd_mmol_per_l"],
        "foot_s": aif["foot_s"],
        "peak_s": aif["peak_s"],
        "valley_s": aif["valley_s"],
        "peak": aif["peak_mmol_per_l"],
        "first_pass_duration_s": aif["first_pass_duration_s"],
        "area": aif["area_mmol_s_per_l"],
        "images": images,
    }


def _aif_images(run: AnalysisRun, bundle: Bundle, key: str) -> dict[str, Any] | None:
    """Separate input images (dual sequence): movie of all echoes, masks, frames."""
    name = f"{key}_aif"
    if f"{name}.signal" not in bundle or f"{name}.lv_mask" not in bundle:
        return None
    left_out = set(parameters_of(run)["aif_excluded_frames"].get(key, ()))
    status = [
        int(FrameStatus.LEFT_OUT_BY_READER) if frame in left_out else int(code)
        for frame, code in enumerate(bundle.values(f"{name}.frame_status"))
    ]
    return {
        "movie": array_json(run, bundle, f"{name}.signal"),
        "lv_mask": array_json(run, bundle, f"{name}.lv_mask"),
        "rv_mask": array_json(run, bundle, f"{name}.rv_mask"),
        "pixel_spacing_mm": [float(x) for x in bundle.values(f"{name}.pixel_spacing_mm")],
        "time_s": [round(float(x), 3) for x in bundle.values(f"{name}.time_s")],
        "frame_status": status,
        "frame_status_words": [FRAME_WORDS[FrameStatus(code)] for code in status],
        "polygon_rc": parameters_of(run)["aif_lv_polygons_rc"].get(key),
    }
