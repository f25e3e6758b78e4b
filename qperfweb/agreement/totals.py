"""Sums over pairs, however many: the database adds up each patient, only those sums come here.

1.6 million pairs (100,000 studies) are 25,000 rows this way; what is drawn is an even sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, F, FloatField, Q, QuerySet, Sum
from django.db.models.functions import Mod

from qperfweb.reviews.models import Reading, ReadingSegment
from qperfweb.studies.models import Study

from .queries import Pair
from .statistics import Doubles, Sums, sums_of

MOST_POINTS = 5000
_SOURCES = ReadingSegment.Source


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What the page shows of pairs. sources: how often a value came about each way."""

    pairs: int
    studies: int
    sources: Counter[str]
    sums: Sums
    points: list[dict[str, Any]]

    @property
    def edited_share(self) -> dict[str, float]:
        """Share of values by how they came about; empty without values."""
        total = self.sources.total()
        return {source: count / total for source, count in self.sources.items() if count}


def totals_in_database(rows: QuerySet[Any]) -> Totals:
    """Of reading values (ReadingSegment or ReadingFigure): automated minus final."""
    first, second = F("final_value"), F("automated_value")
    difference, total = second - first, first + second
    by_source = {f"from_{s.value}": Count("pk", filter=Q(source=s)) for s in _SOURCES}
    scattered = Q(final_value__gt=0) | Q(automated_value__gt=0)
    of_readings = (
        rows.order_by()
        .values("reading_id")
        .annotate(
            pairs=Count("pk"),
            first=Sum(first),
            second=Sum(second),
            difference=Sum(difference),
            squares=Sum(difference * difference),
            scatter=Sum(
                2 * difference * difference / (total * total),
                filter=scattered,
                output_field=FloatField(),
                default=0.0,
            ),
            scattered=Count("pk", filter=scattered),
            **by_source,
        )
    )
    sums = ("pairs", "first", "second", "difference", "squares", "scatter", "scattered", *by_source)
    table = _by_patient(of_readings, sums)
    studies, *columns = table.T
    named = dict(zip(sums, columns, strict=True))
    pairs = int(named["pairs"].sum())
    return Totals(
        pairs=pairs,
        studies=int(studies.sum()),
        sources=Counter({s.value: int(named[f"from_{s.value}"].sum()) for s in _SOURCES}),
        sums=Sums(
            count=named["pairs"],
            first=named["first"],
            second=named["second"],
            difference=named["difference"],
            squares=named["squares"],
            scatter=float(named["scatter"].sum()),
            scattered=int(named["scattered"].sum()),
        ),
        points=_sample(rows, pairs),
    )


def _by_patient(of_readings: QuerySet[Any], sums: Sequence[str]) -> Doubles:
    """(patients, 1 + sums): number of studies and the sums of each patient's readings.

    A reading's values stand together, so its sums cost one walk along an index; only they are
    joined with studies. Django joins every single value first, which takes three times as long.
    """
    try:
        inner, values = of_readings.query.sql_with_params()
    except EmptyResultSet:  # the filters rule each other out, which Django sees by itself
        return np.zeros((0, 1 + len(sums)))
    added = ", ".join(f"sum({name})::float8" for name in sums)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(DISTINCT reading.study_id), {added} FROM ({inner}) each "  # noqa: S608 (names of columns, and Django's own SQL with its parameters apart)
            f"JOIN {Reading._meta.db_table} reading ON reading.id = each.reading_id "
            f"JOIN {Study._meta.db_table} study ON study.id = reading.study_id "
            "GROUP BY study.patient_id ORDER BY study.patient_id",
            values,
        )
        found = cursor.fetchall()
    return np.array(found, dtype=np.float64).reshape(len(found), 1 + len(sums))


def totals_of(rows: Sequence[Pair]) -> Totals:
    """Of pairs that are here already: second minus first."""
    first = np.array([row["first"] for row in rows], dtype=np.float64)
    second = np.array([row["second"] for row in rows], dtype=np.float64)
    step = max(1, -(-len(rows) // MOST_POINTS))
    return Totals(
        pairs=len(rows),
        studies=len({row["study"] for row in rows}),
        sources=Counter(row["source"] for row in rows),
        sums=sums_of(first, second, [row["patient"] for row in rows]),
        points=[
            _point(row["study"], row["segment"], row["source"], row["first"], row["second"])
            for row in rows[::step]
        ],
    )


def _sample(rows: QuerySet[Any], pairs: int) -> list[dict[str, Any]]:
    """Every point that fits on a page; beyond that an even sample."""
    step = -(-pairs // MOST_POINTS)
    if step > 1:
        # Odd, or each would be of the same segment: a reading has 16 rows, one after another.
        rows = rows.annotate(place=Mod("pk", step | 1)).filter(place=0)
    chosen = rows.order_by("-reading_id", "segment").values_list(
        "reading__study_id", "segment", "source", "final_value", "automated_value"
    )
    return [_point(*row) for row in chosen[:MOST_POINTS]]


def _point(study: int, segment: int, source: str, first: float, second: float) -> dict[str, Any]:
    return {
        "study": study,
        "segment": segment,
        "source": source,
        "mean": (first + second) / 2,
        "difference": second - first,
    }
