"""Pairs of two ways to the same value: automated and final, reader and reader, version and version.

Readings of projects count once their project is locked, and apart from the clinical ones: what was
read blinded from scratch is the only fair judge of the automated value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any, Literal

from django.db.models import F, Q, QuerySet

from qperfweb.reviews.models import (
    Reading,
    ReadingFigure,
    ReadingRevision,
    ReadingSegment,
    ReadingState,
    RevisionKind,
)
from qperfweb.runs.models import AnalysisRun, GlobalResult, RunState, SegmentResult

MOST_PAIRS = 200_000
WHOLE_HEART = 0

Comparison = Literal["final", "readers", "versions"]
Measure = Literal["stress", "rest", "mpr"]
Subset = Literal["all", "edited", "scratch"]
Pair = dict[str, Any]
"""study, patient, site_name, segment, source, first, second, moment, version."""


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What is compared. None: no restriction.

    sites: those where the asking user may see agreement; never more than these. hidden: studies
    that the user reads blinded for a project. scope: each of 16 segments, or the whole heart.
    subset: of automated against final: clinical readings, their changed values alone, or readings
    made blinded from scratch. first_version, second_version: as ``version_of`` names them.
    """

    sites: tuple[int, ...]
    hidden: frozenset[int] = frozenset()
    comparison: Comparison = "final"
    measure: Measure = "stress"
    scope: Literal["segment", "global"] = "segment"
    subset: Subset = "all"
    site: int | None = None
    segment: int | None = None
    field_strength_t: float | None = None
    manufacturer: str | None = None
    scanner_model: str | None = None
    sequence_class: str | None = None
    reader: int | None = None
    version: str | None = None
    first_version: str | None = None
    second_version: str | None = None
    signed_from: date | None = None
    signed_to: date | None = None


def pairs(filters: Filters) -> list[Pair]:
    """One pair per study and segment (or whole heart), newest readings first."""
    if filters.comparison == "versions":
        return _version_pairs(filters)
    if filters.comparison == "readers":
        return _reader_pairs(filters)
    return [
        {
            **row,
            "first": row["automated"],
            "second": row["final"],
            "version": version_of(row["pipeline_version"], row["models"]),
        }
        for row in _as_rows(final_values(filters))
    ]


def final_values(filters: Filters) -> QuerySet[Any]:
    """Rows with an automated and a final value of signed readings, as the filters ask for them."""
    rows = _values(_final_readings(filters), filters).filter(automated_value__isnull=False)
    if filters.subset == "edited":
        rows = rows.exclude(source=ReadingSegment.Source.AUTOMATED)
    return rows


def version_of(pipeline_version: str, models: Mapping[str, str]) -> str:
    """A run's software in one line: pipeline and models."""
    return ", ".join([pipeline_version, *(f"{name} {v}" for name, v in sorted(models.items()))])


def choices(sites: tuple[int, ...], hidden: frozenset[int]) -> dict[str, list[Any]]:
    """Values that the filters may take, from what has been signed; versions from all results."""
    signed = Reading.objects.filter(_counted(), site_id__in=sites).exclude(study_id__in=hidden)
    of_study = ("field_strength_t", "manufacturer", "scanner_model", "sequence_class")
    # Once over all readings, not once for each filter: there are few combinations.
    found = list(
        signed.order_by()
        .values("site_id", "site__name", "reader_id", "reader__full_name")
        .annotate(**{name: F(f"study__{name}") for name in of_study})
        .distinct()
    )
    return {
        "site": sorted({(row["site_id"], row["site__name"]) for row in found}),
        "reader": sorted({(row["reader_id"], row["reader__full_name"]) for row in found}),
        "version": sorted({version_of(*row) for row in _versions(sites)}),
        **{name: sorted({row[name] for row in found} - {None, ""}) for name in of_study},
    }


def override_reasons(studies: QuerySet[Any]) -> list[tuple[str, int]]:
    """Why values were entered by hand in these studies' signed readings, most frequent first."""
    rows = ReadingRevision.objects.filter(
        kind=RevisionKind.OVERRIDE,
        reading__state=ReadingState.SIGNED,
        reading__assignment=None,
        reading__study_id__in=studies,
    ).values_list("reason", flat=True)
    return Counter(rows).most_common(10)


def edited_readings(filters: Filters, most: int) -> list[Reading]:
    """The newest signed readings that changed a contour, as the filters ask for them."""
    rows = _final_readings(filters).filter(segments__source=ReadingSegment.Source.CONTOUR)
    return list(rows.select_related("run").distinct().order_by("-pk")[:most])


def _counted() -> Q:
    """Signed, and not part of a project that is still blinded."""
    return Q(state=ReadingState.SIGNED) & (
        Q(assignment=None) | Q(assignment__project__state="locked")
    )


def _final_readings(filters: Filters) -> QuerySet[Reading]:
    rows = _readings(filters)
    if filters.subset == "scratch":
        return rows.filter(assignment__project__blinding="scratch", assignment__kind="first")
    return rows.filter(assignment=None)


def _readings(filters: Filters) -> QuerySet[Reading]:
    wanted = {
        "site_id": filters.site,
        "study__field_strength_t": filters.field_strength_t,
        "study__manufacturer": filters.manufacturer,
        "study__scanner_model": filters.scanner_model,
        "study__sequence_class": filters.sequence_class,
        "signed_at__date__gte": filters.signed_from,
        "signed_at__date__lte": filters.signed_to,
    }
    if filters.comparison != "readers":
        wanted["reader_id"] = filters.reader
    rows = Reading.objects.filter(
        _counted(),
        site_id__in=filters.sites,
        **{name: value for name, value in wanted.items() if value is not None},
    ).exclude(study_id__in=filters.hidden)
    if filters.version is not None:
        rows = rows.filter(_of_version("run__", filters.sites, filters.version))
    return rows


def _versions(sites: tuple[int, ...]) -> list[tuple[str, Mapping[str, str]]]:
    """What results were made with: pipeline version and models."""
    runs = AnalysisRun.objects.filter(site_id__in=sites, state=RunState.SUCCEEDED)
    return list(runs.values_list("pipeline_version", "model_versions").distinct())


def _of_version(run: str, sites: tuple[int, ...], *wanted: str) -> Q:
    """Runs of these versions, so that the database and not Python looks through them."""
    found = Q(pk__in=[])
    for pipeline, models in _versions(sites):
        if version_of(pipeline, models) in wanted:
            found |= Q(**{f"{run}pipeline_version": pipeline, f"{run}model_versions": models})
    return found


def _values(readings: QuerySet[Reading], filters: Filters) -> QuerySet[Any]:
    """Rows of readings that have a final value."""
    rows: QuerySet[Any]
    if filters.measure != "mpr" and filters.scope == "segment":
        rows = ReadingSegment.objects.filter(
            condition=filters.measure, quantity=ReadingSegment.Quantity.MBF
        )
    else:
        rows = ReadingFigure.objects.filter(name=filters.measure)
        whole = Q(segment=WHOLE_HEART)
        rows = rows.filter(whole) if filters.scope == "global" else rows.exclude(whole)
    rows = rows.filter(reading__in=readings, final_value__isnull=False)
    if filters.segment is not None and filters.scope == "segment":
        rows = rows.filter(segment=filters.segment)
    return rows


def _as_rows(rows: QuerySet[Any]) -> list[dict[str, Any]]:
    """Values with whose they are, newest readings first; at most MOST_PAIRS."""
    return list(
        rows.order_by("-reading_id", "segment").values(
            "segment",
            "source",
            "reading_id",
            automated=F("automated_value"),
            final=F("final_value"),
            study=F("reading__study_id"),
            patient=F("reading__study__patient_id"),
            site_name=F("site__name"),
            moment=F("reading__signed_at"),
            reader=F("reading__reader_id"),
            case=F("reading__assignment__case_id"),
            pipeline_version=F("reading__run__pipeline_version"),
            models=F("reading__run__model_versions"),
        )[:MOST_PAIRS]
    )


def _reader_pairs(filters: Filters) -> list[Pair]:
    """Every two readers of a case of a locked project; repeats and training do not count."""
    readings = _readings(filters).filter(assignment__kind="first")
    by_value: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for row in _as_rows(_values(readings, filters)):
        by_value.setdefault((row["case"], row["segment"]), []).append(row)
    found = []
    for rows in by_value.values():
        for first, second in combinations(sorted(rows, key=lambda row: row["reader"]), 2):
            if filters.reader is None or filters.reader in (first["reader"], second["reader"]):
                version = version_of(first["pipeline_version"], first["models"])
                found.append(
                    {
                        **second,
                        "first": first["final"],
                        "second": second["final"],
                        "version": version,
                    }
                )
    return found


def _version_pairs(filters: Filters) -> list[Pair]:
    """The newest results of both versions of each study that has them; empty until both chosen."""
    if filters.first_version is None or filters.second_version is None:
        return []
    wanted = (filters.first_version, filters.second_version)
    study = {
        "site_id": filters.site,
        "study__field_strength_t": filters.field_strength_t,
        "study__manufacturer": filters.manufacturer,
        "study__scanner_model": filters.scanner_model,
        "study__sequence_class": filters.sequence_class,
    }
    runs = (
        AnalysisRun.objects.filter(
            _of_version("", filters.sites, *wanted),
            site_id__in=filters.sites,
            state=RunState.SUCCEEDED,
            **{name: value for name, value in study.items() if value is not None},
        )
        .exclude(study_id__in=filters.hidden)
        .select_related("study", "site")
        .defer("document", "input_manifest")
        .order_by("pk")
    )
    newest: dict[int, dict[str, AnalysisRun]] = {}
    for run in runs:
        newest.setdefault(run.study_id, {})[
            version_of(run.pipeline_version, run.model_versions)
        ] = run
    both = [tuple(own[v] for v in wanted) for own in newest.values() if {*wanted} <= {*own}]
    values = _run_values([run.pk for pair in both for run in pair], filters)
    return [
        {
            "study": second.study_id,
            "patient": second.study.patient_id,
            "site_name": second.site.name,
            "segment": segment,
            "source": "automated",
            "first": value,
            "second": values[second.pk][segment],
            "moment": second.finished_at,
            "version": str(filters.second_version),
        }
        for first, second in both
        for segment, value in values.get(first.pk, {}).items()
        if segment in values.get(second.pk, {})
    ]


def _run_values(runs: list[int], filters: Filters) -> dict[int, dict[int, float]]:
    """Automated values by run and segment."""
    found: dict[int, dict[int, float]] = {}
    if filters.measure == "mpr":
        rows: Iterable[tuple[int, int, float | None]] = (
            (pk, WHOLE_HEART if row["segment"] == "GLOBAL" else row["segment"], row["value"])
            for pk, ratios in AnalysisRun.objects.filter(pk__in=runs).values_list(
                "pk", "document__mpr"
            )
            for row in ratios or ()
            if row["segment"] == "GLOBAL" or isinstance(row["segment"], int)
        )
        is_whole = filters.scope == "global"
        rows = (row for row in rows if (row[1] == WHOLE_HEART) == is_whole)
    elif filters.scope == "global":
        whole = GlobalResult.objects.filter(run_id__in=runs, condition=filters.measure)
        rows = (
            (run, WHOLE_HEART, value)
            for run, value in whole.values_list("run_id", "mbf_ml_per_min_per_g")
        )
    else:
        rows = SegmentResult.objects.filter(run_id__in=runs, condition=filters.measure).values_list(
            "run_id", "segment", "mbf_ml_per_min_per_g"
        )
    for run, segment, value in rows:
        if value is not None and filters.segment in (None, segment, WHOLE_HEART):
            found.setdefault(run, {}).setdefault(segment, value)
    return found
