"""Reads of this package: what still waits for somebody to take care of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import (
    CharField,
    Count,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from qperfweb.studies.models import Instance, Study, StudyState

from .models import FINAL_STATES, AnalysisRun, CohortState, RunState

STALLED_AFTER = timedelta(seconds=20)
"""A worker tells every second that its run is alive."""
SETTLED_WITHIN = timedelta(seconds=20)
"""A study that has been quiet long enough has its run after this time, if nobody died."""


def stalled_runs() -> QuerySet[AnalysisRun]:
    """Runs whose worker has not been heard of: it was killed, or cut off."""
    lost = timezone.now() - STALLED_AFTER
    return AnalysisRun.objects.filter(state=RunState.RUNNING, heartbeat_at__lt=lost)


def runs_without_job() -> QuerySet[AnalysisRun]:
    """Runs that wait for nobody: the job that would do them is gone."""
    lock = Concat(Value("run-"), Cast(OuterRef("pk"), CharField()))
    jobs = ProcrastinateJob.objects.filter(queueing_lock=lock, status__in=["todo", "doing"])
    waiting = AnalysisRun.objects.filter(
        state=RunState.QUEUED, queued_at__lt=timezone.now() - STALLED_AFTER
    )
    paused = waiting.filter(cohort__state=CohortState.PAUSED)
    return waiting.exclude(pk__in=paused.values("pk")).exclude(Exists(jobs))


def unsettled_studies(*, since: datetime | None = None) -> QuerySet[Study]:
    """Quiet studies with objects that no run was asked for.

    A worker that dies while it settles a study takes the job with it. Objects are never taken away,
    so a run knows all of them when it counts as many. since: leave out what came before, unless it
    never had a run.
    """
    quiet = timezone.now() - timedelta(seconds=settings.STUDY_QUIET_S) - SETTLED_WITHIN
    objects = (
        Instance.objects.filter(series__study=OuterRef("pk"))
        .order_by()
        .values("series__study")
        .annotate(number=Count("pk"))
        .values("number")
    )
    runs = AnalysisRun.objects.filter(study=OuterRef("pk"))
    length = Func("input_manifest", function="jsonb_array_length", output_field=IntegerField())
    asked_for = runs.order_by("-id").annotate(number=length).values("number")[:1]
    studies = Study.objects.filter(last_received_at__lt=quiet)
    if since:
        studies = studies.filter(Q(last_received_at__gte=since) | Q(state=StudyState.RECEIVING))
    return (
        studies.annotate(
            received=Coalesce(Subquery(objects), 0), asked_for=Coalesce(Subquery(asked_for), 0)
        )
        .exclude(Exists(runs.exclude(state__in=FINAL_STATES)))
        .filter(received__gt=F("asked_for"))
    )
