"""The reserve of every segment: stress over rest, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.config import PipelineConfig
from analysis.constants import SEGMENT_NAMES, SEGMENTS_OF_POSITION
from analysis.cross_checks import global_of, measured_slices
from analysis.doubts import input_flags
from analysis.quality import Flag
from analysis.reserve_rules import (
    FlowValue,
    Method,
    method_mismatch,
    perfusion_reserve,
    perfusion_reserve_index,
    plane_mismatch,
)
from analysis.sectors import SegmentMeasurement, common_error
from analysis.work import AcquisitionWork, SliceWork

CONVERSION_OF_SEQUENCE = {"dual": "lut", "gd": "none", "map": "none", "single": "none"}


def method_of(work: AcquisitionWork, config: PipelineConfig) -> Method:
    """How the flow of an acquisition was measured."""
    return Method(
        model="given" if work.source.sequence == "map" else config.model,
        conversion=CONVERSION_OF_SEQUENCE[work.source.sequence],
        agent=work.source.protocol.agent,
        sequence=work.source.sequence,
        tissue_density_g_per_ml=config.tissue_density_g_per_ml,
    )


def reserve_rows(works: Sequence[AcquisitionWork], config: PipelineConfig) -> list[dict[str, Any]]:
    """One row per AHA segment and one for the whole heart; [] without any stress or rest.

    ``mismatch`` says why both acquisitions cannot be compared whatever their values; ``reason``
    why this row is empty. ``mpri`` is the ratio of relative upslopes.
    """
    of_condition = {work.source.condition: work for work in reversed(works)}
    stress, rest = of_condition.get("stress"), of_condition.get("rest")
    if stress is None and rest is None:
        return []
    method = None
    if stress is None or rest is None:
        method = f"there is no {'stress' if stress is None else 'rest'} acquisition"
    else:
        method = method_mismatch(method_of(stress, config), method_of(rest, config))
        method = method or _not_quantitative(stress)
    planes = {
        position: _plane_mismatch(_slice_at(stress, position), _slice_at(rest, position))
        for position in SEGMENTS_OF_POSITION
    }
    rows = []
    for position, segments in SEGMENTS_OF_POSITION.items():
        for segment in segments:
            mismatch = method or planes[position]
            first, second = _segment(stress, segment), _segment(rest, segment)
            rows.append(
                _row(
                    segment,
                    SEGMENT_NAMES[segment],
                    _flow(first, stress),
                    _flow(second, rest),
                    mismatch=mismatch,
                    slopes=(_slope(first), _slope(second)),
                    planes=planes[position],
                )
            )
    together = next((reason for reason in planes.values() if reason), None)
    rows.append(
        _row(
            "GLOBAL",
            "GLOBAL",
            _global_flow(stress, config),
            _global_flow(rest, config),
            mismatch=method or together,
            slopes=(_global_slope(stress), _global_slope(rest)),
            planes=together,
        )
    )
    return rows


def _row(
    segment: int | str,
    name: str,
    stress: FlowValue,
    rest: FlowValue,
    *,
    mismatch: str | None,
    slopes: tuple[float | None, float | None],
    planes: str | None,
) -> dict[str, Any]:
    reserve = perfusion_reserve(stress, rest, mismatch=mismatch)
    index = None
    if planes is None and slopes[0] is not None and slopes[1] is not None:
        index = perfusion_reserve_index(slopes[0], slopes[1])
    return {
        "segment": segment,
        "name": name,
        "mpr": reserve.value,
        "standard_error": reserve.standard_error,
        "common_error": reserve.common_error,
        "mpri": index,
        "reason": reserve.reason,
        "mismatch": mismatch,
        "plane_mismatch": planes,
    }


def _not_quantitative(work: AcquisitionWork) -> str | None:
    return None if work.quantitative else "a single sequence gives no absolute flow"


def _slice_at(work: AcquisitionWork | None, position: str) -> SliceWork | None:
    for part in work.slices if work else ():
        if part.source.position == position:
            return part
    return None


def _plane_mismatch(stress: SliceWork | None, rest: SliceWork | None) -> str | None:
    """Why two slices cannot be compared; two absent ones hinder nobody."""
    if stress is None and rest is None:
        return None
    if stress is None or rest is None:
        return f"this slice was not acquired at {'stress' if stress is None else 'rest'}"
    return plane_mismatch(stress.source.geometry, rest.source.geometry)


def _segment(
    work: AcquisitionWork | None, number: int
) -> tuple[SegmentMeasurement, SliceWork] | None:
    for part in measured_slices(work) if work else ():
        for segment in part.measurement.segments if part.measurement else ():
            if segment.segment == number:
                return segment, part
    return None


def _slope(found: tuple[SegmentMeasurement, SliceWork] | None) -> float | None:
    return None if found is None else found[0].upslope


def _global_slope(work: AcquisitionWork | None) -> float | None:
    return None if work is None else global_of(work).upslope


def _flow(
    found: tuple[SegmentMeasurement, SliceWork] | None, work: AcquisitionWork | None
) -> FlowValue:
    if found is None or work is None:
        return FlowValue(mbf_ml_per_min_per_g=None)
    segment, part = found
    return FlowValue(
        mbf_ml_per_min_per_g=segment.mbf,
        standard_error=segment.standard_error,
        common_error=segment.common_error,
        flagged=_invalid(segment.flags) or _invalid(part.flags) or _in_doubt(work),
    )


def _global_flow(work: AcquisitionWork | None, config: PipelineConfig) -> FlowValue:
    if work is None:
        return FlowValue(mbf_ml_per_min_per_g=None)
    found = global_of(work)
    return FlowValue(
        mbf_ml_per_min_per_g=found.mbf,
        standard_error=found.standard_error,
        common_error=None
        if found.mbf is None
        else common_error(
            found.mbf,
            at_rest=config.common_error_at_rest,
            high=config.common_error_fraction,
            of_input=0.0 if work.aif is None else work.aif.height_error,
        ),
        flagged=_in_doubt(work),
    )


def _in_doubt(work: AcquisitionWork) -> bool:
    """Whether something that all segments share forbids the use of their flow."""
    return _invalid(work.flags) or (work.aif is not None and _invalid(input_flags(work, work.aif)))


def _invalid(flags: Sequence[Flag]) -> bool:
    return any(flag.severity == "invalid" for flag in flags)
