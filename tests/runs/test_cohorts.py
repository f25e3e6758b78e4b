"""A cohort is analysed again behind live exams, can be paused, and leaves old results alone."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pyarrow import parquet

from qperfweb.runs import cohorts, queries, services, tasks
from qperfweb.runs.models import AnalysisRun, Cohort, CohortState, RunPurpose
from qperfweb.studies.models import Study
from tests.runs.examples import a_finished_run, a_result, a_study, an_object


@pytest.fixture
def studies(in_site, as_worker):
    found = [a_study(in_site, number) for number in (1, 2, 3)]
    with as_worker():
        for study in found[:2]:
            a_finished_run(study)
    Study.objects.filter(pk=found[0].pk).update(study_date="2024-05-01")
    Study.objects.filter(pk=found[1].pk).update(study_date="2025-05-01")
    return found


def begin(site, **criteria):
    return cohorts.cohort_begin(sites=[site.pk], reason="network 0.9", **criteria)


def priorities():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args ->> 'run_id', priority FROM procrastinate_jobs "
            "WHERE task_name = 'analyse_run' AND status = 'todo' ORDER BY priority DESC, id"
        )
        return cursor.fetchall()


def test_studies_with_a_result_are_asked_for_again_and_the_old_result_stays(
    studies, in_site, as_worker
):
    old = studies[0].runs.get()
    cohort = begin(in_site, changes={"model": "fermi"})
    assert cohort.total == 2
    with as_worker():
        tasks.feed_cohorts(0)
        tasks.feed_cohorts(0)
    new = cohort.runs.order_by("pk")
    assert [run.study_id for run in new] == [studies[0].pk, studies[1].pk]
    assert {run.purpose for run in new} == {RunPurpose.COHORT}
    assert new[0].parent == old
    assert new[0].parameters["pipeline"] == {"model": "fermi"}
    assert Study.objects.get(pk=studies[0].pk).state == "ready"
    with as_worker():
        for run in new:
            begun = services.run_begin(run.pk)
            assert services.run_succeed(begun, a_result()[1], "1" * 64)
        tasks.feed_cohorts(0)
    cohort.refresh_from_db()
    assert cohort.state == CohortState.DONE
    assert cohorts.progress_of(cohort).succeeded == 2
    assert AnalysisRun.objects.get(pk=old.pk).document == old.document


def test_a_live_exam_goes_before_the_cohort(studies, in_site, as_worker):
    begin(in_site)
    with as_worker():
        tasks.feed_cohorts(0)
        live = services.run_request(studies[2], purpose=RunPurpose.FIRST)
    waiting = [row for row in priorities() if row[1] < 0 or row[0] == str(live.pk)]
    assert waiting[0] == (str(live.pk), 0)
    assert {priority for _, priority in waiting[1:]} == {tasks.COHORT_PRIORITY}


def test_a_paused_cohort_waits_and_goes_on(studies, in_site, as_worker):
    cohort = begin(in_site)
    with as_worker():
        tasks.feed_cohorts(0)
    call_command("reanalyse", "--pause", str(cohort.pk), stdout=StringIO())
    run = cohort.runs.first()
    with as_worker():
        assert services.run_begin(run.pk) is None
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs")
        lost = timezone.now() - 2 * queries.STALLED_AFTER
        cohort.runs.update(queued_at=lost)
        tasks.recover_runs(0)
        assert priorities() == []
    call_command("reanalyse", "--go-on", str(cohort.pk), stdout=StringIO())
    with as_worker():
        tasks.recover_runs(0)
        assert len(priorities()) == 2
        assert services.run_begin(run.pk).attempt == 1


def test_a_cancelled_cohort_ends_what_waits(studies, in_site, as_worker):
    cohort = begin(in_site)
    with as_worker():
        tasks.feed_cohorts(0)
        cohorts.cohort_move(cohort, CohortState.CANCELLED)
        assert services.run_begin(cohort.runs.first().pk) is None
    assert cohort.runs.first().state == "cancelled"
    with pytest.raises(CommandError, match="has ended"):
        call_command("reanalyse", "--pause", str(cohort.pk))


def test_new_images_do_not_wait_for_the_cohorts_turn(studies, in_site, as_worker, settings):
    cohort = begin(in_site)
    with as_worker():
        tasks.feed_cohorts(0)
    an_object(studies[0].series.get(), 2)
    quiet = timezone.now() - timedelta(seconds=settings.STUDY_QUIET_S + 1)
    with as_worker():
        Study.objects.filter(pk=studies[0].pk).update(last_received_at=quiet)
        tasks.settle_study(studies[0].pk, in_site.pk)
    newest = studies[0].runs.order_by("-id").first()
    assert (newest.purpose, newest.cohort) == (RunPurpose.LATE_OBJECTS, None)
    assert cohort.runs.get(study=studies[0]).state == "cancelled"


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--from", "2025-01-01"], 1),
        (["--to", "2024-12-31"], 1),
        (["--without-model", "segmentation=9"], 2),
    ],
)
def test_criteria_choose_studies(studies, options, count):
    said = StringIO()
    call_command("reanalyse", "--site", "north", *options, stdout=said)
    assert f"running, {count} studies, 0 done" in said.getvalue()


def test_what_does_not_make_sense_is_said(studies):
    for options, words in (
        (["--site", "nowhere"], "There is no site nowhere"),
        (["--site", "north", "--without-model", "segmentation=test"], "No study with a result"),
        (["--site", "north", "--without-model", "segmentation"], "wants NAME=VERSION"),
        (["--pause", "77"], "There is no cohort 77"),
        (["--site", "north", "--user", "nobody"], "There is no user nobody"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("reanalyse", *options)
    assert not Cohort.objects.exists()


def test_a_cohort_is_exported_whole_by_pseudonym(studies, in_site, as_worker, tmp_path):
    with as_worker():
        run = services.run_request(studies[0], purpose=RunPurpose.REPEATED)
        assert services.run_succeed(services.run_begin(run.pk), a_result()[1], "1" * 64)
    file = tmp_path / "cohort.parquet"
    call_command("export_cohort", str(file), stdout=StringIO())
    table = parquet.read_table(file).to_pydict()
    assert len(table["run"]) == 2 * 32
    assert set(table["patient"]) == {str(s.patient.pseudonym) for s in studies[:2]}
    assert set(table["newest"]) == {1}
    flow = dict(zip(table["condition"], table["mbf_ml_per_min_per_g"], strict=True))
    assert flow["rest"] == pytest.approx(0.8, abs=1e-6)
    assert b"Simulated" not in file.read_bytes()
    call_command("export_cohort", str(file), "--all-runs", "--to", "2024-12-31", stdout=StringIO())
    table = parquet.read_table(file).to_pydict()
    assert (len(table["run"]), sum(table["newest"])) == (2 * 32, 32)
    with pytest.raises(CommandError, match=r"neither with .parquet nor with .csv"):
        call_command("export_cohort", "cohort.xlsx")
