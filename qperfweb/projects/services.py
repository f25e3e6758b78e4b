"""Writes of this package: set a project up, open it, lock it. Each leaves its line in the trail.

Between opening and locking nothing about the project itself changes: cases, readers' lists, limits
and analysis settings are fixed. Readings are made by the machinery of reviews.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from qperfweb.accounts.models import Site, User
from qperfweb.core import audit
from qperfweb.core.errors import Conflict, Invalid, NotAllowed
from qperfweb.core.permissions import Verb, can
from qperfweb.reviews.models import Reading, ReadingState
from qperfweb.runs.models import RunPurpose, RunState
from qperfweb.runs.services import digest, run_request
from qperfweb.studies.models import Study

from .analysis_settings import counted_run, settings_of
from .models import (
    Adjudication,
    Assignment,
    AssignmentKind,
    Case,
    CaseKind,
    Project,
    ProjectMember,
    ProjectRole,
    ProjectState,
    QueryState,
)
from .order import reading_list
from .rules import limits_of, training_of
from .values import signed_reading

NEEDED_OF = {ProjectRole.READER: Verb.SIGN_READING, ProjectRole.ADJUDICATOR: Verb.REVIEW}


@transaction.atomic
def project_create(site: Site, user: Any, *, name: str, **choices: Any) -> Project:
    """A new project run by ``site``. Raises Invalid for a name that is taken or senseless rules."""
    _check_choices(choices)
    try:
        with transaction.atomic():
            project = Project.objects.create(
                site=site,
                name=name.strip(),
                created_by=user,
                seed=secrets.randbelow(2**31),
                **choices,
            )
    except IntegrityError:
        raise Invalid("There is a project of that name already.", field="name") from None
    audit.record(user, "project.created", project)
    return project


@transaction.atomic
def project_change(project: Project, user: Any, **choices: Any) -> Project:
    """Change what is still open to change. Raises Conflict once the project is open."""
    project = _locked_row(project, ProjectState.SETUP)
    _check_choices(choices)
    for field, value in choices.items():
        setattr(project, field, value)
    try:
        with transaction.atomic():
            project.save(update_fields=list(choices))
    except IntegrityError:
        raise Invalid("There is a project of that name already.", field="name") from None
    audit.record(user, "project.changed", project, details={"fields": sorted(choices)})
    return project


@transaction.atomic
def cases_add(project: Project, user: Any, studies: Iterable[Study]) -> list[Case]:
    """Give studies to a project. Raises NotAllowed for a study of a site the user may not give."""
    project = _locked_row(project, ProjectState.SETUP)
    there = set(project.cases.values_list("study_id", flat=True))
    number = max(project.cases.values_list("number", flat=True), default=0)
    made = []
    for study in studies:
        if not can(user, Verb.MANAGE_PROJECT, study):
            raise NotAllowed("You may not give studies of that site to a project.")
        if study.pk in there:
            continue
        number += 1
        there.add(study.pk)
        made.append(
            Case.objects.create(site_id=study.site_id, project=project, study=study, number=number)
        )
        audit.record(user, "project.case_added", study, details={"project": project.pk})
    return made


@transaction.atomic
def case_remove(case: Case, user: Any) -> None:
    """Take a study out again while the project is set up."""
    project = _locked_row(case.project, ProjectState.SETUP)
    audit.record(user, "project.case_removed", case.study, details={"project": project.pk})
    case.delete()


@transaction.atomic
def case_train_with(case: Case, user: Any, reference: Reading | None) -> Case:
    """Make a case a training one with its reference reading; None: an ordinary study again."""
    project = _locked_row(case.project, ProjectState.SETUP)
    if reference is not None and (
        reference.study_id != case.study_id or reference.state != ReadingState.SIGNED
    ):
        raise Invalid("The reference is a signed reading of the same study.", field="reference")
    number, study = case.number, case.study
    case.delete()
    case = Case.objects.create(
        site_id=study.site_id,
        project=project,
        study=study,
        number=number,
        kind=CaseKind.TRAINING if reference else CaseKind.STUDY,
        reference=reference,
    )
    audit.record(user, "project.case_changed", study, details={"project": project.pk})
    return case


@transaction.atomic
def member_add(project: Project, user: Any, person: User, role: str) -> ProjectMember:
    """Name a reader or an adjudicator; nobody is both.

    Raises Invalid where the person lacks the role at a site whose studies the project has.
    """
    project = _locked_row(project, ProjectState.SETUP)
    needed = NEEDED_OF[ProjectRole(role)]
    sites = {case.site for case in project.cases.select_related("site")} or {project.site}
    lacking = sorted(site.name for site in sites if not can(person, needed, site))
    if lacking:
        raise Invalid(
            f"{person.display_name} may not do this at {', '.join(lacking)}.", field="user"
        )
    others = project.members.filter(user=person, ended_at=None).exclude(role=role)
    if others.exists():
        raise Invalid("Nobody both reads and adjudicates in one project.", field="role")
    member, fresh = ProjectMember.objects.get_or_create(
        project=project, user=person, role=role, defaults={"site_id": project.site_id}
    )
    if not fresh and member.ended_at is not None:
        member.ended_at = None
        member.save(update_fields=["ended_at"])
    audit.record(user, "project.member_added", project, details={"user": person.pk, "role": role})
    return member


@transaction.atomic
def member_end(member: ProjectMember, user: Any, reason: str) -> None:
    """Somebody no longer takes part. What they have signed stays; what is open is waived.

    While the project is open a reason is needed.
    """
    project = Project.objects.select_for_update().get(pk=member.project_id)
    if project.state != ProjectState.SETUP and not reason.strip():
        raise Invalid("Give a reason.", field="reason")
    member.ended_at = timezone.now()
    member.save(update_fields=["ended_at"])
    if member.role == ProjectRole.READER:
        for assignment in project.assignments.filter(reader=member.user, waived_reason=""):
            if signed_reading(assignment) is None:
                assignment.waived_reason = reason.strip()[:500]
                assignment.save(update_fields=["waived_reason"])
    audit.record(
        user, "project.member_ended", project, reason=reason, details={"user": member.user_id}
    )


@transaction.atomic
def project_open(project: Project, user: Any) -> Project:
    """Fix cases, lists and analysis settings, and let the readers begin.

    The settings are those of the newest result among the studies; studies without such a result
    wait for one. Raises Conflict while something is missing.
    """
    project = _locked_row(project, ProjectState.SETUP)
    cases = list(project.cases.select_related("study", "site"))
    readers = _people(project, ProjectRole.READER)
    studies = [case for case in cases if case.kind == CaseKind.STUDY]
    if not studies:
        raise Conflict("Add studies first.", code="no_cases")
    if not readers:
        raise Conflict("Name a reader first.", code="no_readers")
    if training_of(project.training) is not None and len(studies) == len(cases):
        raise Conflict("The training rule needs training studies.", code="no_training")
    if len(readers) > 1 and project.limits and not _people(project, ProjectRole.ADJUDICATOR):
        raise Conflict("Name an adjudicator, or remove the limits.", code="no_adjudicator")
    for reader in readers:
        lacking = sorted(
            {case.site.name for case in cases if not can(reader, Verb.SIGN_READING, case)}
        )
        if lacking:
            raise Conflict(
                f"{reader.display_name} may not read at {', '.join(lacking)}.", code="role_missing"
            )
    _check_no_other_reading(readers, cases)
    newest = max(
        (
            run
            for case in cases
            if (run := case.study.runs.filter(state=RunState.SUCCEEDED).order_by("-id").first())
        ),
        key=lambda run: run.pk,
        default=None,
    )
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
    project = _locked_row(project, ProjectState.OPEN)
    done = project.assignments.filter(reader=reader, kind=AssignmentKind.TRAINING)
    last = done.order_by("-round").first()
    if last is None or any(
        signed_reading(a) is None for a in done.filter(round=last.round, waived_reason="")
    ):
        raise Conflict("This reader has training studies left to read.")
    cases = [c for c in project.cases.select_related("study") if c.kind == CaseKind.TRAINING]
    _add(project, reader, cases, AssignmentKind.TRAINING, number=last.round + 1)
    audit.record(user, "project.training_again", project, details={"user": reader.pk})


@transaction.atomic
def project_lock(project: Project, user: Any, reason: str = "") -> Project:
    """Freeze a project for good and show everything to everybody.

    Raises Conflict while readings, adjudications or queries are open; with a ``reason`` readings
    may be left open: they are waived.
    """
    project = _locked_row(project, ProjectState.OPEN)
    if project.cases.count() < project.case_count:
        raise NotAllowed("Only a member of every site of the project can lock it.")
    undecided = project.adjudications.filter(decisions=0).count()
    if undecided:
        raise Conflict(f"Disagreements that wait for a decision: {undecided}.", code="undecided")
    asked = project.queries.exclude(state=QueryState.CLOSED).count()
    if asked:
        raise Conflict(f"Queries that are not closed: {asked}.", code="open_queries")
    unread = [a for a in project.assignments.filter(waived_reason="") if not signed_reading(a)]
    if unread and not reason.strip():
        raise Conflict(
            f"Readings that are not signed: {len(unread)}. Give a reason to lock without them.",
            code="unread",
        )
    for assignment in unread:
        assignment.waived_reason = reason.strip()[:500]
        assignment.save(update_fields=["waived_reason"])
        for draft in assignment.readings.filter(state=ReadingState.DRAFT):
            draft.state = ReadingState.DISCARDED
            draft.save(update_fields=["state", "updated_at"])
    project.content_sha256 = content_digest(project)
    project.locked_at, project.locked_by = timezone.now(), user
    project.state = ProjectState.LOCKED
    project.save()
    audit.record(
        user, "project.locked", project, reason=reason,
        details={"content_sha256": project.content_sha256},
    )  # fmt: skip
    return project


def content_digest(project: Project) -> str:
    """SHA-256 over what a lock freezes: settings, cases, lists, signed readings, decisions."""
    readings = Reading.objects.filter(
        assignment__project=project, state=ReadingState.SIGNED
    ).order_by("id")
    return digest(
        {
            "settings": project.analysis_settings,
            "rules": [project.blinding, project.limits, project.training, project.seed],
            "cases": [[c.number, c.study_id, c.kind, c.run_id] for c in project.cases.all()],
            "assignments": list(
                project.assignments.order_by("id").values_list(
                    "id", "case__number", "reader_id", "kind", "round", "waived_reason"
                )
            ),
            "readings": [
                [r.pk, r.assignment_id, r.revision, *r.signatures.values_list("sha256", flat=True)]
                for r in readings
            ],
            "decisions": list(
                Adjudication.objects.filter(project=project)
                .order_by("case__number", "all_decisions__number")
                .values_list("case__number", "all_decisions__number", "all_decisions__reading_id")
            ),
        }
    )


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


def _check_no_other_reading(readers: list[User], cases: list[Case]) -> None:
    """A reader has a study in one open project at a time: two may hide different things.

    Raises Conflict that names the reader and the other project.
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


def _people(project: Project, role: ProjectRole) -> list[User]:
    members = project.members.filter(role=role, ended_at=None).select_related("user")
    return [member.user for member in members.order_by("id")]


def _locked_row(project: Project, state: ProjectState) -> Project:
    """The project, locked for this transaction, in the state that the change needs."""
    row = Project.objects.select_for_update().get(pk=project.pk)
    if row.state != state:
        word = ProjectState(row.state).label.lower()
        raise Conflict(f"This cannot be done now: the project is {word}.", code="state")
    return row


def _check_choices(choices: dict[str, Any]) -> None:
    if "limits" in choices:
        limits_of(choices["limits"])
    if "training" in choices:
        training_of(choices["training"])
