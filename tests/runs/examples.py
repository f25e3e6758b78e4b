"""A study with a finished run whose numbers are known, small enough for every test."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from django.conf import settings
from django.utils import timezone

from analysis.constants import SEGMENTS_OF_POSITION
from analysis.domain import SliceContours, SliceGeometry
from analysis.sectors import (
    MeasureOptions,
    contours_to_json,
    geometry_to_json,
    maps_from_arrays,
    measure_slice,
    measurement_to_json,
)
from qperfweb.runs import services
from qperfweb.runs.bundles import write_bundle
from qperfweb.runs.models import AnalysisRun, RunPurpose, RunState
from qperfweb.studies.identity import Identity, identity_digest, seal
from qperfweb.studies.models import Instance, Patient, Series, Study

SIZE = 64
FRAMES = 12
EPICARDIUM = 15.0
"""Radius in pixels."""
FLOW = {"stress": 2.4, "rest": 0.8}

GEOMETRY = SliceGeometry(
    position_mm=(0.0, 0.0, 0.0),
    row_direction=(0.6, 0.8, 0.0),
    column_direction=(0.46, -0.35, -0.815),
    pixel_spacing_mm=(2.0, 2.0),
)


MBF_ONLY = {"stress_mid": {"mbf": np.ones((4, 4), dtype=np.float32)}}
"""Arrays of a bundle that no run names."""


def circle(radius: float, centre: tuple[float, float] = (32.0, 32.0)) -> tuple[Any, ...]:
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return tuple(
        (float(centre[0] + radius * np.sin(a)), float(centre[1] + radius * np.cos(a)))
        for a in angles
    )


CONTOURS = SliceContours(
    endo_rc=circle(9.0),
    epi_rc=circle(EPICARDIUM),
    rv_insertion_anterior_rc=(20.0, 23.0),
    rv_insertion_inferior_rc=(44.0, 23.0),
    lv_centre_rc=(32.0, 32.0),
)


def a_study(site: Any, number: int = 1) -> Study:
    """A study with one series of one object."""
    identity = Identity(
        patient_id=f"SIM-{number:04}", name=f"Simulated^Exam{number}", birth_date="1960-02-01"
    )
    patient, fresh = Patient.objects.get_or_create(
        site=site, identity_digest=identity_digest(identity)
    )
    if fresh:
        seal(patient, identity)
    study = Study.objects.create(
        site=site,
        patient=patient,
        study_instance_uid=f"1.2.826.0.1.3680043.10.999.{site.pk}.{number}",
        accession_number=f"A{number}",
        last_received_at=timezone.now(),
    )
    series = Series.objects.create(
        site=site, study=study, series_instance_uid=f"{study.study_instance_uid}.1", modality="MR"
    )
    an_object(series, 1)
    return study


def an_object(series: Series, number: int) -> Instance:
    return Instance.objects.create(
        site_id=series.site_id,
        series=series,
        sop_instance_uid=f"{series.series_instance_uid}.{number}",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.4",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        sha256=f"{number:064x}",
        size_bytes=1,
        rows=SIZE,
        columns=SIZE,
    )


def a_finished_run(study: Study) -> AnalysisRun:
    """A succeeded run: stress 2.4 and rest 0.8 ml/min/g everywhere, no open flags but one."""
    run = services.run_request(study, purpose=RunPurpose.FIRST)
    run = services.run_begin(run.pk)
    assert run is not None
    arrays, document = a_result()
    bundle = write_bundle(settings.STORE_DIR, arrays)
    assert services.run_succeed(run, document, bundle)
    run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED
    return run


def a_result() -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Arrays by slice and the document that the pipeline would hand back."""
    arrays: dict[str, dict[str, Any]] = {}
    acquisitions = []
    for condition, flow in FLOW.items():
        arrays[f"{condition}_aif"] = _aif_arrays()
        slices = []
        for position in ("basal", "mid", "apical"):
            key = f"{condition}_{position}"
            arrays[key] = _arrays(flow)
            slices.append(_slice(key, condition, position, arrays[key]))
        acquisitions.append(
            {
                "key": condition,
                "condition": condition,
                "sequence": "dual",
                "quantity": "mbf",
                "model": "btex",
                "field_strength_t": 1.5,
                "heart_rate_bpm": 70.0,
                "global_mbf_ml_per_min_per_g": flow,
                "global_standard_error": 0.2,
                "global_upslope": None,
                "aif": _aif(),
                "slices": slices,
                "flags": [],
            }
        )
    document = {
        "schema": "qperf-result-1",
        "pipeline_version": "0.1.0",
        "models": {"segmentation": "test"},
        "acquisitions": acquisitions,
        "mpr": [],
        "flags": [],
        "timings_s": {"load": 0.1},
    }
    return arrays, document


def _arrays(flow: float) -> dict[str, Any]:
    shape = (FRAMES, SIZE, SIZE)
    frames = np.linspace(0, 1, FRAMES, dtype=np.float32)[:, None, None]
    return {
        "signal": np.broadcast_to(100 + 50 * frames, shape).astype(np.float32),
        "corrected": np.broadcast_to(100 + 50 * frames, shape).astype(np.float32),
        "gd_mmol_per_l": np.broadcast_to(frames, shape).astype(np.float32),
        "gd_fit": np.broadcast_to(frames, shape).astype(np.float32),
        "mbf": np.full((SIZE, SIZE), flow, dtype=np.float32),
        "mbf_se": np.full((SIZE, SIZE), 0.3, dtype=np.float32),
        "quality": np.zeros((SIZE, SIZE), dtype=np.uint8),
        "uncertainty": np.full((SIZE, SIZE), 0.05, dtype=np.float32),
        "time_s": np.arange(FRAMES) * 0.9,
        "frame_status": np.zeros(FRAMES, dtype=np.uint8),
    }


def _aif_arrays() -> dict[str, Any]:
    """Input images of two echoes, 16 x 16 pixels; the pool is the middle 6 x 6."""
    pool = np.zeros((16, 16), dtype=bool)
    pool[5:11, 5:11] = True
    signal = np.broadcast_to(np.where(pool, 90.0, 10.0), (2, FRAMES, 16, 16))
    return {
        "signal": signal.astype(np.float32),
        "lv_mask": pool,
        "rv_mask": np.zeros_like(pool),
        "time_s": np.arange(FRAMES) * 0.9,
        "frame_status": np.zeros(FRAMES, dtype=np.uint8),
        "pixel_spacing_mm": np.array([5.0, 5.0]),
    }


def _slice(key: str, condition: str, position: Any, arrays: dict[str, Any]) -> dict[str, Any]:
    options = MeasureOptions()
    measured = measure_slice(
        CONTOURS, maps_from_arrays(arrays), position=position, geometry=GEOMETRY, options=options
    )
    flag = {"code": "check-contour", "message": "Look at the wall.", "severity": "check"}
    return {
        "key": key,
        "position": position,
        "series_instance_uid": f"1.2.3.{len(key)}",
        "arrays": f"{key}.npz",
        "shape": [FRAMES, SIZE, SIZE],
        "time_s": arrays["time_s"].tolist(),
        "frame_status": arrays["frame_status"].tolist(),
        "instance_uids": [f"1.2.3.{n}" for n in range(FRAMES)],
        "geometry": geometry_to_json(GEOMETRY),
        "standard_view": {
            "matrix": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
            "edges": {"top": "A", "right": "L", "bottom": "P", "left": "R"},
            "mirrored": False,
            "assumed": False,
        },
        "contours": contours_to_json(CONTOURS),
        "uncertainty": 0.1,
        "out_of_distribution": False,
        "segment_to_check": SEGMENTS_OF_POSITION[position][0],
        "flags": [{**flag, "segment": None}] if key == "stress_mid" else [],
        "measured_with": {
            "position": position,
            "geometry": geometry_to_json(GEOMETRY),
            "base_to_apex": None,
            "options": dataclasses.asdict(options),
        },
        **measurement_to_json(measured),
    }


def _aif() -> dict[str, Any]:
    times = [float(t) for t in np.arange(0, 60, 0.5)]
    curve = [4.0 * np.exp(-((t - 12) ** 2) / 12) for t in times]
    return {
        "source": "dual",
        "time_s": times,
        "gd_mmol_per_l": curve,
        "gd_uncorrected_mmol_per_l": curve,
        "rv_gd_mmol_per_l": curve,
        "foot_s": 6.0,
        "peak_s": 12.0,
        "valley_s": 20.0,
        "peak_mmol_per_l": 4.0,
        "first_pass_duration_s": 14.0,
        "area_mmol_s_per_l": 24.0,
        "flags": [],
    }
