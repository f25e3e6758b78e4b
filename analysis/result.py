"""What an analysis hands back: the result document (result.json) and the arrays beside it.

Field names may grow but never change their meaning; others script against them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from analysis.arrays import Arrays, aif_arrays, slice_arrays
from analysis.config import PipelineConfig
from analysis.constants import (
    PIPELINE_VERSION,
    RESULT_SCHEMA,
    SEGMENT_NAMES,
    SEGMENTS_OF_POSITION,
    TERRITORY_OF_SEGMENT,
)
from analysis.cross_checks import global_of, measured_slices
from analysis.domain import AifResult, Doubles, Exam, Floats
from analysis.doubts import acquisition_flags, input_flags, segment_flags, slice_flags
from analysis.quality import Flag
from analysis.reserve import method_of
from analysis.sectors import (
    MeasureOptions,
    contours_to_json,
    geometry_to_json,
    measurement_to_json,
    standard_view,
    view_to_json,
)
from analysis.work import AcquisitionWork, SliceWork


@dataclass(frozen=True, kw_only=True)
class AnalysisResult:
    """document: result.json as plain values. arrays: by "stress_mid", "stress_aif" and so on."""

    document: dict[str, Any]
    arrays: dict[str, Arrays]

    def write(self, folder: Path) -> None:
        """Write result.json and one NPZ per slice and input function into a folder.

        They appear there only once all of them are written: half a result looks like a whole one.
        """
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".writing-", dir=folder) as unfinished:
            for key, arrays in self.arrays.items():
                np.savez(Path(unfinished, f"{key}.npz"), allow_pickle=False, **arrays)
            text = json.dumps(self.document, allow_nan=False, indent=1)
            Path(unfinished, "result.json").write_text(text + "\n")
            for path in Path(unfinished).iterdir():
                path.replace(folder / path.name)


def assemble(
    exam: Exam,
    works: Sequence[AcquisitionWork],
    *,
    config: PipelineConfig,
    ratios: list[dict[str, Any]],
    flags: Iterable[Flag],
    timings_s: Mapping[str, float],
) -> AnalysisResult:
    """Gather what the stages left into one document and its arrays."""
    arrays: dict[str, Arrays] = {}
    models: dict[str, str] = {}
    for work in works:
        models |= work.models
        for part in work.slices:
            arrays[part.key] = slice_arrays(part)
            if part.segmentation is not None:
                models[part.segmentation.model] = part.segmentation.model_version
        if work.aif is not None:
            arrays[f"{work.key}_aif"] = aif_arrays(work, work.aif)
    document = {
        "schema": RESULT_SCHEMA,
        "pipeline_version": PIPELINE_VERSION,
        "models": models,
        "config": config.to_json(),
        "config_digest": config.digest(),
        "study_instance_uid": exam.study_instance_uid,
        "acquisitions": [_acquisition(work, config) for work in works],
        "mpr": ratios,
        "flags": _flags(flags),
        "timings_s": {name: round(seconds, 3) for name, seconds in timings_s.items()},
    }
    return AnalysisResult(document=document, arrays=arrays)


POOLED_CORRELATION_PX: Final = 8.0
"""Pixels that share their error once a map has its level from the segments' curves: so that two
thirds of the segments of simulated exams lie within their own error of the exam's level."""

MOST_ON_BOUND_OF_REGIONS: Final = 0.3
"""Share of a segment's pixels on a bound that is worth a flag once the level comes from the
segment's curve: up to it, stress segments of 16 simulated exams err by 6 % of their exam's level,
those without any such pixel by 8 %, and those beyond it by 14 %."""


def measure_options(
    config: PipelineConfig, part: SliceWork, aif: AifResult | None
) -> MeasureOptions:
    """What measuring the contours of a slice needs to know of the configuration and its map."""
    options = MeasureOptions(
        apical_rule=config.apical_rule,
        common_error_at_rest=config.common_error_at_rest,
        common_error_fraction=config.common_error_fraction,
        input_error_fraction=0.0 if aif is None else aif.height_error,
        boundary_sd_mm=config.boundary_sd_mm,
    )
    if not part.region_flows:
        return options
    return replace(
        options, noise_correlation_px=POOLED_CORRELATION_PX, most_on_bound=MOST_ON_BOUND_OF_REGIONS
    )


def _acquisition(work: AcquisitionWork, config: PipelineConfig) -> dict[str, Any]:
    source, whole, method = work.source, global_of(work), method_of(work, config)
    counted = {part.key for part in measured_slices(work)}
    return {
        "key": work.key,
        "condition": source.condition,
        "sequence": source.sequence,
        "quantity": "mbf" if work.quantitative else "relative_upslope",
        "model": method.model if work.quantitative else "upslope",
        "flow_estimate": (
            "regional" if any(part.region_flows for part in work.slices) else "pixelwise"
        )
        if work.quantitative
        else None,
        "conversion": method.conversion,
        "agent": method.agent,
        "haematocrit": config.haematocrit,
        "tissue_density_g_per_ml": config.tissue_density_g_per_ml,
        "readout": source.protocol.readout,
        "field_strength_t": _number(source.protocol.field_strength_t),
        "heart_rate_bpm": _number(source.heart_rate_bpm),
        "started_at": source.started_at,
        "aif": None if work.aif is None else _aif(work, work.aif),
        "slices": [_slice(part, work, config, counted=part.key in counted) for part in work.slices],
        "global_mbf_ml_per_min_per_g": whole.mbf,
        "global_standard_error": whole.standard_error,
        "global_upslope": whole.upslope,
        "segments_measured": whole.segments,
        "other_models": {
            model: {
                "global_mbf_ml_per_min_per_g": other.mbf,
                "global_standard_error": other.standard_error,
                "segments_measured": other.segments,
            }
            for model in (config.other_models if work.quantitative else ())
            for other in [global_of(work, model=model)]
        },
        "flags": _flags(acquisition_flags(work)),
    }


def _slice(
    part: SliceWork, work: AcquisitionWork, config: PipelineConfig, *, counted: bool
) -> dict[str, Any]:
    source = part.source
    frames, height, width = source.signal.shape
    axis = work.base_to_apex
    uncertainty = part.uncertainty
    geometry = geometry_to_json(source.geometry)
    measured = (
        measurement_to_json(part.measurement)
        if part.measurement is not None
        else _nothing_measured(part)
    )
    for segment in measured["segments"]:
        if uncertainty is not None:
            segment["uncertainty"] = _number(uncertainty.segments.get(segment["segment"]))
    if part.measurement is not None:
        for shown, segment in zip(measured["segments"], part.measurement.segments, strict=True):
            shown["flags"] = _flags(segment_flags(segment, work))
    if part.measurement is not None and not counted:
        measured["segments"] = []
    return {
        "key": part.key,
        "position": source.position,
        "series_instance_uid": source.series_instance_uid,
        "instance_uids": list(source.instance_uids),
        "arrays": f"{part.key}.npz",
        "shape": [frames, height, width],
        "time_s": _numbers(source.time_s),
        "frame_status": [int(status) for status in part.frame_status],
        "geometry": geometry,
        "standard_view": view_to_json(
            standard_view(source.geometry, base_to_apex=axis), (height, width)
        ),
        "measured_with": {
            "position": source.position,
            "geometry": geometry,
            "base_to_apex": None if axis is None else list(axis),
            "options": asdict(measure_options(config, part, work.aif)),
        },
        "contours": None if part.contours is None else contours_to_json(part.contours),
        **measured,
        "flow_methods": [
            {
                "segment": number,
                "regional_mbf_ml_per_min_per_g": _number(region.mbf),
                "regional_standard_error": _number(region.mbf_se),
                "pixelwise_mbf_ml_per_min_per_g": _number(part.pixelwise_mbf.get(number)),
            }
            for number, region in part.region_flows.items()
        ],
        "other_models": {
            model: {"segments": [s.to_json() for s in other.segments] if counted else []}
            for model, other in part.other_measurements.items()
        },
        "motion": _motion(part),
        "uncertainty": None if uncertainty is None else uncertainty.value,
        "out_of_distribution": None if uncertainty is None else uncertainty.out_of_distribution,
        "segment_to_check": None if uncertainty is None else uncertainty.segment_to_check,
        "flags": _flags(slice_flags(part, work)),
    }


def _nothing_measured(part: SliceWork) -> dict[str, Any]:
    """Every segment of the slice, empty, with the reason; contours drawn later can fill them."""
    reason = next(
        (flag.message for flag in part.flags if flag.code in ("slice-failed", "map-not-segmented")),
        "The heart was not found in this slice.",
    )
    absent = (
        "mbf_ml_per_min_per_g", "standard_error", "fit_error", "contour_error", "common_error",
        "spread", "endo", "epi", "endo_epi_ratio", "upslope", "uncertainty",
    )  # fmt: skip
    segments: list[dict[str, Any]] = [
        {
            "segment": number,
            "name": SEGMENT_NAMES[number],
            "territory": TERRITORY_OF_SEGMENT[number],
            **dict.fromkeys(absent),
            "pixels": 0,
            "valid_pixels": 0,
            "not_measured_reason": reason,
            "flags": [],
            "outline_rc": [],
            "label_rc": None,
        }
        for number in SEGMENTS_OF_POSITION[part.source.position]
    ]
    return {"segments": segments, "curves": {"unit": "mmol/L", "segments": []}}


def _motion(part: SliceWork) -> dict[str, Any] | None:
    if part.motion is None:
        return None
    shift = np.abs(part.motion.displacement_px).max(axis=(1, 2, 3))
    return {
        "residual": _numbers(part.motion.residual),
        "smallest_jacobian": _numbers(part.motion.smallest_jacobian),
        "largest_displacement_px": _numbers(shift),
        "brightness_levelled": part.motion.levelled,
    }


def _aif(work: AcquisitionWork, aif: AifResult) -> dict[str, Any]:
    return {
        "source": aif.source,
        "unit": "signal" if work.source.sequence == "single" else "mmol/L",
        "time_s": _numbers(aif.time_s),
        "gd_mmol_per_l": _numbers(aif.gd_mmol_per_l),
        "gd_brightest_mmol_per_l": _numbers(aif.gd_brightest_mmol_per_l),
        "gd_uncorrected_mmol_per_l": _numbers(aif.gd_uncorrected_mmol_per_l),
        "rv_gd_mmol_per_l": _numbers(aif.rv_gd_mmol_per_l),
        "foot_s": _number(aif.foot_s),
        "peak_s": _number(aif.peak_s),
        "valley_s": _number(aif.valley_s),
        "peak_mmol_per_l": _number(aif.peak_mmol_per_l),
        "first_pass_duration_s": _number(aif.first_pass_duration_s),
        "area_mmol_s_per_l": _number(aif.area_mmol_s_per_l),
        "arrays": f"{work.key}_aif.npz",
        "flags": _flags(input_flags(work, aif)),
    }


def _flags(flags: Iterable[Flag]) -> list[dict[str, object]]:
    return [flag.to_json() for flag in dict.fromkeys(flags)]


def _number(value: float | None) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None


def _numbers(values: Doubles | Floats) -> list[float | None]:
    return [_number(round(float(value), 6)) for value in np.asarray(values).ravel()]
