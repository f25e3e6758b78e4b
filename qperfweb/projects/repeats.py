"""Intra-reader error: the same case read twice by the same reader without knowing it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from qperfweb.reviews.models import Reading, ReadingState

from .models import AssignmentKind, Project
from .rules import WHOLE_HEART
from .values import values_of_readings


@dataclass(frozen=True, kw_only=True)
class Repeatability:
    """Of one reader, global values. within_sd: within-subject standard deviation; cv: share.

    Source: Bland & Altman 1996 (measurement error): sd = sqrt(mean(d^2) / 2).
    """

    reader: str
    quantity: str
    pairs: int
    bias: float
    within_sd: float
    cv: float


def repeatability(project: Project) -> list[dict[str, Any]]:
    """Per reader and quantity, where both readings are signed; readers by name."""
    rows = Reading.objects.filter(
        assignment__project=project,
        assignment__kind__in=(AssignmentKind.FIRST, AssignmentKind.REPEAT),
        state=ReadingState.SIGNED,
    ).select_related("assignment", "reader")
    pairs: dict[tuple[int, int], dict[str, Reading]] = {}
    for reading in rows:
        assert reading.assignment is not None
        key = (reading.reader_id, reading.assignment.case_id)
        pairs.setdefault(key, {})[reading.assignment.kind] = reading
    both = [pair for pair in pairs.values() if len(pair) == 2]
    values = values_of_readings(reading for pair in both for reading in pair.values())
    by_reader: dict[str, list[dict[str, Reading]]] = {}
    for pair in both:
        by_reader.setdefault(pair["first"].reader.display_name, []).append(pair)
    found = []
    for reader, own in sorted(by_reader.items()):
        for quantity in ("stress", "rest", "mpr"):
            numbers = [
                (first, second)
                for pair in own
                if (first := values[pair["first"].pk].get((quantity, WHOLE_HEART))) is not None
                and (second := values[pair["repeat"].pk].get((quantity, WHOLE_HEART))) is not None
            ]
            if numbers:
                found.append(asdict(_of(reader, quantity, numbers)))
    return found


def _of(reader: str, quantity: str, numbers: list[tuple[float, float]]) -> Repeatability:
    differences = [second - first for first, second in numbers]
    count = len(numbers)
    within = math.sqrt(sum(d * d for d in differences) / (2 * count))
    mean = sum(first + second for first, second in numbers) / (2 * count)
    return Repeatability(
        reader=reader,
        quantity=quantity,
        pairs=count,
        bias=sum(differences) / count,
        within_sd=within,
        cv=within / mean if mean else 0.0,
    )
