"""The numbers of readings, in the form that projects compare and export."""

from __future__ import annotations

from collections.abc import Iterable

from qperfweb.reviews.models import Reading, ReadingFigure, ReadingSegment, ReadingState

from .models import Assignment
from .rules import Values


def values_of_readings(readings: Iterable[Reading]) -> dict[int, Values]:
    """By reading id: final values of segments, global flow and reserves; flow only."""
    ids = [reading.pk for reading in readings]
    found: dict[int, dict[tuple[str, int], float | None]] = {pk: {} for pk in ids}
    segments = ReadingSegment.objects.filter(
        reading_id__in=ids, quantity=ReadingSegment.Quantity.MBF
    )
    for row in segments.values_list("reading_id", "condition", "segment", "final_value"):
        found[row[0]][row[1], row[2]] = row[3]
    figures = ReadingFigure.objects.filter(reading_id__in=ids)
    for row in figures.values_list("reading_id", "name", "segment", "final_value"):
        found[row[0]][row[1], row[2]] = row[3]
    return dict(found)


def signed_reading(assignment: Assignment) -> Reading | None:
    """The reading that fills an assignment once it is signed."""
    return assignment.readings.filter(state=ReadingState.SIGNED).first()
