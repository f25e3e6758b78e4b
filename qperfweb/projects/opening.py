"""Opening a project fixes its studies, lists, limits and analysis settings; reading begins.

Between opening and locking nothing about the project itself changes.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from qperfweb.accounts.models import User
from qperfweb.core import audit
from qperfweb.core.errors import Conflict
from qperfweb.core.permissions import Verb, can
from qperfweb.runs.models import AnalysisRun, RunPurpose, RunState
from qperfweb.runs.services import digest, run_request

from .analysis_settings import counted_run, settings_of
from .models import Assignment, AssignmentKind, Case, CaseKind, Project, ProjectRole, ProjectState
from .order import reading_list
from .rules import training_of
from .services import locked_row
from .values import signed_reading


@transaction.atomic
def project_open(project: Project, user: Any) -> Project:
    """Fix cases, lists and analysis settings, and let the readers begin.

    The settings are those of the newest result among the studies; studies without such a result
    wait for one. Raises Conflict while something is missing.
    """
    project = locked_row(project, ProjectState.SETUP)
    cases = list(project.cases.select_related("study", "site"))
    readers = _people(project, ProjectRole.READER)
    _check_complete(project, cases, readers)
    _check_no_other_reading(readers, cases)
    newest = _newest_result(cases)
    if newest is None:
        raise Conflict("None of the studies has a result yet.", code="no_result")
    project.analysis_settings = settings_of(newest)
    project.case_count = len(cases)
    project.opened_at = timezone.now()
    project.state = ProjectState.OPEN
    project.save()
    for case in cases:
        case_take_result(case)
    for reader in readers:
        _make_list(project, reader, cases)
    audit.record(
        user, "project.opened", project,
        details={"settings_sha256": digest(project.analysis_settings), "cases": len(cases)},
    )  # fmt: skip
    return project


def case_take_result(case: Case) -> Case:
    """Fix the result that is read of a case, once there is one with the project's settings."""
    settings = case.project.analysis_settings
    if case.run_id is None and settings is not None:
        case.run = counted_run(case.study, settings)
        if case.run is not None:
            case.save(update_fields=["run"])
    return case


@transaction.atomic
def case_analyse(case: Case, user: Any) -> None:
    """Ask for a result with the project's settings. Raises Conflict when there is one."""
    if case.project.analysis_settings is None:
        raise Conflict("The project fixes its settings when it is opened.")
    if case_take_result(case).run_id is not None:
        raise Conflict("This study has a result that counts.")
    run_request(
        case.study,
        purpose=RunPurpose.PARAMETERS,
        user=user,
        changes=case.project.analysis_settings["configuration"],
        reason=f"project {case.project_id}",
    )


@transaction.atomic
def training_again(project: Project, user: Any, reader: User) -> None:
    """One more round of the training studies for a reader who did not pass."""
    project = locked_row(project, ProjectState.OPEN)
    done = project.assignments.filter(reader=reader, kind=AssignmentKind.TRAINING)
    last = done.order_by("-round").first()
    if last is None or any(
        signed_reading(a) is None for a in done.filter(round=last.round, waived_reason="")
    ):
        raise Conflict("This reader has training studies left to read.")
    cases = [c for c in project.cases.select_related("study") if c.kind == CaseKind.TRAINING]
    _add(project, reader, cases, AssignmentKind.TRAINING, number=last.round + 1)
    audit.record(user, "project.training_again", project, details={"user": reader.pk})


def _make_list(project: Project, reader: User, cases: list[Case]) -> None:
    training = [case for case in cases if case.kind == CaseKind.TRAINING]
    _add(project, reader, training, AssignmentKind.TRAINING)
    by_number = {case.number: case for case in cases if case.kind == CaseKind.STUDY}
    order = reading_list(
        project.seed, reader.pk, list(by_number), repeat_percent=project.repeat_percent
    )
    first = len(training) + 1
    Assignment.objects.bulk_create(
        Assignment(
            site_id=by_number[number].site_id,
            project=project,
            case=by_number[number],
            reader=reader,
            kind=AssignmentKind.REPEAT if again else AssignmentKind.FIRST,
            position=place,
        )
        for place, (number, again) in enumerate(order, start=first)
    )


def _add(
    project: Project, reader: User, cases: list[Case], kind: AssignmentKind, *, number: int = 1
) -> None:
    by_number = {case.number: case for case in cases}
    order = reading_list(project.seed + number, reader.pk, list(by_number))
    Assignment.objects.bulk_create(
        Assignment(
            site_id=by_number[case].site_id,
            project=project,
            case=by_number[case],
            reader=reader,
            kind=kind,
            round=number,
            position=place,
        )
        for place, (case, _) in enumerate(order, start=1)
    )


def _check_complete(project: Project, cases: list[Case], readers: list[User]) -> None:
    """Raises Conflict that says what is missing before reading can begin."""
    studies = [case for case in cases if case.kind == CaseKind.STUDY]
    if not studies:
        raise Conflict("Add studies first.", code="no_cases")
    if not readers:
        raise Conflict("Name a reader first.", code="no_readers")
    if training_of(project.training) is not None and len(studies) == len(cases):
        raise Conflict("The training rule needs training studies.", code="no_training")
    if len(readers) > 1 and project.limits and not _people(project, ProjectRole.ADJUDICATOR):
        raise Conflict("Name an adjudicator, or remove the limits.", code="no_adjudicator")
    sites = {case.site for case in cases}
    for reader in readers:
        lacking = sorted(site.name for site in sites if not can(reader, Verb.SIGN_READING, site))
        if lacking:
            raise Conflict(
                f"{reader.display_name} may not read at {', '.join(lacking)}.", code="role_missing"
            )


def _check_no_other_reading(readers: list[User], cases: list[Case]) -> None:
    """A reader has a study in one open project at a time: two may hide different things.

    Whoever gives a study sees every project that has it, whichever site runs that (the policy of
    the table says so). Raises Conflict that names the reader and the other project.
    """
    twice = (
        Assignment.objects.filter(
            reader__in=readers,
            case__study__in=[case.study_id for case in cases],
            project__state=ProjectState.OPEN,
        )
        .select_related("reader", "project")
        .first()
    )
    if twice is not None:
        raise Conflict(
            f"{twice.reader.display_name} reads one of these studies in the project "
            f"“{twice.project.name}”; lock that one first, or name another reader.",
            code="read_elsewhere",
        )


def _newest_result(cases: list[Case]) -> AnalysisRun | None:
    """The newest result among the studies."""
    done = (
        case.study.runs.filter(state=RunState.SUCCEEDED).order_by("-id").first() for case in cases
    )
    return max((run for run in done if run), key=lambda run: run.pk, default=None)


def _people(project: Project, role: ProjectRole) -> list[User]:
    members = project.members.filter(role=role, ended_at=None).select_related("user")
    return [member.user for member in members.order_by("id")]
