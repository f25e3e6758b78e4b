"""Analyse a whole cohort again: new results beside the old ones, behind everything that is live.

Fifty thousand runs are not made at once: a feeder keeps a few dozen in the queue, at a priority
below other exams, and remembers how far it is. Pausing leaves the waiting ones where they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from qperfweb.core import audit
from qperfweb.core.errors import Conflict, Invalid
from qperfweb.core.rls import site_scope
from qperfweb.studies.models import Study

from . import services
from .models import FINAL_STATES, AnalysisRun, Cohort, CohortState, RunPurpose, RunState

AHEAD = 64
"""Runs of one cohort that wait or run at once; enough for many workers until the next feeding."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a cohort is, in studies."""

    asked_for: int
    succeeded: int
    failed: int
    open: int


@transaction.atomic
def cohort_begin(
    *,
    sites: Sequence[int],
    taken_from: date | None = None,
    taken_to: date | None = None,
    project: str = "",
    without_models: Mapping[str, str] | None = None,
    changes: Mapping[str, Any] | None = None,
    user: Any = None,
    reason: str = "",
) -> Cohort:
    """Begin to analyse again every study with a result that fits.

    without_models: leave out studies that these model versions have analysed already. changes:
    pipeline parameters that differ from each study's newest run.

    Raises Invalid when nothing fits, or projects are not part of this installation.
    """
    cohort = Cohort(
        requested_by=user,
        reason=reason[:500],
        criteria={
            "sites": sorted(sites),
            "from": taken_from.isoformat() if taken_from else None,
            "to": taken_to.isoformat() if taken_to else None,
            "project": project,
            "without_models": dict(without_models or {}),
            "changes": dict(changes or {}),
        },
    )
    with site_scope(sites):
        cohort.total = studies_of(cohort).count()
    if not cohort.total:
        raise Invalid("No study with a result fits.")
    cohort.save()
    audit.record(user, "cohort.begun", cohort, reason=reason, details={"studies": cohort.total})
    return cohort


def cohort_move(cohort: Cohort, state: CohortState, *, user: Any = None) -> Cohort:
    """Pause, go on with, or cancel a cohort. Raises Conflict when it has ended."""
    changed = Cohort.objects.filter(
        pk=cohort.pk, state__in=[CohortState.RUNNING, CohortState.PAUSED]
    ).update(state=state)
    if not changed:
        raise Conflict("This cohort has ended.")
    audit.record(user, f"cohort.{state.value}", cohort)
    cohort.refresh_from_db()
    return cohort


def studies_of(cohort: Cohort) -> QuerySet[Study]:
    """What the cohort's criteria name, in the order in which it is worked off."""
    wanted = cohort.criteria
    done = AnalysisRun.objects.filter(study=OuterRef("pk"), state=RunState.SUCCEEDED)
    studies = Study.objects.filter(Exists(done), site_id__in=wanted["sites"])
    if wanted["from"]:
        studies = studies.filter(study_date__gte=wanted["from"])
    if wanted["to"]:
        studies = studies.filter(study_date__lte=wanted["to"])
    if wanted["without_models"]:
        studies = studies.exclude(
            Exists(done.filter(model_versions__contains=wanted["without_models"]))
        )
    if wanted["project"]:
        try:
            Study._meta.get_field("project_cases")
        except FieldDoesNotExist as missing:
            raise Invalid("This installation has no projects.", field="project") from missing
        studies = studies.filter(project_cases__project__name=wanted["project"]).distinct()
    return studies.order_by("pk")


def progress_of(cohort: Cohort) -> Progress:
    """Counts over all sites of the cohort."""
    with site_scope(cohort.criteria["sites"]):
        counted = cohort.runs.aggregate(
            asked_for=Count("pk"),
            succeeded=Count("pk", filter=Q(state=RunState.SUCCEEDED)),
            failed=Count("pk", filter=Q(state__in=[RunState.FAILED, RunState.CANCELLED])),
            open=Count("pk", filter=~Q(state__in=FINAL_STATES)),
        )
    return Progress(**counted)


def feed() -> None:
    """Ask for the next runs of every cohort that is not paused; one that has none left is done."""
    for cohort in Cohort.objects.filter(state=CohortState.RUNNING).order_by("pk"):
        with site_scope(cohort.criteria["sites"]):
            _feed(cohort)


def _feed(cohort: Cohort) -> None:
    cohort = Cohort.objects.select_for_update().get(pk=cohort.pk)
    open_runs = cohort.runs.exclude(state__in=FINAL_STATES).count()
    studies = studies_of(cohort).filter(pk__gt=cohort.last_study)[: max(0, AHEAD - open_runs)]
    for study in studies:
        newest = study.runs.filter(state=RunState.SUCCEEDED).order_by("-id").first()
        try:
            services.run_request(
                study,
                purpose=RunPurpose.COHORT,
                user=cohort.requested_by,
                changes=cohort.criteria["changes"],
                parent=newest,
                reason=cohort.reason,
                cohort=cohort,
            )
        except services.RunNotPossible:
            cohort.skipped += 1  # it is being analysed now, by this very release
        cohort.last_study = study.pk
    if not open_runs and not studies:
        cohort.state = CohortState.DONE
        audit.record(None, "cohort.done", cohort)
    cohort.save(update_fields=["skipped", "last_study", "state"])
