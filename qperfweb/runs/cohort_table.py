"""Every segment of a cohort as one table for analysis elsewhere; patients by pseudonym."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from django.db.models import F, OuterRef, Subquery

from qperfweb.core.tables import Columns, Row

from .models import AnalysisRun, RunState, SegmentResult

COLUMNS: Columns = {
    "site": "text",
    "patient": "text",
    "study": "integer",
    "study_date": "text",
    "scanner": "text",
    "field_strength_t": "number",
    "sequence": "text",
    "run": "integer",
    "newest": "integer",
    "purpose": "text",
    "pipeline_version": "text",
    "segmentation_version": "text",
    "condition": "text",
    "segment": "integer",
    "mbf_ml_per_min_per_g": "number",
    "standard_error": "number",
    "endo": "number",
    "epi": "number",
    "upslope": "number",
    "uncertainty": "number",
    "pixels": "integer",
    "valid_pixels": "integer",
    "not_measured_reason": "text",
    "flags": "text",
}
"""newest: 1 where no later analysis of the study has succeeded, else 0."""


def cohort_rows(
    *,
    sites: Sequence[int],
    taken_from: date | None = None,
    taken_to: date | None = None,
    newest_only: bool = True,
) -> Iterator[Row]:
    """One row per segment and condition of succeeded runs, in the order of COLUMNS.

    The site scope of ``sites`` is open.
    """
    succeeded = AnalysisRun.objects.filter(site_id__in=sites, state=RunState.SUCCEEDED)
    segments = SegmentResult.objects.filter(site_id__in=sites, run__state=RunState.SUCCEEDED)
    if newest_only:
        # Chosen once for each study; asked of each of a million rows it would take minutes.
        newest = succeeded.order_by("study_id", "-id").distinct("study_id").values("pk")
        segments = segments.filter(run_id__in=newest).annotate(newest_run=F("run_id"))
    else:
        of_study = succeeded.filter(study=OuterRef("run__study")).order_by("-id")
        segments = segments.annotate(newest_run=Subquery(of_study.values("pk")[:1]))
    if taken_from:
        segments = segments.filter(run__study__study_date__gte=taken_from)
    if taken_to:
        segments = segments.filter(run__study__study_date__lte=taken_to)
    found = segments.order_by("run_id", "acquisition", "segment").values_list(
        "site__slug", "run__study__patient__pseudonym", "run__study_id", "run__study__study_date",
        "run__study__scanner_model", "run__study__field_strength_t", "run__study__sequence_class",
        "run_id", "newest_run", "run__purpose", "run__pipeline_version", "run__model_versions",
        "condition", "segment", "mbf_ml_per_min_per_g", "standard_error", "endo", "epi", "upslope",
        "uncertainty", "pixels", "valid_pixels", "not_measured_reason", "flags",
    )  # fmt: skip
    for row in found.iterator(chunk_size=5000):
        site, patient, study, day, scanner, field, sequence, run, newest_run = row[:9]
        purpose, version, models, *numbers, flags = row[9:]
        yield (
            site, str(patient), study, day.isoformat() if day else None, scanner, field, sequence,
            run, int(run == newest_run), purpose, version, (models or {}).get("segmentation"),
            *numbers, ",".join(sorted({flag["code"] for flag in flags})),
        )  # fmt: skip
