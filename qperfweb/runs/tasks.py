"""Background jobs: settle a study, run an analysis, find what a dead worker left behind.

A job carries (id, site) and nothing else; the site scope is opened before anything is read. Jobs
may run twice: every effect is guarded by the state and attempt of the run, never by the queue.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from procrastinate import exceptions
from procrastinate.contrib.django import app

from qperfweb.accounts.models import Site
from qperfweb.core.rls import site_scope
from qperfweb.core.tasks import CARE_QUEUE
from qperfweb.studies.models import Study
from qperfweb.studies.object_store import StoreUnreachable
from qperfweb.studies.queries import facts_of
from qperfweb.studies.services import study_classify
from qperfweb.studies.storage import local_path, object_paths

from . import cohorts, services
from .child import ChildCancelled, ChildFailed, ChildKilled, Limits, run_in_child
from .job import AnalysisJob
from .models import FINAL_STATES, AnalysisRun, RunPurpose, RunState
from .queries import runs_without_job, stalled_runs, unsettled_studies
from .shared_bundles import share_bundle

log = logging.getLogger(__name__)

ANALYSIS_QUEUE = "analysis"
BEAT_EVERY_S = 1.0
COHORT_PRIORITY = -10
"""A cohort waits until no other exam does."""
BEGUN_PRIORITY = 10
"""An exam that lost its worker had its turn: it does not queue again behind a busy day."""
LOOK_BACK = timedelta(days=3)
"""Older studies that never settled are found by ./run manage doctor."""


def study_received(study: Study, *, settle_now: bool = False) -> None:
    """Objects of this study arrived: analyse it once it has been quiet, or at once.

    Call inside intake's transaction, so that objects and job become visible together.
    """
    if settle_now:
        _settle(study)
    else:
        settle_later(study, settings.STUDY_QUIET_S)


def defer_run(run: AnalysisRun) -> None:
    """Queue the job of a run; nothing happens when it is queued already."""
    begun = BEGUN_PRIORITY if run.attempt else 0
    priority = COHORT_PRIORITY if run.cohort_id else begun
    arguments = {"run_id": run.pk, "site_id": run.site_id}
    _defer_once(analyse_run, f"run-{run.pk}", 0, priority=priority, **arguments)


@app.task(queue=CARE_QUEUE, name="settle_study")
def settle_study(study_id: int, site_id: int) -> None:
    """Make the run of a study that has been quiet long enough; else look again later."""
    with site_scope([site_id]):
        study = Study.objects.select_for_update().filter(pk=study_id).first()
        if study is None:
            return
        quiet_until = study.last_received_at + timedelta(seconds=settings.STUDY_QUIET_S)
        wait_s = (quiet_until - timezone.now()).total_seconds()
        if wait_s > 0:
            settle_later(study, wait_s)
            return
        study_classify(study)
        _settle(study)


@app.task(queue=ANALYSIS_QUEUE, name="analyse_run")
def analyse_run(run_id: int, site_id: int) -> None:
    """Do one attempt of a run in a child process and write how it ended."""
    scope = partial(site_scope, [site_id])
    with scope():
        run = services.run_begin(run_id)
        if run is None:
            return
        job = AnalysisJob(
            store=settings.STORE_DIR,
            study_instance_uid=run.study.study_instance_uid,
            objects=tuple(local_path(sha256) for _, sha256 in run.input_manifest),
            facts={local_path(sha256): facts for sha256, facts in facts_of(run.study)},
            series_corrections=run.parameters["series_corrections"],
            import_rules=tuple(run.parameters.get("import_rules", ())),
            parameters=run.parameters["pipeline"],
        )
    heart = _Heart(run, site_id)
    limits = Limits(time_s=settings.RUN_TIME_LIMIT_S, memory_bytes=settings.RUN_MEMORY_LIMIT_BYTES)
    try:
        heart.beat_during(partial(object_paths, [sha256 for _, sha256 in run.input_manifest]))
        outcome = run_in_child(
            job, limits=limits, on_progress=heart.progress, should_stop=heart.should_stop
        )
        # Before its rows can be seen.
        heart.beat_during(partial(share_bundle, outcome.bundle_sha256))
        with scope():
            services.run_succeed(run, outcome.document, outcome.bundle_sha256)
    except ChildCancelled:
        with scope():
            services.run_end_cancelled(run)
    except ChildFailed as failure:
        log.warning("run %s failed: %s", run_id, failure.code)
        with scope():
            if not (isinstance(failure, ChildKilled) and services.run_put_back(run)):
                services.run_fail(run, code=failure.code, message=str(failure))
    except StoreUnreachable as error:
        log.warning("run %s failed: the object store does not answer", run_id)
        with scope():
            services.run_fail(run, code="storage", message=error.message)


@app.periodic(cron="* * * * * */5", periodic_id="care")
@app.task(queue=CARE_QUEUE, name="recover_runs", queueing_lock="recover_runs")
def recover_runs(timestamp: int) -> None:
    """Queue again what a dead worker left running or a lost job left waiting."""
    with site_scope(Site.objects.values_list("id", flat=True)):
        for run in [*stalled_runs(), *runs_without_job()]:
            defer_run(run)
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_JOBS_OF_DEAD_WORKERS)


@app.periodic(cron="* * * * * */15", periodic_id="studies")
@app.task(queue=CARE_QUEUE, name="recover_studies", queueing_lock="recover_studies")
def recover_studies(timestamp: int) -> None:
    """Settle what a dead worker was about to settle; this counts objects, so it comes less often
    than the look for runs."""
    with site_scope(Site.objects.values_list("id", flat=True)):
        for study in unsettled_studies(since=timezone.now() - LOOK_BACK):
            settle_later(study, 0)


@app.periodic(cron="* * * * * */10", periodic_id="cohorts")
@app.task(queue=CARE_QUEUE, name="feed_cohorts", queueing_lock="feed_cohorts")
def feed_cohorts(timestamp: int) -> None:
    """Ask for the next runs of every cohort that is not paused."""
    cohorts.feed()


# The run, not the job, says what is still to do; a dead worker's job is only closed.
_FORGET_JOBS_OF_DEAD_WORKERS = """
    SELECT procrastinate_finish_job_v1(job.id, 'failed', false)
    FROM procrastinate_jobs job LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id
    WHERE job.status = 'doing'
      AND (worker.id IS NULL OR worker.last_heartbeat < now() - interval '40 seconds')
"""


class _Heart:
    """Tells the database at most once a second how far a run is, and learns whether to stop."""

    def __init__(self, run: AnalysisRun, site_id: int) -> None:
        self.run, self.site_id = run, site_id
        self.stage, self.share = "load", 0.0
        self.last_beat = 0.0
        self.stopped = False

    def progress(self, stage: str, share: float) -> None:
        self.stage, self.share = stage, share

    def should_stop(self) -> bool:
        if time.monotonic() - self.last_beat >= BEAT_EVERY_S and not self.stopped:
            self.last_beat = time.monotonic()
            with site_scope([self.site_id]):
                alive = services.run_beat(self.run, stage=self.stage, progress=self.share)
            self.stopped = not alive
        return self.stopped

    def beat_during(self, work: Callable[[], object]) -> None:
        """Do ``work`` in a thread (it asks no database) while telling that the run is alive."""
        with ThreadPoolExecutor(1) as pool:
            doing = pool.submit(work)
            while not wait([doing], timeout=BEAT_EVERY_S).done:
                if self.should_stop():
                    raise ChildCancelled
            doing.result()


def _settle(study: Study) -> None:
    """Make the run of a study whose objects are not those of its newest run."""
    newest = study.runs.order_by("-id").first()
    if newest and newest.input_sha256 == services.digest(services.input_manifest(study)):
        return
    if newest and newest.cohort_id and newest.state == RunState.QUEUED:
        services.run_cancel(newest, None)  # new images do not wait for the cohort's turn
        newest.refresh_from_db()
    if newest and newest.state not in FINAL_STATES:
        settle_later(study, settings.STUDY_QUIET_S)
        return
    purpose = RunPurpose.LATE_OBJECTS if newest else RunPurpose.FIRST
    services.run_request(study, purpose=purpose)


def settle_later(study: Study, wait_s: float) -> None:
    """Look at this study again after so many seconds; nothing happens when that is planned."""
    _defer_once(
        settle_study, f"settle-{study.pk}", wait_s, study_id=study.pk, site_id=study.site_id
    )


def _defer_once(
    task: object, lock: str, wait_s: float, *, priority: int = 0, **arguments: int
) -> None:
    # The savepoint keeps the caller's transaction alive when the lock is taken already.
    schedule = {"schedule_in": {"seconds": int(wait_s) + 1}} if wait_s > 0 else {}
    try:
        with transaction.atomic():
            task.configure(queueing_lock=lock, priority=priority, **schedule).defer(**arguments)
    except exceptions.AlreadyEnqueued:
        log.debug("%s is queued already", lock)
