"""The life of a run: asked for, begun, fenced, ended once."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from qperfweb.core.rls import site_scope
from qperfweb.runs import queries, services, tasks
from qperfweb.runs.child import ChildCancelled, run_in_child
from qperfweb.runs.models import AnalysisRun, RunPurpose, RunState, SegmentResult
from qperfweb.studies.models import Instance, Study
from tests.runs import poison
from tests.runs.examples import a_finished_run, a_result, a_study, an_object


@pytest.fixture
def study(in_site):
    return a_study(in_site)


@pytest.fixture
def run(study, as_worker):
    with as_worker():
        return services.run_request(study, purpose=RunPurpose.FIRST)


def state_of(run):
    return AnalysisRun.objects.get(pk=run.pk).state


def waiting_jobs(task):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = %s AND status = 'todo'",
            [task],
        )
        return cursor.fetchone()[0]


def test_a_run_and_its_job_are_made_together(run):
    assert run.state == RunState.QUEUED
    assert waiting_jobs("analyse_run") == 1
    assert Study.objects.get(pk=run.study_id).state == "queued"


def test_a_study_has_one_open_run(run, study):
    with pytest.raises(services.RunNotPossible):
        services.run_request(study, purpose=RunPurpose.REPEATED)
    with pytest.raises(IntegrityError), transaction.atomic():
        AnalysisRun.objects.create(
            site_id=study.site_id,
            study=study,
            purpose="repeated",
            input_sha256="x",
            parameters_sha256="y",
        )


def test_a_replaced_attempt_can_change_nothing(run, as_worker):
    arrays, document = a_result()
    with as_worker():
        first = services.run_begin(run.pk)
        second = services.run_begin(run.pk)
        assert (first.attempt, second.attempt) == (1, 2)
        assert services.run_beat(first, stage="flow", progress=0.5) is False
        assert services.run_succeed(first, document, "0" * 64) is False
        assert SegmentResult.objects.count() == 0
        assert services.run_succeed(second, document, "0" * 64) is True
        assert SegmentResult.objects.count() == 32
        assert services.run_begin(run.pk) is None
    assert arrays


def test_a_run_whose_worker_keeps_dying_ends_failed_with_its_reason(run, as_worker):
    with as_worker():
        for _ in range(services.MOST_ATTEMPTS):
            assert services.run_begin(run.pk) is not None
        assert services.run_begin(run.pk) is None
    ended = AnalysisRun.objects.get(pk=run.pk)
    assert ended.state == RunState.FAILED
    assert "died 3 times" in ended.failure_message
    assert Study.objects.get(pk=run.study_id).state == "failed"


def test_an_analysis_that_is_killed_from_outside_is_tried_again_three_times_at_most(
    run, study, as_worker, monkeypatch
):
    killed = partial(run_in_child, work=poison.killed_from_outside)
    monkeypatch.setattr(tasks, "run_in_child", killed)
    attempts = []
    for _ in range(services.MOST_ATTEMPTS):
        with as_worker():
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM procrastinate_jobs")  # the worker has taken it
            tasks.analyse_run(run.pk, run.site_id)
        run.refresh_from_db()
        attempts.append((run.attempt, run.state, waiting_jobs("analyse_run")))
    assert attempts == [(1, "queued", 1), (2, "queued", 1), (3, "failed", 0)]
    assert run.failure_code == "killed"
    assert "killed from outside in stage “flow”" in run.failure_message
    assert Study.objects.get(pk=study.pk).state == "failed"


def test_a_run_that_has_ended_stays_as_it_ended(study, as_worker, as_owner):
    with as_worker():
        run = a_finished_run(study)
        for change in ({"state": "queued"}, {"document": {}}, {"bundle_sha256": "1" * 64}):
            with pytest.raises(DatabaseError), transaction.atomic():
                AnalysisRun.objects.filter(pk=run.pk).update(**change)
        AnalysisRun.objects.filter(pk=run.pk).update(outdated_reason="More images arrived")
    with pytest.raises(DatabaseError), transaction.atomic(), as_owner():
        AnalysisRun.objects.filter(pk=run.pk).update(document={})


def test_a_newer_result_marks_the_older_one_outdated(study, as_worker):
    with as_worker():
        old = a_finished_run(study)
        a_finished_run(study)
    assert AnalysisRun.objects.get(pk=old.pk).outdated_reason == "First analysis"


def test_a_waiting_run_is_cancelled_at_once_and_a_running_one_when_its_worker_sees_it(
    run, user_of, in_site, as_worker
):
    technologist = user_of("technologist", in_site)
    with as_worker():
        begun = services.run_begin(run.pk)
    services.run_cancel(run, technologist)
    assert state_of(run) == RunState.RUNNING
    with as_worker():
        assert services.run_beat(begun, stage="flow", progress=0.1) is False
        services.run_end_cancelled(begun)
    assert state_of(run) == RunState.CANCELLED
    with pytest.raises(services.RunNotPossible):
        services.run_cancel(run, technologist)


def test_a_study_settles_once_it_is_quiet_and_only_once(study, as_worker, settings):
    with as_worker():
        tasks.settle_study(study.pk, study.site_id)
        assert study.runs.count() == 0
        assert waiting_jobs("settle_study") == 1
        Study.objects.filter(pk=study.pk).update(
            last_received_at=timezone.now() - timedelta(seconds=settings.STUDY_QUIET_S + 1)
        )
        tasks.settle_study(study.pk, study.site_id)
        assert study.runs.count() == 1
        tasks.settle_study(study.pk, study.site_id)
        assert study.runs.count() == 1


def test_the_worklist_tells_how_far_a_run_is_and_why_it_failed(run, study, as_worker, client_of):
    client = client_of("reader", run.site)

    def told():
        (row,) = client.get("/api/studies/").json()["results"]
        return row["state"], row["stage"], row["progress"], row["failure_message"]

    with as_worker():
        begun = services.run_begin(run.pk)
        services.run_beat(begun, stage="flow", progress=0.5)
    assert told() == ("analysing", "flow", 0.5, "")
    with as_worker():
        services.run_fail(begun, code="storage", message="The disk is full.")
    assert told() == ("failed", "", None, "The disk is full.")
    with as_worker():
        a_finished_run(study)
    assert told() == ("ready", "", None, "")


def test_late_objects_make_a_new_run_that_says_so(study, as_worker, settings):
    quiet = timezone.now() - timedelta(seconds=settings.STUDY_QUIET_S + 1)
    with as_worker():
        first = a_finished_run(study)
    an_object(study.series.get(), 2)
    with as_worker():
        Study.objects.filter(pk=study.pk).update(last_received_at=quiet)
        tasks.settle_study(study.pk, study.site_id)
    second = study.runs.order_by("-id").first()
    assert second.purpose == RunPurpose.LATE_OBJECTS
    assert second.parent_id == first.pk
    assert len(second.input_manifest) == 2


def test_lost_runs_are_queued_again(run, as_worker):
    with as_worker():
        services.run_begin(run.pk)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs")
        tasks.recover_runs(0)
        assert waiting_jobs("analyse_run") == 0
        lost = timezone.now() - 2 * queries.STALLED_AFTER
        AnalysisRun.objects.filter(pk=run.pk).update(heartbeat_at=lost)
        tasks.recover_runs(0)
        assert waiting_jobs("analyse_run") == 1
        tasks.recover_runs(0)
        assert waiting_jobs("analyse_run") == 1
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT priority FROM procrastinate_jobs WHERE task_name = 'analyse_run'"
            )
            # Before those that have not had their turn.
            assert cursor.fetchall() == [(tasks.BEGUN_PRIORITY,)]


def test_a_study_that_nobody_settled_is_settled(study, as_worker, settings):
    lost = timezone.now() - timedelta(seconds=settings.STUDY_QUIET_S) - 2 * queries.SETTLED_WITHIN
    with as_worker():
        tasks.recover_studies(0)
        assert waiting_jobs("settle_study") == 0
        Study.objects.filter(pk=study.pk).update(last_received_at=lost)
        tasks.recover_studies(0)
        tasks.recover_studies(0)
        assert waiting_jobs("settle_study") == 1


def test_an_analysis_is_handed_the_header_facts_that_intake_kept(
    run, study, as_worker, as_owner, monkeypatch
):
    with as_owner():
        Instance.objects.filter(series__study=study).update(facts={"modality": "MR"})
    jobs = []

    def note(job, **limits):
        jobs.append(job)
        raise ChildCancelled

    monkeypatch.setattr(tasks, "run_in_child", note)
    with as_worker():
        tasks.analyse_run(run.pk, run.site_id)
    assert list(jobs[0].facts) == list(jobs[0].objects)
    assert list(jobs[0].facts.values()) == [{"modality": "MR"}]


def test_the_database_refuses_wrong_numbers(study, as_worker):
    with as_worker():
        run = a_finished_run(study)
        good = SegmentResult.objects.filter(run=run).first()
        for change in (
            {"segment": 17},
            {"segment": 4, "acquisition": "b", "mbf_ml_per_min_per_g": -0.1},
            {"segment": 4, "acquisition": "b", "mbf_ml_per_min_per_g": None},
            {"segment": good.segment, "acquisition": good.acquisition},
        ):
            row = {
                "site_id": study.site_id,
                "run": run,
                "condition": "stress",
                "acquisition": "a",
                "mbf_ml_per_min_per_g": 1.0,
            }
            with pytest.raises(IntegrityError), transaction.atomic():
                SegmentResult.objects.create(**{**row, **change})


def test_a_row_cannot_hang_under_another_sites_parent(study, other_site, as_worker):
    scope = site_scope([study.site_id, other_site.pk])
    with scope, pytest.raises(IntegrityError), transaction.atomic():
        AnalysisRun.objects.create(
            site=other_site,
            study=study,
            purpose="first",
            input_sha256="x",
            parameters_sha256="y",
        )
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
