"""All readings of a locked project as one long table: one row per value."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from qperfweb.core.tables import Columns
from qperfweb.reviews.models import Reading, ReadingFigure, ReadingSegment, ReadingState

from .adjudication import newest_decision
from .models import Case, CaseKind, Project

COLUMNS: Columns = {
    "project": "text",
    "case": "integer",
    "case_kind": "text",
    "site": "text",
    "study": "integer",
    "patient": "text",
    "reader": "text",
    "reading": "integer",
    "reading_kind": "text",
    "round": "integer",
    "position": "integer",
    "counts": "text",
    "quantity": "text",
    "condition": "text",
    "segment": "integer",
    "automated": "number",
    "final": "number",
    "standard_error": "number",
    "source": "text",
    "not_measured_reason": "text",
    "signed_at": "time",
    "signature_sha256": "text",
    "pipeline_version": "text",
    "models": "text",
}
"""segment: 1-16, 0 for the whole heart. condition of an MPR is empty. counts: "adjudicated" for
the reading that was chosen, "yes" where readings agreed, "no" for training, repeats and readings
that were not chosen. patient: pseudonym."""


def readings_of_project(project: Project) -> list[Reading]:
    """Signed readings of a project in the order of cases."""
    return list(
        Reading.objects.filter(assignment__project=project, state=ReadingState.SIGNED)
        .select_related("reader", "run", "assignment__case__site", "study__patient")
        .prefetch_related("signatures")
        .order_by("assignment__case__number", "id")
    )


def export_rows(project: Project) -> Iterator[tuple[object, ...]]:
    """Rows of the table, in the order of COLUMNS."""
    chosen = _chosen(project)
    for reading in readings_of_project(project):
        head, tail = _head(project, reading, chosen), _tail(reading)
        segments = ReadingSegment.objects.filter(reading=reading).order_by("condition", "segment")
        for row in segments:
            yield (
                *head, row.quantity, row.condition, row.segment, row.automated_value,
                row.final_value, row.final_standard_error, row.source, row.not_measured_reason,
                *tail,
            )  # fmt: skip
        for figure in ReadingFigure.objects.filter(reading=reading).order_by("name", "segment"):
            is_ratio = figure.name == "mpr"
            yield (
                *head, "mpr" if is_ratio else "mbf", "" if is_ratio else figure.name,
                figure.segment, figure.automated_value, figure.final_value, None, figure.source,
                "", *tail,
            )  # fmt: skip


def _chosen(project: Project) -> dict[int, int]:
    """Case id -> reading that its adjudicators chose."""
    found = {}
    for adjudication in project.adjudications.all():
        decision = newest_decision(adjudication)
        if decision is not None:
            found[adjudication.case_id] = decision.reading_id
    return found


def _head(project: Project, reading: Reading, chosen: dict[int, int]) -> tuple[object, ...]:
    assignment = reading.assignment
    assert assignment is not None  # readings_of_project asks for it
    case = assignment.case
    return (
        project.name, case.number, case.kind, case.site.slug, reading.study_id,
        str(reading.study.patient.pseudonym), reading.reader.display_name, reading.pk,
        assignment.kind, assignment.round, assignment.position, _counts(case, reading, chosen),
    )  # fmt: skip


def _counts(case: Case, reading: Reading, chosen: dict[int, int]) -> str:
    assert reading.assignment is not None
    if case.pk in chosen:
        return "adjudicated" if chosen[case.pk] == reading.pk else "no"
    ordinary = case.kind == CaseKind.STUDY and reading.assignment.kind == "first"
    return "yes" if ordinary else "no"


def _tail(reading: Reading) -> tuple[str | datetime | None, ...]:
    signature = next(iter(reading.signatures.all()), None)
    models = ", ".join(f"{name} {v}" for name, v in sorted(reading.run.model_versions.items()))
    return (
        reading.signed_at, signature.sha256 if signature else "", reading.run.pipeline_version,
        models,
    )  # fmt: skip
