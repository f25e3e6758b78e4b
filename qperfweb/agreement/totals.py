"""Sums over pairs, however many: the database adds up each study, only those sums come here.

1.6 million pairs (100,000 studies) are 100,000 rows this way; what is drawn is an even sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Count, F, FloatField, Q, QuerySet, Sum
from django.db.models.functions import Mod

from qperfweb.reviews.models import ReadingSegment

from .queries import Pair
from .statistics import Sums, sums_of

MOST_POINTS = 5000


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
    by_source = {f"from_{s.value}": Count("pk", filter=Q(source=s)) for s in ReadingSegment.Source}
    found = list(
        rows.order_by()
        .values_list("reading__study_id", "reading__study__patient_id")
        .annotate(
            count=Count("pk"),
            of_first=Sum(first),
            of_second=Sum(second),
            of_difference=Sum(difference),
            of_squares=Sum(difference * difference),
            of_scatter=Sum(
                2 * difference * difference / (total * total),
                filter=Q(final_value__gt=0) | Q(automated_value__gt=0),
                output_field=FloatField(),
                default=0.0,
            ),
            scattered=Count("pk", filter=Q(final_value__gt=0) | Q(automated_value__gt=0)),
            **by_source,
        )
    )
    table = np.array(found, dtype=np.float64).reshape(len(found), 9 + len(by_source))
    _, codes = np.unique(table[:, 1], return_inverse=True)
    of_patients = [np.bincount(codes, weights=column) for column in table.T[2:7]]
    sources = (int(column.sum()) for column in table.T[9:])
    pairs = int(table[:, 2].sum())
    return Totals(
        pairs=pairs,
        studies=len(np.unique(table[:, 0])),
        sources=Counter(dict(zip(ReadingSegment.Source.values, sources, strict=True))),
        sums=Sums(
            count=of_patients[0],
            first=of_patients[1],
            second=of_patients[2],
            difference=of_patients[3],
            squares=of_patients[4],
            scatter=float(table[:, 7].sum()),
            scattered=int(table[:, 8].sum()),
        ),
        points=_sample(rows, pairs),
    )


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
