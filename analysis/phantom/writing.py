"""Write a simulated exam to disk: the images as a scanner would send them, the truth apart."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from analysis.phantom.styles import STYLES
from analysis.phantom.values import SimulatedAcquisition, SimulatedExam, SimulatedSlice
from analysis.phantom.version import GENERATOR_VERSION

TRUTH_SCHEMA = "qperf-phantom-truth-1"


def write_dicom(exam: SimulatedExam, directory: Path) -> int:
    """Write the exam's objects below ``directory`` in its style; returns how many."""
    count = 0
    for path, ds in STYLES[exam.style](exam):
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        ds.save_as(target, enforce_file_format=True)
        count += 1
    return count


def write_truth(exam: SimulatedExam, directory: Path) -> None:
    """Write truth.json and one NPZ per slice and AIF, named like the pipeline's own.

    ``stress_mid.npz``: labels, segments, mbf, displacement_px, through_plane_mm, time_s, is_pd.
    ``stress_aif.npz``: labels (on the AIF grid), time_s and the true whole-blood curves
    aif_mmol_per_l and rv_mmol_per_l every 0.1 s, frame_time_s of the images.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for acquisition in exam.acquisitions:
        for one in acquisition.slices:
            _write_slice(directory / f"{acquisition.condition}_{one.position}.npz", one)
        _write_curves(directory / f"{acquisition.condition}_aif.npz", acquisition)
    text = json.dumps(truth_document(exam), indent=1, allow_nan=False)
    (directory / "truth.json").write_text(text + "\n", encoding="utf-8")


def truth_document(exam: SimulatedExam) -> dict[str, Any]:
    """What truth.json holds: everything that is not an array."""
    return {
        "schema": TRUTH_SCHEMA,
        "generator_version": GENERATOR_VERSION,
        "seed": exam.seed,
        "patient": asdict(exam.patient),
        "study_instance_uid": exam.study_instance_uid,
        "field_strength_t": exam.field_strength_t,
        "sequence": exam.sequence_class,
        "agent": exam.agent,
        "style": exam.style,
        "label_convention": asdict(exam.convention),
        "has_defect": exam.has_defect,
        "options": dict(exam.options),
        "acquisitions": [_acquisition_document(a) for a in exam.acquisitions],
    }


def _acquisition_document(acquisition: SimulatedAcquisition) -> dict[str, Any]:
    values = np.concatenate(
        [s.truth.mbf_ml_per_min_per_g[s.truth.segments > 0] for s in acquisition.slices]
    )
    aif = acquisition.truth_aif_mmol_per_l
    return {
        "condition": acquisition.condition,
        "started_at": acquisition.started_at.isoformat(),
        "heart_rate_bpm": acquisition.heart_rate_bpm,
        "breathing": acquisition.breathing,
        "snr": acquisition.snr,
        "readout": asdict(acquisition.sequence),
        "bolus": asdict(acquisition.bolus),
        "flow": asdict(acquisition.flow),
        "residual_mmol_per_l": acquisition.residual_mmol_per_l,
        "aif_peak_mmol_per_l": float(aif.max()),
        "aif_peak_s": float(acquisition.truth_time_s[int(np.argmax(aif))]),
        "global_mbf_ml_per_min_per_g": float(np.mean(values)) if values.size else None,
        "slices": [_slice_document(s) for s in acquisition.slices],
    }


def _slice_document(one: SimulatedSlice) -> dict[str, Any]:
    return {
        "position": one.position,
        "geometry": asdict(one.geometry),
        "contours": {k: v for k, v in asdict(one.truth.contours).items() if k != "flags"},
        "segment_mbf_ml_per_min_per_g": {str(k): v for k, v in one.truth.segment_mbf.items()},
    }


def _write_slice(path: Path, one: SimulatedSlice) -> None:
    np.savez(
        path,
        labels=one.truth.labels,
        segments=one.truth.segments,
        mbf=one.truth.mbf_ml_per_min_per_g,
        displacement_px=one.truth.displacement_px,
        through_plane_mm=one.truth.through_plane_mm,
        time_s=one.time_s,
        is_pd=one.is_pd,
        pixel_spacing_mm=np.asarray(one.geometry.pixel_spacing_mm),
    )


def _write_curves(path: Path, acquisition: SimulatedAcquisition) -> None:
    arrays: dict[str, Any] = {
        "time_s": acquisition.truth_time_s,
        "aif_mmol_per_l": acquisition.truth_aif_mmol_per_l,
        "rv_mmol_per_l": acquisition.truth_rv_mmol_per_l,
    }
    if acquisition.aif is not None:
        arrays["labels"] = acquisition.aif.labels
        arrays["frame_time_s"] = acquisition.aif.time_s
    np.savez(path, **arrays)
