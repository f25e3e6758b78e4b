"""The table of a reading: automated values, what contours make of them, what was typed, ratios.

Pure values: a result document, the re-measured slices and the reading's content go in. The layers
are automated -> from contours -> typed; a typed value is no measurement, so it has no error, no
endo/epi split, and marks everything derived from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from analysis.constants import SEGMENT_NAMES
from analysis.sectors import SegmentMeasurement, measure_global

from .territories import NAMES, territories_of

Document = Mapping[str, Any]
TERRITORIES = NAMES
GLOBAL = "GLOBAL"


@dataclass(frozen=True, kw_only=True)
class SegmentValue:
    """The value that counts for one segment in one condition, and how it came about.

    quantity: ``mbf`` (ml/min/g) or ``relative_upslope``. measured: what a mean over segments is
    made from (None where nothing was measured or the segment is excluded). area_mm2: wall area.
    """

    quantity: str
    value: float | None
    standard_error: float | None
    endo: float | None
    epi: float | None
    uncertainty: float | None
    pixels: int
    source: str
    automated_value: float | None
    contour_value: float | None
    typed_value: float | None
    set_at_revision: int | None
    not_measured_reason: str | None
    flags: tuple[str, ...]
    measured: SegmentMeasurement | None
    area_mm2: float

    @property
    def endo_epi_ratio(self) -> float | None:
        return self.endo / self.epi if self.endo is not None and self.epi else None


@dataclass(frozen=True, kw_only=True)
class Acquired:
    """One acquisition of a reading: its segments by AHA number, and which artery each counts to."""

    key: str
    condition: str
    quantity: str
    segments: Mapping[int, SegmentValue]
    territories: Mapping[int, str]


def read_values(
    document: Document, remeasured: Mapping[str, Mapping[str, Any]], content: Mapping[str, Any]
) -> list[Acquired]:
    """Every acquisition of a run with the reading's layers applied.

    remeasured: re-measured slices (recompute.measure_contours) by slice key.
    """
    territories = territories_of(content)
    return [
        Acquired(
            key=acquisition["key"],
            condition=acquisition["condition"],
            quantity=acquisition["quantity"],
            segments={
                segment["segment"]: _value(acquisition, piece, segment, remeasured, content)
                for piece in acquisition["slices"]
                for segment in piece["segments"]
            },
            territories=territories,
        )
        for acquisition in document["acquisitions"]
    ]


def mean_over(values: Iterable[SegmentValue]) -> SegmentValue | None:
    """Area-weighted mean of segments that count; None when there is none at all.

    With a typed value among them the mean has no error: nobody knows the typed one's.
    """
    members = list(values)
    if not members:
        return None
    counted = [v for v in members if v.measured is not None]
    whole = measure_global((v.measured, _pixel_area(v)) for v in counted if v.measured)
    automated = measure_global((a, _pixel_area(v)) for v in members if (a := _automated(v)))
    typed = any(v.source == "typed" for v in counted)
    edited = any(v.source != "automated" for v in members)
    quantity = members[0].quantity
    is_flow = quantity == "mbf"
    return SegmentValue(
        quantity=quantity,
        value=whole.mbf if is_flow else whole.upslope,
        standard_error=None if typed else whole.standard_error,
        endo=_mean_half(counted, "endo"),
        epi=_mean_half(counted, "epi"),
        uncertainty=None,
        pixels=sum(v.pixels for v in members),
        source="typed" if typed else ("contour" if edited else "automated"),
        automated_value=automated.mbf if is_flow else automated.upslope,
        contour_value=None,
        typed_value=None,
        set_at_revision=None,
        not_measured_reason=None if counted else "No segment was measured.",
        flags=(),
        measured=None,
        area_mm2=sum(v.area_mm2 for v in members),
    )


def row_names(territories: Mapping[int, str]) -> list[tuple[int | str, str, str | None]]:
    """Segment, name and territory of every row in order: 16 segments, territories, global."""
    return [
        *((n, SEGMENT_NAMES[n], territories[n]) for n in SEGMENT_NAMES),
        *((name, name, name) for name in TERRITORIES),
        (GLOBAL, GLOBAL, None),
    ]


def value_of_row(acquired: Acquired, segment: int | str) -> SegmentValue | None:
    """The value of one row: a segment, a territory or the global mean."""
    if isinstance(segment, int):
        return acquired.segments.get(segment)
    if segment == GLOBAL:
        return mean_over(acquired.segments.values())
    return mean_over(v for n, v in acquired.segments.items() if acquired.territories[n] == segment)


def _value(
    acquisition: Mapping[str, Any],
    piece: Mapping[str, Any],
    automated: Mapping[str, Any],
    remeasured: Mapping[str, Mapping[str, Any]],
    content: Mapping[str, Any],
) -> SegmentValue:
    number, condition = automated["segment"], acquisition["condition"]
    quantity = acquisition["quantity"]
    new = remeasured.get(piece["key"])
    now: Mapping[str, Any] = automated
    if new is not None:
        now = next((s for s in new["segments"] if s["segment"] == number), _gone(number))
    typed = content["overrides"].get(condition, {}).get(str(number))
    excluded = content["statuses"].get(condition, {}).get(str(number))
    spacing = piece["geometry"]["pixel_spacing_mm"]
    area = float(spacing[0]) * float(spacing[1]) * now["pixels"]
    measurement = _measurement(now)
    plain: dict[str, Any] = {
        "quantity": quantity,
        "uncertainty": automated["uncertainty"] if new is None else None,
        "pixels": now["pixels"],
        "automated_value": _amount(automated, quantity),
        "contour_value": _amount(now, quantity) if new is not None else None,
        "typed_value": typed["value"] if typed else None,
        "area_mm2": area,
        "flags": tuple(flag["message"] for flag in now["flags"]),
    }
    nothing = {"standard_error": None, "endo": None, "epi": None}
    if excluded:
        why = f"Marked non-diagnostic: {excluded['reason']}"
        return SegmentValue(
            **plain, **nothing, value=None, source="excluded", measured=None,
            set_at_revision=excluded["revision"], not_measured_reason=why,
        )  # fmt: skip
    if typed:
        entered = _typed(number, typed["value"], quantity, now)
        return SegmentValue(
            **plain, **nothing, value=typed["value"], source="typed", measured=entered,
            set_at_revision=typed["revision"], not_measured_reason=None,
        )  # fmt: skip
    value = _amount(now, quantity)
    return SegmentValue(
        **plain,
        value=value,
        standard_error=now["standard_error"],
        endo=now["endo"],
        epi=now["epi"],
        source="automated" if new is None else "contour",
        set_at_revision=None,
        not_measured_reason=now["not_measured_reason"],
        measured=measurement if value is not None else None,
    )


def _amount(segment: Mapping[str, Any], quantity: str) -> float | None:
    found = segment["mbf_ml_per_min_per_g" if quantity == "mbf" else "upslope"]
    return None if found is None else float(found)


_ERRORS = ("fit_error", "contour_error", "common_error", "spread", "endo", "epi", "upslope")


def _measurement(segment: Mapping[str, Any]) -> SegmentMeasurement:
    return SegmentMeasurement(
        segment=segment["segment"],
        mbf=segment["mbf_ml_per_min_per_g"],
        pixels=segment["pixels"],
        valid_pixels=segment["valid_pixels"],
        not_measured_reason=segment["not_measured_reason"],
        flags=(),
        **{name: segment[name] for name in _ERRORS},
    )


def _typed(number: int, value: float, quantity: str, now: Mapping[str, Any]) -> SegmentMeasurement:
    """A typed value takes part in means with the wall area that its segment has."""
    errors = dict.fromkeys(_ERRORS)
    return SegmentMeasurement(
        segment=number,
        mbf=value if quantity == "mbf" else None,
        pixels=max(now["pixels"], 1),
        valid_pixels=0,
        not_measured_reason=None,
        flags=(),
        **{**errors, "upslope": value if quantity != "mbf" else None},
    )


def _automated(value: SegmentValue) -> SegmentMeasurement | None:
    if value.automated_value is None:
        return None
    return _typed(0, value.automated_value, value.quantity, {"pixels": value.pixels})


def _gone(number: int) -> dict[str, Any]:
    """A segment that edited contours no longer cover."""
    return {
        "segment": number,
        "mbf_ml_per_min_per_g": None,
        "standard_error": None,
        "pixels": 0,
        "valid_pixels": 0,
        "not_measured_reason": "The edited contours leave no wall in this sector.",
        "flags": [],
        **dict.fromkeys(_ERRORS),
    }


def _pixel_area(value: SegmentValue) -> float:
    return value.area_mm2 / value.pixels if value.pixels else 1.0


def _mean_half(values: list[SegmentValue], half: str) -> float | None:
    pairs = [(getattr(v, half), v.area_mm2) for v in values if getattr(v, half) is not None]
    total = sum(area for _, area in pairs)
    return sum(x * area for x, area in pairs) / total if total else None
