"""Reads of this package: the worklist, a study with its series, what waits for a decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Count, F, Q, QuerySet

from qperfweb.core.errors import Invalid

from .identity import query_tokens
from .models import Instance, IntakeProblem, Patient, Series, Study, StudyState

PAGE_SIZE: Final = 50
LARGEST_PAGE: Final = 200

_FEW_PATIENTS: Final = 1000
"""Up to here patients are looked up once and named in the query; beyond, in a subquery."""

ORDERINGS: Final = {
    "received": ("last_received_at", "id"),
    "study_date": ("study_date", "id"),
    "state": ("state", "last_received_at"),
    "description": ("description", "id"),
    "site": ("site__name", "last_received_at"),
}
"""What the worklist can be ordered by; names and IDs are encrypted: searched, never sorted."""


@dataclass(frozen=True, kw_only=True)
class WorklistFilter:
    """What a user asked for.

    site_ids: already limited to the user's own sites.
    text: beginnings of words of the name or of the ID, or an accession number.
    flagged: only studies with open doubts.
    assigned_to: id of the reader whom the studies were given to; 0 for those of nobody.
    """

    site_ids: tuple[int, ...]
    text: str = ""
    states: tuple[str, ...] = ()
    condition: str = ""
    sequence: str = ""
    flagged: bool = False
    assigned_to: int | None = None
    date_from: date | None = None
    date_to: date | None = None
    ordering: str = "-received"
    page: int = 1
    page_size: int = PAGE_SIZE


@dataclass(frozen=True, kw_only=True)
class WorklistPage:
    """rows carry patient identity, site, reader; busy and failed ones stage, progress and failure
    of their newest run, too."""

    rows: list[Study]
    count: int
    page: int
    pages: int


def worklist(asked: WorklistFilter) -> WorklistPage:
    """One page of studies. Raises Invalid for an unknown ordering."""
    found = _matching(asked)
    count = found.count()
    size = max(1, min(asked.page_size, LARGEST_PAGE))
    pages = max(1, -(-count // size))
    page = max(1, min(asked.page, pages))
    # The page is chosen on narrow rows first; only its own rows are joined and decrypted.
    chosen = found.order_by(*_ordering(asked.ordering)).values("pk")
    chosen = chosen[(page - 1) * size : page * size]
    found = Study.objects.filter(pk__in=chosen)
    found = found.select_related("patient__identity", "site", "assigned_to")
    rows = list(found.order_by(*_ordering(asked.ordering)))
    _add_runs([row for row in rows if row.state in (*BUSY_STATES, *FAILED_STATES)])
    return WorklistPage(rows=rows, count=count, page=page, pages=pages)


def _ordering(name: str) -> list[Any]:
    columns = ORDERINGS.get(name.removeprefix("-"))
    if columns is None:
        raise Invalid("The worklist cannot be ordered by that.", field="ordering")
    descending = name.startswith("-")
    # Only a study date may be empty; elsewhere NULLS LAST would keep an index from being used.
    return [
        (F(column).desc if descending else F(column).asc)(
            nulls_last=True if column == "study_date" else None
        )
        for column in columns
    ]


def _matching(asked: WorklistFilter) -> QuerySet[Study]:
    # Naming the sites again, beside row-level security, lets PostgreSQL use their indexes.
    if len(asked.site_ids) == 1:
        found = Study.objects.filter(site_id=asked.site_ids[0])
    else:
        found = Study.objects.filter(site_id__in=asked.site_ids)
    if asked.text.strip():
        found = found.filter(_text(asked.text.strip(), asked.site_ids))
    if asked.states:
        found = found.filter(state__in=asked.states)
    if asked.condition:
        found = found.filter(conditions__contains=[asked.condition])
    if asked.sequence:
        found = found.filter(sequence_class=asked.sequence)
    if asked.flagged:
        found = found.filter(flag_count__gt=0)
    if asked.assigned_to is not None:
        found = found.filter(assigned_to=asked.assigned_to or None)
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
        few = list(people.values_list("id", flat=True)[: _FEW_PATIENTS + 1])
        matches |= Q(patient_id__in=few if len(few) <= _FEW_PATIENTS else people.values("id"))
    return matches


def _add_runs(rows: list[Study]) -> None:
    """Give rows stage, progress and failure of their newest run; most pages have none to give."""
    if not rows:
        return
    # The relation is named, its model is in a package above.
    runs = Study._meta.get_field("runs").related_model._default_manager
    newest = runs.filter(study__in=rows).order_by("study_id", "-id").distinct("study_id")
    told = {run["study_id"]: run for run in newest.values("study_id", *_OF_A_RUN)}
    for row in rows:
        for name in _OF_A_RUN:
            setattr(row, f"run_{name}", told.get(row.pk, {}).get(name))


_OF_A_RUN: Final = ("stage", "progress", "failure_message")
BUSY_STATES: Final = (StudyState.QUEUED, StudyState.ANALYSING)
FAILED_STATES: Final = (StudyState.FAILED, StudyState.NOTHING_TO_ANALYSE)


def series_of(study: Study) -> QuerySet[Series]:
    """The series of a study in order of number, with how many objects and frames each has."""
    return (
        study.series.select_related("corrected_by")
        .annotate(instance_count=Count("instances"))
        .order_by(F("series_number").asc(nulls_last=True), "id")
    )


def instances_of(study: Study) -> QuerySet[Instance]:
    """All objects of a study in order of series and instance number, without their facts."""
    return (
        Instance.objects.filter(series__study=study)
        .only("id", "series_id", "instance_number", "frame_count", "sha256", "sop_instance_uid")
        .order_by("series_id", F("instance_number").asc(nulls_last=True), "id")
    )


def facts_of(study: Study) -> QuerySet[Instance, tuple[str, dict[str, Any]]]:
    """Content hash and header facts of every object of a study."""
    return Instance.objects.filter(series__study=study).values_list("sha256", "facts")


def open_problems(site_ids: tuple[int, ...]) -> QuerySet[IntakeProblem]:
    """What was set aside at these sites and waits for a decision, newest first."""
    return IntakeProblem.objects.filter(
        site_id__in=site_ids, kind=IntakeProblem.Kind.SET_ASIDE, resolution=""
    ).order_by("-created_at", "-id")
