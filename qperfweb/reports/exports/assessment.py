"""What the reader scored, graded and entered, for the structured report and FHIR.

A visual score and a class of scar belong to a segment; sums, burden and corrected rest flow to the
whole heart.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from highdicom.sr import (
    FindingSite,
    Measurement,
    MeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    TrackingIdentifier,
)
from pydicom.sr.coding import Code

from qperfweb.reviews.signing import summary_for
from qperfweb.reviews.summary import Summary
from qperfweb.reviews.table import GLOBAL

from . import codes
from .subject import ExportSubject


def segment_evaluations(
    subject: ExportSubject, condition: str, number: int
) -> list[QualitativeEvaluation]:
    """The visual score of a segment in this condition, and its scar."""
    return [QualitativeEvaluation(*pair) for pair in segment_codes(subject, condition, number)]


def segment_codes(subject: ExportSubject, condition: str, number: int) -> list[tuple[Code, Code]]:
    """Concept and value of what was scored in one segment."""
    found = []
    score = subject.content["visual"].get(condition, {}).get(str(number))
    if score is not None:
        found.append((codes.VISUAL_SCORE, codes.SCORES[score["score"]]))
    scar = subject.content["scar"].get(str(number))
    if scar is not None:
        found.append((codes.SCAR, codes.SCARS[scar["transmurality"]]))
    return found


def heart_group(subject: ExportSubject) -> MeasurementsAndQualitativeEvaluations | None:
    """One group of the structured report about the whole heart; None when nothing was entered."""
    summary = _summary(subject)
    if summary is None:
        return None
    measurements = [Measurement(name=n, value=v, unit=u) for n, v, u in heart_values(summary)]
    judgement = summary["adequacy"]["judgement"]
    evaluations = (
        [QualitativeEvaluation(codes.STRESS_ADEQUACY, codes.ADEQUACY[judgement])]
        if judgement
        else []
    )
    if not measurements and not evaluations:
        return None
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=subject.uid("tracking", "heart"), identifier="whole heart"
        ),
        finding_sites=[FindingSite(codes.LEFT_VENTRICLE)],
        measurements=measurements or None,
        qualitative_evaluations=evaluations or None,
    )


def heart_observations(subject: ExportSubject) -> Iterator[tuple[Code, float, Code]]:
    """The same values for FHIR."""
    summary = _summary(subject)
    yield from heart_values(summary) if summary is not None else ()


def heart_values(summary: Summary) -> list[tuple[Code, float, Code]]:
    """Concept, value and unit of everything that is said of the whole heart."""
    sums, burden = summary["scores"], summary["burden"]
    found: list[tuple[Code, float | None, Code]] = [
        (codes.SUMMED_STRESS, sums["stress"], codes.RATIO_UNIT),
        (codes.SUMMED_REST, sums["rest"], codes.RATIO_UNIT),
        (codes.SUMMED_DIFFERENCE, sums["difference"], codes.RATIO_UNIT),
        (codes.BURDEN, burden and burden["percent_of_lv"], codes.PERCENT),
    ]
    corrected: dict[str, Any] = summary["rate_pressure"]["rows"].get(GLOBAL) or {}
    found += [
        (codes.CORRECTED_REST, corrected.get("rest"), codes.FLOW_UNIT),
        (codes.CORRECTED_RESERVE, corrected.get("mpr"), codes.RATIO_UNIT),
    ]
    return [(name, float(value), unit) for name, value, unit in found if value is not None]


def _summary(subject: ExportSubject) -> Summary | None:
    return summary_for(subject.reading) if subject.reading is not None else None
