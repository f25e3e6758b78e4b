"""Pairs of automated and final values of signed readings, as the filters ask for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from django.db.models import F, QuerySet

from qperfweb.reviews.models import ReadingRevision, ReadingSegment, ReadingState, RevisionKind

MOST_PAIRS = 200_000

Subset = Literal["all", "edited"]


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What of the signed readings is compared. None: no restriction.

    sites: those where the asking user may see agreement; never more than these. hidden: studies
    that the user reads blinded for a project.
    """

    sites: tuple[int, ...]
    condition: Literal["stress", "rest"] = "stress"
    subset: Subset = "all"
    site: int | None = None
    segment: int | None = None
    field_strength_t: float | None = None
    manufacturer: str | None = None
    sequence_class: str | None = None
    reader: int | None = None
    pipeline_version: str | None = None
    signed_from: date | None = None
    signed_to: date | None = None
    hidden: frozenset[int] = frozenset()


def pairs(filters: Filters) -> QuerySet[ReadingSegment, dict[str, Any]]:
    """One row per segment that has an automated and a final flow, newest readings first."""
    rows = ReadingSegment.objects.filter(
        reading__state=ReadingState.SIGNED,
        site_id__in=filters.sites,
        quantity=ReadingSegment.Quantity.MBF,
        condition=filters.condition,
        automated_value__isnull=False,
        final_value__isnull=False,
    ).exclude(reading__study_id__in=filters.hidden)
    if filters.subset == "edited":
        rows = rows.exclude(source=ReadingSegment.Source.AUTOMATED)
    wanted = {
        "site_id": filters.site,
        "segment": filters.segment,
        "reading__study__field_strength_t": filters.field_strength_t,
        "reading__study__manufacturer": filters.manufacturer,
        "reading__study__sequence_class": filters.sequence_class,
        "reading__reader_id": filters.reader,
        "reading__run__pipeline_version": filters.pipeline_version,
        "reading__signed_at__date__gte": filters.signed_from,
        "reading__signed_at__date__lte": filters.signed_to,
    }
    rows = rows.filter(**{name: value for name, value in wanted.items() if value is not None})
    return rows.order_by("-reading_id", "segment").values(
        "segment",
        "source",
        automated=F("automated_value"),
        final=F("final_value"),
        study=F("reading__study_id"),
        patient=F("reading__study__patient_id"),
        site_name=F("site__name"),
    )[:MOST_PAIRS]


def choices(sites: tuple[int, ...]) -> dict[str, list[Any]]:
    """Values that the filters may take, from what has been signed."""
    signed = ReadingSegment.objects.filter(reading__state=ReadingState.SIGNED, site_id__in=sites)

    def distinct(*names: str) -> list[Any]:
        return list(signed.order_by(*names).values_list(*names).distinct())

    return {
        "site": [list(row) for row in distinct("site_id", "site__name")],
        "reader": [
            list(row) for row in distinct("reading__reader_id", "reading__reader__full_name")
        ],
        **{
            name: [row[0] for row in distinct(path) if row[0] not in (None, "")]
            for name, path in (
                ("field_strength_t", "reading__study__field_strength_t"),
                ("manufacturer", "reading__study__manufacturer"),
                ("sequence_class", "reading__study__sequence_class"),
                ("pipeline_version", "reading__run__pipeline_version"),
            )
        },
    }


def override_reasons(studies: set[int]) -> list[tuple[str, int]]:
    """Why values were entered by hand in these studies' signed readings, most frequent first."""
    rows = ReadingRevision.objects.filter(
        kind=RevisionKind.OVERRIDE,
        reading__state=ReadingState.SIGNED,
        reading__study_id__in=studies,
    ).values_list("reason", flat=True)
    return Counter(rows).most_common(10)


def edited_share(rows: list[Mapping[str, Any]]) -> float | None:
    """Share of segments whose final value is not the automated one."""
    if not rows:
        return None
    return sum(row["source"] != ReadingSegment.Source.AUTOMATED for row in rows) / len(rows)
