"""Disagreements: found, settled, and two adjudicators at once."""

from __future__ import annotations

import pytest

from qperfweb.core.errors import Conflict, Invalid, NotAllowed
from qperfweb.projects import locking
from qperfweb.projects.adjudication import (
    decision_make,
    newest_decision,
    readings_of_case,
    third_reading_assign,
)
from qperfweb.projects.models import Adjudication, Decision, ProjectMember
from qperfweb.projects.reading import open_case
from tests.projects.examples import lower_everything, read_next
from tests.reading import acknowledge, sign


@pytest.fixture
def disagreement(make_world):
    world = make_world(studies=1, blinding="none")
    project = world.open()
    read_next(project, world.first)
    assert not Adjudication.objects.exists()
    read_next(project, world.second, *lower_everything())
    return world, Adjudication.objects.get()


def test_the_last_signature_sends_a_disagreement_to_the_adjudicators(disagreement):
    world, adjudication = disagreement
    (found,) = adjudication.differences
    assert (found["name"], found["segment"]) == ("stress", 0)
    assert found["size"] == pytest.approx(0.6, abs=1e-3)
    with pytest.raises(Conflict, match="wait for a decision"):
        locking.project_lock(world.project, world.manager)


def test_readings_within_the_limits_need_nobody(make_world):
    world = make_world(studies=1, blinding="none")
    project = world.open()
    read_next(project, world.first)
    read_next(project, world.second, *lower_everything(0.05))
    assert not Adjudication.objects.exists()


def test_the_second_of_two_adjudicators_is_told_and_both_decisions_are_kept(
    disagreement, user_of, in_site
):
    world, adjudication = disagreement
    other = user_of("reviewer", in_site)
    ProjectMember.objects.create(
        site=in_site, project=world.project, user=other, role="adjudicator"
    )
    first, second = readings_of_case(adjudication.case)
    decision_make(adjudication, world.adjudicator, reading=first, reason="clear rim", seen=0)
    with pytest.raises(Conflict) as told:
        decision_make(adjudication, other, reading=second, reason="motion", seen=0)
    assert told.value.detail["reading"] == first.pk
    assert told.value.detail["reason"] == "clear rim"
    decision_make(adjudication, other, reading=second, reason="motion", seen=1)
    newest = newest_decision(adjudication)
    assert (newest.reading_id, newest.by, newest.number) == (second.pk, other, 2)
    assert list(Decision.objects.values_list("reason", flat=True)) == ["clear rim", "motion"]


def test_an_adjudicator_may_make_a_third_reading_and_choose_it(disagreement):
    world, adjudication = disagreement
    assignment = third_reading_assign(adjudication, world.adjudicator)
    assert third_reading_assign(adjudication, world.adjudicator) == assignment
    third = acknowledge(open_case(assignment, world.adjudicator), world.adjudicator)
    with pytest.raises(Invalid, match="signed readings"):
        decision_make(adjudication, world.adjudicator, reading=third, reason="mine", seen=0)
    sign(third, world.adjudicator)
    decision_make(adjudication, world.adjudicator, reading=third, reason="mine", seen=0)
    locking.project_lock(world.project, world.manager)


@pytest.mark.parametrize("who", ["first", "manager"])
def test_only_adjudicators_decide_and_give_a_reason(disagreement, who):
    world, adjudication = disagreement
    first, _ = readings_of_case(adjudication.case)
    with pytest.raises(NotAllowed):
        decision_make(adjudication, getattr(world, who), reading=first, reason="x", seen=0)
    with pytest.raises(Invalid, match="reason"):
        decision_make(adjudication, world.adjudicator, reading=first, reason=" ", seen=0)
