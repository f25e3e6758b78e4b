"""Reads of this package: the worklist in one query, a study with its series."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.db.models import F, FilteredRelation, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.dateparse import parse_datetime

from qperfweb.core.errors import Invalid

from .identity import query_tokens
from .models import Patient, Series, Study

PAGE_SIZE: Final = 50
LARGEST_PAGE: Final = 200
COUNT_UP_TO: Final = 10_000
_LONG_AGO = date(1, 1, 1)

ORDERS: Final = {
    "received": ("last_received_at", "Last received"),
    "study_date": ("study_day", "Study date"),
}
"""Fields by which the worklist can be ordered, with - in front for newest first."""


@dataclass(frozen=True, kw_only=True)
class WorklistFilter:
    """What a user asked for. site_ids: already limited to the user's own.

    text: words of the name, the ID, or an accession number. flagged: open doubts only.
    cursor: where the previous page ended.
    """

    site_ids: tuple[int, ...]
    text: str = ""
    states: tuple[str, ...] = ()
    condition: str = ""
    sequence: str = ""
    flagged: bool | None = None
    date_from: date | None = None
    date_to: date | None = None
    order: str = "-received"
    page_size: int = PAGE_SIZE
    cursor: str = ""


@dataclass(frozen=True)
class WorklistPage:
    """rows: studies with patient identity, site and the open run's progress already loaded.

    count: matching studies, counted up to COUNT_UP_TO, on the first page only.
    """

    rows: list[Study] = field(default_factory=list)
    next_cursor: str = ""
    count: int | None = None


def worklist(asked: WorklistFilter) -> WorklistPage:
    """One page of studies. Raises Invalid for an unknown order or cursor."""
    name = asked.order.removeprefix("-")
    if name not in ORDERS:
        raise Invalid("The worklist cannot be ordered by that.", field="order")
    column, descending = ORDERS[name][0], asked.order.startswith("-")
    found = _matching(asked)
    count = None if asked.cursor else found.order_by()[: COUNT_UP_TO + 1].count()
    if asked.cursor:
        found = found.filter(_after(asked.cursor, column, descending))
    sign = "-" if descending else ""
    size = max(1, min(asked.page_size, LARGEST_PAGE))
    rows = list(
        _with_run(found.order_by(f"{sign}{column}", f"{sign}id")).select_related(
            "patient__identity", "site", "assigned_to"
        )[: size + 1]
    )
    more = len(rows) > size
    rows = rows[:size]
    return WorklistPage(rows, _cursor(rows[-1], column) if more else "", count)


def _matching(asked: WorklistFilter) -> QuerySet[Study]:
    found = Study.objects.annotate(study_day=Coalesce("study_date", _LONG_AGO))
    # Naming the site again, beside row-level security, lets PostgreSQL use the site's indexes.
    found = (
        found.filter(site_id=asked.site_ids[0])
        if len(asked.site_ids) == 1
        else found.filter(site_id__in=asked.site_ids)
    )
    if asked.text.strip():
        found = found.filter(_text(asked.text.strip(), asked.site_ids))
    if asked.states:
        found = found.filter(state__in=asked.states)
    if asked.condition:
        found = found.filter(conditions__contains=[asked.condition])
    if asked.sequence:
        found = found.filter(sequence_class=asked.sequence)
    if asked.flagged is not None:
        found = found.filter(flag_count__gt=0) if asked.flagged else found.filter(flag_count=0)
    if asked.date_from:
        found = found.filter(study_date__gte=asked.date_from)
    if asked.date_to:
        found = found.filter(study_date__lte=asked.date_to)
    return found


def _text(text: str, site_ids: tuple[int, ...]) -> Q:
    matches = Q(accession_number=text)
    tokens = query_tokens(text)
    if tokens:
        people = Patient.objects.filter(site_id__in=site_ids, search_tokens__contains=tokens)
        matches |= Q(patient_id__in=people.values("id"))
    return matches


def _with_run(found: QuerySet[Study]) -> QuerySet[Study]:
    """Stage and progress of the one open run; the relation is named, its model stays above."""
    open_run = FilteredRelation("runs", condition=Q(runs__state__in=["queued", "running"]))
    return found.annotate(open_run=open_run).annotate(
        run_stage=F("open_run__stage"), run_progress=F("open_run__progress")
    )


def _cursor(row: Study, column: str) -> str:
    value = getattr(row, column).isoformat()
    return base64.urlsafe_b64encode(json.dumps([value, row.pk]).encode()).decode()


def _after(cursor: str, column: str, descending: bool) -> Q:
    try:
        text, number = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        value: Any = parse_datetime(text) if column == "last_received_at" else _day(text)
        number = int(number)
        if value is None:
            raise ValueError(text)
    except (ValueError, TypeError, binascii.Error) as error:
        raise Invalid("That page is not known; start again.", field="cursor") from error
    beyond = "lt" if descending else "gt"
    return Q(**{f"{column}__{beyond}": value}) | Q(**{column: value, f"id__{beyond}": number})


def _day(text: str) -> date:
    return datetime.fromisoformat(text).date()


def series_of(study: Study) -> QuerySet[Series]:
    """The series of a study as people look at them: what is used first, in order of number."""
    return study.series.select_related("corrected_by").order_by(
        F("series_number").asc(nulls_last=True), "id"
    )
