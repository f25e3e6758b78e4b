"""Setting a project up: rules, studies, people. Each change leaves its line in the trail.

Opening (opening.py) fixes all of this; locking (locking.py) ends it. Readings are made by the
machinery of reviews.
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
from qperfweb.studies.models import Study

from .models import Case, CaseKind, Project, ProjectMember, ProjectRole, ProjectState
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
    project = locked_row(project, ProjectState.SETUP)
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
    project = locked_row(project, ProjectState.SETUP)
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
    project = locked_row(case.project, ProjectState.SETUP)
    audit.record(user, "project.case_removed", case.study, details={"project": project.pk})
    case.delete()


@transaction.atomic
def case_train_with(case: Case, user: Any, reference: Reading | None) -> Case:
    """Make a case a training one with its reference reading; None: an ordinary study again."""
    project = locked_row(case.project, ProjectState.SETUP)
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
    project = locked_row(project, ProjectState.SETUP)
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


def locked_row(project: Project, state: ProjectState) -> Project:
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
