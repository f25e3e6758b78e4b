"""Doubts that only show when slices, acquisitions and conditions are seen together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from analysis.constants import LV_CAVITY
from analysis.curves import bolus_features
from analysis.quality import Flag
from analysis.sectors import GlobalMeasurement, measure_global, rasterise_labels, world_mm
from analysis.work import AcquisitionWork, SliceWork

CENTRES_OFF_AXIS_MM: Final = 25.0
"""LV centres of one heart lie along its long axis; one that is farther off is not the LV."""

LARGEST_CLOCK_DIFFERENCE_S: Final = 4.0
"""Of the bolus' arrival in the slices and in the input function images, both in the left ventricle.
In simulated exams it is 0.6 s at most."""

SURE_UPSLOPE_RATIO: Final = 0.8
"""Relative upslopes of a saturated LV signal differ little between stress and rest, and by chance
either way; only a clear reversal asks whether the conditions are swapped."""


def global_of(work: AcquisitionWork, *, model: str | None = None) -> GlobalMeasurement:
    """Area-weighted value of all measured segments, by the main model or one mapped beside it."""
    found = [
        (part, part.measurement if model is None else part.other_measurements.get(model))
        for part in measured_slices(work)
    ]
    return measure_global(
        (segment, float(np.prod(part.source.geometry.pixel_spacing_mm)))
        for part, measurement in found
        if measurement is not None
        for segment in measurement.segments
    )


def measured_slices(work: AcquisitionWork) -> list[SliceWork]:
    """The slices that count: the first measured one of every position."""
    first: dict[str, SliceWork] = {}
    for part in work.slices:
        if part.measurement is not None:
            first.setdefault(part.source.position, part)
    return list(first.values())


def acquisition_doubts(work: AcquisitionWork) -> list[Flag]:
    """What is doubtful about one acquisition as a whole; slices get their own flags."""
    flags = []
    if work.source.sequence == "single":
        flags.append(
            Flag(
                code="single-sequence",
                message="Single sequence without arterial input images: relative upslopes only, "
                "not quantitative.",
                severity="information",
            )
        )
    if work.source.sequence != "map" and (work.aif is None or work.aif.source == "none"):
        flags.append(
            Flag(
                code="no-input-function",
                message="No arterial input function was found; there is no flow and no upslope.",
                severity="invalid",
            )
        )
    told = {flag.code for flag in work.flags}
    if work.source.condition == "unknown" and "condition-unknown" not in told:
        flags.append(
            Flag(
                code="condition-unknown",
                message="Whether this is stress or rest is not known; there is no reserve.",
            )
        )
    flags.extend(_clock_doubts(work))
    _mark_positions_seen_twice(work)
    _mark_centres_off_axis(work)
    return flags


def _clock_doubts(work: AcquisitionWork) -> Iterator[Flag]:
    """Whether the bolus reaches the cavity in the slices when the input function says it does."""
    aif = work.aif
    if aif is None or aif.source != "dual" or aif.foot_s is None:
        return
    feet = [foot for part in work.remaining() if (foot := _foot_in_cavity_s(part)) is not None]
    if not feet:
        return
    late = float(np.median(feet)) - aif.foot_s
    if abs(late) > LARGEST_CLOCK_DIFFERENCE_S:
        yield Flag(
            code="clocks-differ",
            message=f"In the slices the bolus reaches the cavity {abs(late):.0f} s "
            f"{'after' if late > 0 else 'before'} it does in the input function images: their "
            "times (AcquisitionTime) do not belong together, and no flow can be trusted.",
            severity="invalid",
        )


def _foot_in_cavity_s(part: SliceWork) -> float | None:
    if part.contours is None:
        return None
    height, width = part.source.signal.shape[-2:]
    cavity = rasterise_labels(part.contours, (height, width)) == LV_CAVITY
    if not cavity.any():
        return None
    curve = part.corrected[part.used][:, cavity].mean(axis=1, dtype=np.float64)
    bolus = bolus_features(curve, part.source.time_s[part.used])
    return None if bolus is None else bolus.foot_s


def exam_doubts(works: Sequence[AcquisitionWork]) -> list[Flag]:
    """Whether flow says that stress and rest were swapped; heart rates were asked on reading."""
    by_condition = {work.source.condition: work for work in reversed(works)}
    stress, rest = by_condition.get("stress"), by_condition.get("rest")
    if stress is None or rest is None:
        return []
    flags = []
    flows = global_of(stress), global_of(rest)
    values, margin = (flows[0].mbf, flows[1].mbf), 1.0
    what, unit = "flow", " ml/min/g"
    if None in values:
        values, margin = (flows[0].upslope, flows[1].upslope), SURE_UPSLOPE_RATIO
        what, unit = "relative upslope", ""
    if values[0] is not None and values[1] is not None and values[0] < margin * values[1]:
        flags.append(
            Flag(
                code="conditions-swapped",
                message=f"The global {what} is higher at rest ({values[1]:.2f}{unit}) than at "
                f"stress ({values[0]:.2f}{unit}): are stress and rest swapped?",
            )
        )
    return flags


def _mark_positions_seen_twice(work: AcquisitionWork) -> None:
    counted = {part.key for part in measured_slices(work)}
    for part in work.slices:
        if part.measurement is not None and part.key not in counted:
            part.flags.append(
                Flag(
                    code="position-repeated",
                    message=f"Another {part.source.position} slice came first; this one does not "
                    "count in segments, global values and reserve.",
                )
            )


def _mark_centres_off_axis(work: AcquisitionWork) -> None:
    """In three parallel slices, a centre far from the line of the other two is doubtful."""
    found = [part for part in work.slices if part.contours is not None]
    if len(found) < 2 or any(part.source.geometry.assumed for part in found):
        return
    normal = np.cross(
        found[0].source.geometry.row_direction, found[0].source.geometry.column_direction
    )
    centres = []
    for part in found:
        assert part.contours is not None
        centre = world_mm(part.contours.lv_centre_rc, part.source.geometry)
        centres.append(centre - (centre @ normal) * normal)
    middle = np.median(np.array(centres), axis=0)
    for part, centre in zip(found, centres, strict=True):
        distance = float(np.linalg.norm(centre - middle))
        if distance > CENTRES_OFF_AXIS_MM:
            part.flags.append(
                Flag(
                    code="centre-off-axis",
                    message=f"The LV centre lies {distance:.0f} mm beside that of the other "
                    "slices; the contours may be on something else.",
                )
            )
