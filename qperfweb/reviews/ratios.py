"""Stress over rest for every row of the table, by the rules of ``analysis.reserve_rules``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.reserve_rules import FlowValue, perfusion_reserve, perfusion_reserve_index

from .table import GLOBAL, Acquired, SegmentValue, value_of_row


@dataclass(frozen=True, kw_only=True)
class RatioValue:
    """A reserve (MPR) or, between relative upslopes, a reserve index (MPRI); or why there is none.

    automated_value: the same ratio of the automated values.
    """

    value: float | None
    standard_error: float | None
    automated_value: float | None
    reason: str | None
    derived_from_typed: bool


def ratio_of_row(
    document: Mapping[str, Any], acquired: list[Acquired], segment: int | str
) -> RatioValue | None:
    """The ratio of one row; None when the study holds only one condition."""
    stress = _row(acquired, "stress", segment)
    rest = _row(acquired, "rest", segment)
    if stress is None or rest is None:
        return None
    why = "mismatch" if stress.quantity == "mbf" else "plane_mismatch"
    mismatch = _mismatch(document, segment, why)
    reason, value, error = _ratio(stress.value, rest.value, stress, rest, mismatch)
    _, automated, _ = _ratio(stress.automated_value, rest.automated_value, stress, rest, mismatch)
    return RatioValue(
        value=value,
        standard_error=error,
        automated_value=automated,
        reason=reason,
        derived_from_typed="typed" in (stress.source, rest.source),
    )


def _ratio(
    stress_value: float | None,
    rest_value: float | None,
    stress: SegmentValue,
    rest: SegmentValue,
    mismatch: str | None,
) -> tuple[str | None, float | None, float | None]:
    if stress.quantity != rest.quantity:
        return "stress and rest were measured in different ways", None, None
    if stress.quantity != "mbf":
        if mismatch or stress_value is None or rest_value is None:
            return mismatch or "stress or rest is missing", None, None
        index = perfusion_reserve_index(stress_value, rest_value)
        return (None if index is not None else "rest has no upslope"), index, None
    reserve = perfusion_reserve(
        FlowValue(mbf_ml_per_min_per_g=stress_value, standard_error=stress.standard_error),
        FlowValue(mbf_ml_per_min_per_g=rest_value, standard_error=rest.standard_error),
        mismatch=mismatch,
    )
    return reserve.reason, reserve.value, reserve.standard_error


def _row(acquired: list[Acquired], condition: str, segment: int | str) -> SegmentValue | None:
    for one in acquired:
        if one.condition == condition:
            return value_of_row(one, segment)
    return None


def _mismatch(document: Mapping[str, Any], segment: int | str, why: str) -> str | None:
    """Why planes or methods do not match, as the run found it; contours do not change that.

    An index of relative upslopes needs matching planes only, a reserve matching methods too.

    A territory takes part in whatever keeps the whole heart from having a ratio.
    """
    wanted = segment if isinstance(segment, int) else GLOBAL
    for row in document.get("mpr", []):
        if row["segment"] == wanted:
            return row.get(why)
    return None
