"""Writes of this package: asking for runs, moving them along, ending them.

A run and its job are made in one transaction. Every step of a running attempt is fenced by
``attempt``: a worker that lost its run (killed, cut off, replaced) can change nothing any more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from qperfweb.core import audit
from qperfweb.core.errors import Conflict
from qperfweb.studies.import_rules import rules_of
from qperfweb.studies.models import Instance, Series, Study, StudyState

from .models import FINAL_STATES, AnalysisRun, Cohort, CohortState, RunPurpose, RunState
from .results import all_flags, store_results

MOST_ATTEMPTS = 3
"""A run whose worker died this often is taken for the cause and ends failed."""


class RunNotPossible(Conflict):
    """An analysis cannot be made or changed now."""


def input_manifest(study: Study) -> list[list[str]]:
    """What would go into a run now: SOP Instance UID and content hash of every object."""
    rows = Instance.objects.filter(series__study=study).order_by("sop_instance_uid")
    return [list(row) for row in rows.values_list("sop_instance_uid", "sha256")]


def series_corrections(study: Study) -> dict[str, dict[str, Any]]:
    """What people set by hand, by Series Instance UID."""
    rows = Series.objects.filter(study=study, correction__isnull=False)
    return {row.series_instance_uid: row.correction for row in rows if row.correction is not None}


@transaction.atomic
def run_request(
    study: Study,
    *,
    purpose: RunPurpose,
    user: Any = None,
    changes: Mapping[str, Any] | None = None,
    parent: AnalysisRun | None = None,
    reason: str = "",
    cohort: Cohort | None = None,
) -> AnalysisRun:
    """Make a run of a study as it is now, and the job that will do it.

    changes: pipeline parameters that differ from the parent's.

    Raises RunNotPossible when a run of this study is waiting or running, or when it has no objects.
    """
    Study.objects.select_for_update().get(pk=study.pk)
    if study.runs.exclude(state__in=FINAL_STATES).exists():
        raise RunNotPossible("An analysis of this study is already waiting or running.")
    manifest = input_manifest(study)
    if not manifest:
        raise RunNotPossible("This study has no images.")
    parent = parent or study.runs.order_by("-id").first()
    pipeline = {**(parent.parameters.get("pipeline", {}) if parent else {}), **(changes or {})}
    if study.haematocrit is not None:
        pipeline["haematocrit"] = study.haematocrit
    parameters: dict[str, Any] = {
        "pipeline": pipeline,
        "series_corrections": series_corrections(study),
    }
    if rules := rules_of(study.site_id):
        parameters["import_rules"] = rules
    run = AnalysisRun.objects.create(
        site_id=study.site_id,
        study=study,
        parent=parent,
        purpose=purpose,
        cohort=cohort,
        input_manifest=manifest,
        input_sha256=digest(manifest),
        parameters=parameters,
        parameters_sha256=digest(parameters),
        requested_by=user,
        reason=reason[:500],
    )
    study_state_refresh(study)
    audit.record(user, "run.requested", run, reason=reason)
    from . import tasks  # tasks import this module; the job is deferred in this transaction

    tasks.defer_run(run)
    return run


@transaction.atomic
def run_begin(run_id: int) -> AnalysisRun | None:
    """Take a waiting run, or one whose worker died, for a new attempt.

    Returns None when there is nothing to do: the run has ended, or was tried too often (then it
    ends failed here).
    """
    run = AnalysisRun.objects.select_for_update().get(pk=run_id)
    if run.state in FINAL_STATES:
        return None
    if run.cohort is not None and run.cohort.state == CohortState.PAUSED:
        return None  # its job ends here; going on queues it again
    if run.cancel_requested or (
        run.cohort is not None and run.cohort.state == CohortState.CANCELLED
    ):
        _end(run, RunState.CANCELLED)
        return None
    if run.attempt >= MOST_ATTEMPTS:
        _end(
            run,
            RunState.FAILED,
            failure_code="worker-died",
            failure_message=f"The worker died {run.attempt} times during this analysis; it was not "
            "tried again. Repeat it by hand, or ask an administrator to look at the log.",
        )
        return None
    run.state = RunState.RUNNING
    run.attempt += 1
    run.started_at = run.heartbeat_at = timezone.now()
    run.stage, run.progress = "load", 0.0
    run.save(update_fields=["state", "attempt", "started_at", "heartbeat_at", "stage", "progress"])
    study_state_refresh(run.study)
    return run


def run_beat(run: AnalysisRun, *, stage: str, progress: float) -> bool:
    """Report that this attempt is alive; False when it should stop (cancelled or replaced)."""
    mine = _attempt(run).filter(cancel_requested=False)
    return bool(mine.update(heartbeat_at=timezone.now(), stage=stage, progress=progress))


@transaction.atomic
def run_succeed(run: AnalysisRun, document: dict[str, Any], bundle_sha256: str) -> bool:
    """Write results and final state in one transaction; False when the attempt was replaced."""
    finished = _attempt(run).update(
        state=RunState.SUCCEEDED,
        stage="",
        progress=1.0,
        finished_at=timezone.now(),
        document=document,
        bundle_sha256=bundle_sha256,
        pipeline_version=document["pipeline_version"],
        model_versions=document["models"],
        timings_s=document["timings_s"],
    )
    if not finished:
        return False
    run.refresh_from_db()
    store_results(run, document)
    AnalysisRun.objects.filter(study=run.study, id__lt=run.pk, outdated_reason="").exclude(
        state=RunState.FAILED
    ).update(outdated_reason=RunPurpose(run.purpose).label)
    Study.objects.filter(pk=run.study_id).update(**_facts_for_worklist(document))
    study_state_refresh(run.study)
    audit.record(None, "run.succeeded", run)
    return True


@transaction.atomic
def run_fail(run: AnalysisRun, *, code: str, message: str) -> bool:
    """End an attempt with its reason in words; False when the attempt was replaced."""
    run = AnalysisRun.objects.select_for_update().get(pk=run.pk, attempt=run.attempt)
    if run.state != RunState.RUNNING:
        return False
    _end(run, RunState.FAILED, failure_code=code[:48], failure_message=message)
    audit.record(None, "run.failed", run, reason=code)
    return True


@transaction.atomic
def run_put_back(run: AnalysisRun) -> bool:
    """Let a run wait for its next attempt; False when there is none, or the attempt was replaced.

    The end of an attempt that was interrupted through no fault of its exam.
    """
    from . import tasks  # tasks import this module; the job is deferred in this transaction

    if run.attempt >= MOST_ATTEMPTS or not _attempt(run).update(
        state=RunState.QUEUED, stage="", progress=0.0, queued_at=timezone.now()
    ):
        return False
    run.refresh_from_db()
    study_state_refresh(run.study)
    tasks.defer_run(run)
    return True


@transaction.atomic
def run_cancel(run: AnalysisRun, user: Any) -> AnalysisRun:
    """Ask a run to stop. A waiting one ends at once, a running one when its worker sees it."""
    run = AnalysisRun.objects.select_for_update().get(pk=run.pk)
    if run.state in FINAL_STATES:
        raise RunNotPossible("This analysis has already ended.")
    run.cancel_requested = True
    run.save(update_fields=["cancel_requested"])
    if run.state == RunState.QUEUED:
        _end(run, RunState.CANCELLED)
    audit.record(user, "run.cancelled", run)
    return run


@transaction.atomic
def run_end_cancelled(run: AnalysisRun) -> None:
    """The worker has stopped this attempt because somebody asked for it."""
    locked = AnalysisRun.objects.select_for_update().get(pk=run.pk)
    if locked.state == RunState.RUNNING and locked.attempt == run.attempt:
        _end(locked, RunState.CANCELLED)


def study_state_refresh(study: Study) -> None:
    """Recompute where a study stands in the worklist from its runs and readings."""
    Study.objects.filter(pk=study.pk).update(state=_state_of(study))


def digest(value: Any) -> str:
    """SHA-256 over canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _state_of(study: Study) -> StudyState:
    # Readings of projects are no part of the clinical record.
    readings = set(study.readings.filter(assignment=None).values_list("state", flat=True))
    # A cohort re-analysis happens beside the reading of a study and does not hold it up.
    run = study.runs.filter(cohort__isnull=True).order_by("-id").first()
    if run and run.state == RunState.QUEUED:
        return StudyState.QUEUED
    if run and run.state == RunState.RUNNING:
        return StudyState.ANALYSING
    if "signed" in readings:
        return StudyState.SIGNED
    if "draft" in readings:
        return StudyState.DRAFT
    if study.runs.filter(state=RunState.SUCCEEDED).exists():
        return StudyState.READY
    if run and run.failure_code == "NothingToAnalyse":
        return StudyState.NOTHING_TO_ANALYSE
    if run:
        return StudyState.FAILED
    return StudyState.RECEIVING


def _attempt(run: AnalysisRun) -> Any:
    return AnalysisRun.objects.filter(pk=run.pk, attempt=run.attempt, state=RunState.RUNNING)


def _end(run: AnalysisRun, state: RunState, **fields: Any) -> None:
    AnalysisRun.objects.filter(pk=run.pk).update(
        state=state, stage="", finished_at=timezone.now(), **fields
    )
    study_state_refresh(run.study)


def _facts_for_worklist(document: dict[str, Any]) -> dict[str, Any]:
    acquisitions = document["acquisitions"]
    conditions = sorted({a["condition"] for a in acquisitions}, reverse=True)
    open_flags = [f for f in all_flags(document) if f["severity"] != "information"]
    return {
        "conditions": conditions,
        "sequence_class": acquisitions[0]["sequence"] if acquisitions else "",
        "field_strength_t": acquisitions[0].get("field_strength_t") if acquisitions else None,
        "flag_count": len(open_flags),
    }
