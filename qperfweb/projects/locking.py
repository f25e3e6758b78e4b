"""Locking a project freezes it for good and shows everything to everybody."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from qperfweb.core import audit
from qperfweb.core.errors import Conflict, NotAllowed
from qperfweb.reviews.models import Reading, ReadingState
from qperfweb.runs.services import digest

from .models import Adjudication, Project, ProjectState, QueryState
from .services import locked_row
from .values import signed_reading


@transaction.atomic
def project_lock(project: Project, user: Any, reason: str = "") -> Project:
    """Freeze a project for good and show everything to everybody.

    Raises Conflict while readings, adjudications or queries are open; with a ``reason`` readings
    may be left open: they are waived.
    """
    project = locked_row(project, ProjectState.OPEN)
    if project.cases.count() < project.case_count:
        raise NotAllowed("Only a member of every site of the project can lock it.")
    undecided = project.adjudications.filter(decisions=0).count()
    if undecided:
        raise Conflict(f"Disagreements that wait for a decision: {undecided}.", code="undecided")
    asked = project.queries.exclude(state=QueryState.CLOSED).count()
    if asked:
        raise Conflict(f"Queries that are not closed: {asked}.", code="open_queries")
    unread = [a for a in project.assignments.filter(waived_reason="") if not signed_reading(a)]
    if unread and not reason.strip():
        raise Conflict(
            f"Readings that are not signed: {len(unread)}. Give a reason to lock without them.",
            code="unread",
        )
    for assignment in unread:
        assignment.waived_reason = reason.strip()[:500]
        assignment.save(update_fields=["waived_reason"])
        for draft in assignment.readings.filter(state=ReadingState.DRAFT):
            draft.state = ReadingState.DISCARDED
            draft.save(update_fields=["state", "updated_at"])
    project.content_sha256 = content_digest(project)
    project.locked_at, project.locked_by = timezone.now(), user
    project.state = ProjectState.LOCKED
    project.save()
    audit.record(
        user, "project.locked", project, reason=reason,
        details={"content_sha256": project.content_sha256},
    )  # fmt: skip
    return project


def content_digest(project: Project) -> str:
    """SHA-256 over what a lock freezes: settings, cases, lists, signed readings, decisions."""
    readings = Reading.objects.filter(
        assignment__project=project, state=ReadingState.SIGNED
    ).order_by("id")
    return digest(
        {
            "settings": project.analysis_settings,
            "rules": [project.blinding, project.limits, project.training, project.seed],
            "cases": [[c.number, c.study_id, c.kind, c.run_id] for c in project.cases.all()],
            "assignments": list(
                project.assignments.order_by("id").values_list(
                    "id", "case__number", "reader_id", "kind", "round", "waived_reason"
                )
            ),
            "readings": [
                [r.pk, r.assignment_id, r.revision, *r.signatures.values_list("sha256", flat=True)]
                for r in readings
            ],
            "decisions": list(
                Adjudication.objects.filter(project=project)
                .order_by("case__number", "all_decisions__number")
                .values_list("case__number", "all_decisions__number", "all_decisions__reading_id")
            ),
        }
    )
