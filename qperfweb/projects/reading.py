"""A reader's list: which case is next, and the reading that belongs to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse

from qperfweb.core.errors import Conflict, NotAllowed, NotFound
from qperfweb.core.permissions import Verb, can
from qperfweb.reviews.models import Reading, ReadingState
from qperfweb.reviews.run_view import run_json
from qperfweb.reviews.services import reading_open_assigned
from qperfweb.reviews.sight import VISIBLE_ARRAYS, masked_state, sight_of_assignment
from qperfweb.reviews.view import state_on
from qperfweb.runs.models import AnalysisRun

from .models import Assignment, AssignmentKind, Project, ProjectMember, ProjectState
from .opening import case_take_result
from .training import training_result


def assignments_with_readings(rows: Any) -> list[Assignment]:
    """Assignments whose ``kept`` lists their one reading that was not discarded."""
    readings = Reading.objects.exclude(state=ReadingState.DISCARDED)
    return list(
        rows.select_related("case__study", "case__project", "reader").prefetch_related(
            Prefetch("readings", queryset=readings, to_attr="kept")
        )
    )


def is_signed(assignment: Any) -> bool:
    return any(reading.state == ReadingState.SIGNED for reading in assignment.kept)


def list_of(project: Project, reader: Any) -> list[Assignment]:
    """A reader's list in its order: training first (newest round), then studies and repeats."""
    rows = project.assignments.filter(reader=reader, waived_reason="").exclude(
        kind=AssignmentKind.THIRD
    )
    found = assignments_with_readings(rows)
    newest = max((a.round for a in found if a.kind == AssignmentKind.TRAINING), default=1)
    training = [a for a in found if a.kind == AssignmentKind.TRAINING and a.round == newest]
    return training + [a for a in found if a.kind != AssignmentKind.TRAINING]


def next_of(project: Project, reader: Any) -> Assignment | None:
    """The case to read now: the first unsigned one with a result, once the training is passed."""
    if project.state != ProjectState.OPEN:
        return None
    waiting = [a for a in list_of(project, reader) if not is_signed(a)]
    if not training_result(project, reader).allowed:
        waiting = [a for a in waiting if a.kind == AssignmentKind.TRAINING]
    return next((a for a in waiting if case_take_result(a.case).run_id is not None), None)


def display_number(assignment: Assignment) -> int:
    """What the reader knows the case by: its place on their list, the same for no two."""
    if assignment.kind == AssignmentKind.THIRD:
        return assignment.case.number
    ahead = list_of(assignment.project, assignment.reader)
    return next((n for n, a in enumerate(ahead, start=1) if a.pk == assignment.pk), 0)


def may_read(assignment: Assignment, user: Any) -> None:
    """Raises NotAllowed for somebody else's case, Conflict for one whose turn has not come."""
    _own(assignment, user)
    if assignment.project.state != ProjectState.OPEN or assignment.waived_reason:
        raise Conflict("This case is no longer open for reading.", code="state")
    if assignment.kind == AssignmentKind.THIRD or kept_reading(assignment) is not None:
        return
    turn = next_of(assignment.project, user)
    if turn is None or turn.pk != assignment.pk:
        raise Conflict("Read the cases in the order of your list.", code="order")


def open_case(assignment: Assignment, user: Any) -> Reading:
    """The reading of a case, made when its turn has come."""
    may_read(assignment, user)
    return reading_open_assigned(assignment, user)


def case_state(assignment: Assignment, user: Any) -> dict[str, Any]:
    """The viewer's state of a case as its reader may see it."""
    _own(assignment, user)
    reading = kept_reading(assignment)
    if reading is None:
        may_read(assignment, user)
    case = assignment.case
    sight = sight_of_assignment(assignment)
    state = state_on(case.study, user, run=case.run, reading=reading, sight=sight)
    # A case has one result: what runs or ran besides is no business of its reader.
    run = run_json(case.run)
    state["run"] = state["result_run"] = run and {**run, "outdated_reason": ""}
    if assignment.project.state == ProjectState.LOCKED:
        return state | {"can_read": False, "can_sign": False}
    masked = masked_state(state, sight, case=display_number(assignment))
    return masked if sight.identity else _named_by_its_case(masked, assignment)


def run_of_array(assignment: Assignment, user: Any, key: str) -> AnalysisRun:
    """The run behind a case, for one of its arrays. Raises NotAllowed for what is hidden."""
    _own(assignment, user)
    if kept_reading(assignment) is None:
        may_read(assignment, user)
    sight = sight_of_assignment(assignment)
    if not sight.numbers and key.rpartition(".")[2] not in VISIBLE_ARRAYS.values():
        raise NotAllowed("This is hidden until the project is locked.", code="blinded")
    if assignment.case.run is None:
        raise NotFound("This case has no result yet.")
    return assignment.case.run


def _named_by_its_case(state: dict[str, Any], assignment: Assignment) -> dict[str, Any]:
    """Nothing in the state is the same for a case and its hidden repeat but what was measured.

    The run's number and time would tell, and its number in the addresses of its arrays. A negative
    number is no run's, and no two cases share it.
    """
    for name in ("run", "result_run"):
        if state[name]:
            state[name] = {**state[name], "id": -assignment.pk, "finished_at": None}
    before = reverse("run-array", args=[assignment.case.run_id or 0, "-"])[:-1]
    after = reverse("api-case-array", args=[assignment.pk, "-"])[:-1]

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: moved(one) for key, one in value.items()}
        if isinstance(value, list):
            return [moved(one) for one in value]
        if isinstance(value, str) and value.startswith(before):
            return after + value.removeprefix(before)
        return value

    return {**state, "acquisitions": moved(state["acquisitions"])}


def kept_reading(assignment: Assignment) -> Reading | None:
    rows: Iterable[Reading] = assignment.readings.exclude(state=ReadingState.DISCARDED)
    return next(iter(rows), None)


def _own(assignment: Assignment, user: Any) -> None:
    member = ProjectMember.objects.filter(
        project_id=assignment.project_id, user=user, ended_at=None
    ).exists()
    if (
        assignment.reader_id != user.pk
        or not member
        or not can(user, Verb.EDIT_READING, assignment)
    ):
        raise NotAllowed("This case is on somebody else's list.")
