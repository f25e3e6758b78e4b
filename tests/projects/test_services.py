"""Setting up, opening, reading, training and locking."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from qperfweb.accounts.models import Membership
from qperfweb.core.errors import Conflict, Invalid, NotAllowed
from qperfweb.core.models import TrailEvent
from qperfweb.core.rls import site_scope
from qperfweb.projects import locking, opening, services
from qperfweb.projects.models import Assignment, AssignmentKind, Case
from qperfweb.projects.queries import project_state
from qperfweb.projects.reading import list_of, next_of, open_case
from qperfweb.projects.repeats import repeatability
from qperfweb.projects.training import training_result
from qperfweb.reviews.models import Reading, ReadingFigure, ReadingSegment, ReadingState
from qperfweb.reviews.services import reading_open
from qperfweb.reviews.sight import blinded_studies
from qperfweb.reviews.verify import verify_reading
from qperfweb.runs import services as runs
from qperfweb.runs.bundles import write_bundle
from qperfweb.runs.models import AnalysisRun, RunPurpose
from tests.projects.examples import all_slices, lower_everything, read_all, read_next, turn
from tests.reading import acknowledge, contour, edit, override, sign
from tests.runs.examples import a_result, a_study


def test_a_project_reading_leaves_the_clinical_record_alone(make_world):
    world = make_world(studies=1)
    project = world.open()
    reading = read_next(project, world.first, contour())
    study = world.runs[0].study
    study.refresh_from_db()
    assert study.state == "ready"
    assert verify_reading(reading) == []
    clinical = reading_open(study, world.first)
    assert clinical.assignment_id is None and clinical.pk != reading.pk
    assert {r.pk for r in read_all(project, world.second)}.isdisjoint({reading.pk, clinical.pk})


def test_figures_of_a_reading_are_what_the_table_shows(make_world):
    world = make_world(studies=1)
    reading = read_next(world.open(), world.first)
    figures = {(f.name, f.segment): f.final_value for f in ReadingFigure.objects.all()}
    assert len(figures) == 2 + 17
    assert figures["stress", 0] == pytest.approx(2.4, rel=1e-3)
    assert figures["mpr", 5] == pytest.approx(3.0, rel=1e-3)
    with pytest.raises(IntegrityError, match="signed"), transaction.atomic():
        ReadingFigure.objects.filter(reading=reading).delete()


def test_readers_go_through_their_lists_in_order(make_world):
    world = make_world(studies=3)
    project = world.open()
    ahead = list_of(project, world.first)
    with pytest.raises(Conflict, match="order of your list"):
        open_case(ahead[1], world.first)
    with pytest.raises(NotAllowed, match="somebody else"):
        open_case(ahead[0], world.second)
    draft = open_case(ahead[0], world.first)
    assert open_case(ahead[0], world.first).pk == draft.pk
    sign(draft, world.first)
    assert turn(project, world.first).pk == ahead[1].pk


def test_a_reader_who_loses_the_role_loses_the_cases_and_keeps_what_is_signed(make_world):
    world = make_world(studies=1)
    assignment = turn(world.open(), world.first)
    draft = open_case(assignment, world.first)
    Membership.objects.filter(user=world.first).delete()
    stranger = type(world.first).objects.get(pk=world.first.pk)
    with pytest.raises(NotAllowed):
        open_case(Assignment.objects.get(pk=assignment.pk), stranger)
    assert Reading.objects.get(pk=draft.pk).state == ReadingState.DRAFT


def test_repeats_are_read_without_being_told_and_measure_the_readers_error(make_world):
    world = make_world(studies=2, repeat_percent=50, blinding="none")
    project = world.open()
    kinds = [a.kind for a in list_of(project, world.first)]
    assert sorted(kinds) == ["first", "first", "repeat"]
    read_next(project, world.first)
    read_next(project, world.first, *lower_everything(0.2))
    read_next(project, world.first, *lower_everything(0.2))
    by_quantity = {row["quantity"]: row for row in repeatability(project)}
    differences = {True: 0.0, False: -0.2}  # whether the case that came twice was the lowered one
    first = list_of(project, world.first)
    came_twice = next(a.case_id for a in first if a.kind == "repeat")
    expected = differences[first[1].case_id == came_twice]
    assert by_quantity["stress"]["bias"] == pytest.approx(expected, abs=1e-3)
    assert by_quantity["stress"]["within_sd"] == pytest.approx(abs(expected) / 2**0.5, abs=1e-3)
    assert by_quantity["rest"]["pairs"] == 1


def test_studies_open_when_the_training_is_passed(make_world):
    rule = {"limit": {"quantity": "mbf", "scope": "global", "unit": "percent", "most": 10},
            "share": 1.0}  # fmt: skip
    world = make_world(studies=2, training=rule, blinding="none")
    expert = world.adjudicator
    reference = sign_clinically(world.runs[0].study, expert)
    case = Case.objects.get(study=world.runs[0].study)
    services.case_train_with(case, world.manager, reference)
    project = world.open()
    assert turn(project, world.first).kind == AssignmentKind.TRAINING
    read_next(project, world.first, *lower_everything())
    assert training_result(project, world.first).failed
    assert next_of(project, world.first) is None
    with pytest.raises(Conflict, match="left to read"):
        opening.training_again(project, world.manager, world.second)
    opening.training_again(project, world.manager, world.first)
    read_next(project, world.first)
    assert training_result(project, world.first).allowed
    assert turn(project, world.first).kind == AssignmentKind.FIRST


def test_a_from_scratch_reading_is_signed_when_every_slice_is_drawn(make_world):
    world = make_world(studies=1, blinding="scratch")
    project = world.open()
    reading = open_case(turn(project, world.first), world.first)
    with pytest.raises(Invalid, match="hidden"):
        edit(reading, world.first, override())
    *some, last = all_slices()
    for change in some:
        reading = edit(reading, world.first, change)
    with pytest.raises(Conflict, match="rest apical"):
        sign(reading, world.first)
    reading = edit(reading, world.first, last)
    sign(reading, world.first)
    drawn = ReadingSegment.objects.filter(reading=reading)
    assert set(drawn.values_list("source", flat=True)) == {"contour"}


def test_a_result_with_other_settings_does_not_count_and_says_so(make_world, in_site, as_worker):
    world = make_world(studies=1)
    odd = a_study(in_site, 9)
    with as_worker():
        run = runs.run_request(odd, purpose=RunPurpose.FIRST, changes={"model": "fermi"})
        finish(run)
    newer = a_study(in_site, 10)
    with as_worker():
        finish(runs.run_request(newer, purpose=RunPurpose.FIRST))
    services.cases_add(world.project, world.manager, [odd, newer])
    project = world.open()
    cases = {c["study"]: c for c in project_state(project, world.manager)["progress"]["cases"]}
    assert cases[odd.pk]["problem"] == (
        "Its result does not count: setting model fermi instead of btex."
    )
    assert cases[newer.pk]["problem"] == ""
    case = Case.objects.get(study=odd)
    opening.case_analyse(case, world.manager)
    again = AnalysisRun.objects.filter(study=odd).latest("id")
    assert again.parameters["pipeline"]["model"] == "btex"
    with as_worker():
        finish(again)
    assert opening.case_take_result(case).run_id == again.pk
    assert len(list_of(project, world.first)) == 3


def test_a_later_result_does_not_move_a_project(make_world, as_worker):
    world = make_world(studies=1)
    project = world.open()
    draft = open_case(turn(project, world.first), world.first)
    with as_worker():
        finish(runs.run_request(world.runs[0].study, purpose=RunPurpose.REPEATED))
    draft.refresh_from_db()
    sign(draft, world.first)
    assert draft.run_id == world.runs[0].pk


@pytest.mark.parametrize(
    ("missing", "message"),
    [("reader", "Name a reader"), ("adjudicator", "Name an adjudicator"), ("study", "Add studies")],
)
def test_what_is_missing_is_said_before_opening(make_world, missing, message):
    world = make_world(studies=1)
    for member in world.project.members.filter(role=missing):
        services.member_end(member, world.manager, "")
    if missing == "study":
        services.case_remove(world.project.cases.get(), world.manager)
    with pytest.raises(Conflict, match=message):
        world.open()


def test_nobody_reads_and_adjudicates_or_reads_without_the_role(make_world, user_of, in_site):
    world = make_world(studies=1)
    with pytest.raises(Invalid, match="both"):
        services.member_add(world.project, world.manager, world.first, "adjudicator")
    with pytest.raises(Invalid, match="may not do this at North Hospital"):
        services.member_add(world.project, world.manager, user_of("auditor", in_site), "reader")


def test_a_lock_freezes_everything_in_the_database_itself(make_world, as_owner):
    world = make_world(studies=1)
    project = world.open()
    read_all(project, world.first)
    with pytest.raises(Conflict, match="Readings that are not signed: 1"):
        locking.project_lock(project, world.manager)
    draft = open_case(turn(project, world.second), world.second)
    project = locking.project_lock(project, world.manager, "second reader is ill")
    draft.refresh_from_db()
    assert draft.state == ReadingState.DISCARDED
    assert locking.content_digest(project) == project.content_sha256
    assert TrailEvent.objects.filter(action="project.locked").count() == 1
    assignment = project.assignments.first()
    changes = [
        lambda: type(project).objects.filter(pk=project.pk).update(name="other"),
        lambda: project.cases.update(run=None),
        lambda: project.assignments.update(waived_reason=""),
        lambda: project.members.update(ended_at=None),
        lambda: Reading.objects.filter(pk=draft.pk).update(state="draft"),
        lambda: Reading.objects.create(
            site=world.site, study=draft.study, run=draft.run, reader=world.second,
            assignment=assignment, state="discarded",
        ),
    ]  # fmt: skip
    for change in changes:
        with pytest.raises(IntegrityError, match="locked"), transaction.atomic(), as_owner():
            change()


def test_nothing_about_an_open_project_can_be_changed(make_world, in_site):
    world = make_world(studies=1)
    project = world.open()
    with pytest.raises(Conflict, match="open for reading"):
        services.project_change(project, world.manager, blinding="none")
    with pytest.raises(Conflict, match="open for reading"):
        services.cases_add(project, world.manager, [a_study(in_site, 7)])
    with pytest.raises(Conflict):
        opening.project_open(project, world.manager)


def test_studies_are_given_by_those_who_manage_their_site(make_world, other_site):
    world = make_world(studies=1)
    with site_scope([world.site.pk, other_site.pk]):
        foreign = a_study(other_site, 5)
        with pytest.raises(NotAllowed, match="that site"):
            services.cases_add(world.project, world.manager, [foreign])


def finish(run):
    run = runs.run_begin(run.pk)
    arrays, document = a_result()
    assert runs.run_succeed(run, document, write_bundle(settings.STORE_DIR, arrays))


def sign_clinically(study, reader):
    reading = acknowledge(reading_open(study, reader), reader)
    sign(reading, reader)
    reading.refresh_from_db()
    return reading


def test_a_reader_has_a_study_in_one_open_project_at_a_time(make_world):
    world = make_world(studies=1)
    strict = world.open()
    lax = services.project_create(world.site, world.manager, name="Lax", blinding="none", limits=[])
    services.cases_add(lax, world.manager, [world.runs[0].study])
    member = services.member_add(lax, world.manager, world.first, "reader")
    with pytest.raises(Conflict, match="reads one of these studies in the project"):
        opening.project_open(lax, world.manager)
    services.member_end(member, world.manager, "reads it elsewhere")
    services.member_add(lax, world.manager, world.adjudicator, "reader")
    assert opening.project_open(lax, world.manager).state == "open"
    assert turn(strict, world.first).case.study_id == world.runs[0].study.pk


def test_a_project_that_another_site_runs_blinds_its_readers_and_counts_like_an_own_one(
    make_world, user_of, in_site, other_site
):
    world = make_world(studies=1)
    study = world.runs[0].study
    both = user_of("site_admin", in_site, other_site)
    with site_scope([in_site.pk, other_site.pk]):
        far = services.project_create(other_site, both, name="Far", limits=[])
        services.cases_add(far, both, [study])
        services.member_add(far, both, world.first, "reader")
        opening.project_open(far, both)
    assert blinded_studies(world.first) == {study.pk}  # who has no role at the other site
    with pytest.raises(Conflict, match="reads one of these studies in the project “Far”"):
        world.open()
