"""The wall around blinded studies: one place that every request passes.

Whoever reads a study for a project that is not yet locked gets at it in that project only: every
address that names the study, its runs, readings, series or objects is refused to them, and so is a
new one; what the blinded viewer needs has addresses of its own, which name the case. And nobody but
its own reader and the project's adjudicators sees a reading of a project before the
project is locked. Lists and figures over many studies leave out ``sight.blinded_studies``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from qperfweb.core.errors import NotAllowed, user_error_response
from qperfweb.core.middleware import UNSCOPED_PATHS
from qperfweb.reviews.models import Reading
from qperfweb.reviews.sight import (
    blinded_studies,
    blinding_assignments,
)

from .models import Adjudication, Assignment, AssignmentKind, ProjectMember, ProjectRole
from .models import ProjectState as State

OF_THE_PROJECT = frozenset(
    {"project_id", "case_id", "member_id", "assignment_id", "adjudication_id", "query_id"}
)
"""Names in addresses of this package, whose views know who may see what."""

HARMLESS = frozenset(
    {
        "batch_id",
        "token",
        "slug",
        "key",
        "numbers",
        "tag",
        "series",
        "instance",
        "kind",
        "place",
        "provider_id",
        "session_id",
        "token_id",
        "user_id",
        "pk",
    }  # fmt: skip
)
"""Names in addresses that say nothing of a study by themselves, or stand beside one that does."""

OWN_READING = frozenset({"edits", "sign", "discard", "history"})
"""What a reader may do with the reading that they make for the project."""


class BlindingMiddleware:
    """Refuse addresses of studies that the user reads blinded; see the module."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, named: dict[str, Any]
    ) -> HttpResponse | None:
        match = request.resolver_match
        user: Any = request.user
        if request.path in UNSCOPED_PATHS or not user.is_authenticated or match is None:
            return None
        try:
            _check(user, match.url_name or "", named)
        except NotAllowed as error:
            return user_error_response(request, error)
        return None


def _check(user: Any, address: str, named: dict[str, Any]) -> None:
    """Raises NotAllowed where ``address`` would tell the user what a project hides from them."""
    reading_id = named.get("reading_id")
    if reading_id is not None:
        _check_reading(user, int(reading_id), address)
        return
    if not STUDY_OF.keys() & named.keys():
        return  # most addresses are about no study, and then there is nothing to ask
    blinded = blinded_studies(user)
    if not blinded:
        return
    study_id = study_of_address(named)
    if study_id is not None and study_id in blinded:
        _check_study(user, study_id)


def study_of_address(named: dict[str, Any]) -> int | None:
    """The study that an address is about; None where it names none or nothing is found."""
    for name, (model, column, path) in STUDY_OF.items():
        if name in named:
            rows: Any = apps.get_model(model)._default_manager
            found: int | None = (
                rows.filter(**{column: named[name]}).values_list(path, flat=True).first()
            )
            return found
    return None


STUDY_OF: dict[str, tuple[str, str, str]] = {
    "study_id": ("studies.Study", "pk", "pk"),
    "run_id": ("runs.AnalysisRun", "pk", "study_id"),
    "series_id": ("studies.Series", "pk", "study_id"),
    "instance_id": ("studies.Instance", "pk", "series__study_id"),
    "problem_id": ("studies.IntakeProblem", "pk", "study_id"),
    "study": ("studies.Study", "study_instance_uid", "pk"),
}
"""Name in an address -> the model it names, by which column, and the way to the study."""


def _active(user: Any, role: ProjectRole) -> Any:
    return ProjectMember.objects.filter(user=user, role=role, ended_at=None)


def _check_study(user: Any, study_id: int) -> None:
    assignment = (
        blinding_assignments(user).filter(case__study_id=study_id).select_related("project").first()
    )
    raise NotAllowed(
        f"You read this study in the project “{assignment.project}”. Until the project is locked "
        "you get at it there only.",
        code="blinded",
    )


def _check_reading(user: Any, reading_id: int, address: str) -> None:
    rows = Reading.objects.select_related("assignment__project")
    reading = rows.filter(pk=reading_id).first()
    if reading is None:
        return
    assignment = reading.assignment
    if assignment is None or assignment.project.state == State.LOCKED:
        if reading.study_id in blinded_studies(user):
            _check_study(user, reading.study_id)
        return
    if reading.reader_id == user.pk and (
        address in OWN_READING or assignment.kind == AssignmentKind.THIRD
    ):
        return
    if _adjudicates(user, assignment) and address not in OWN_READING - {"history"}:
        return
    raise NotAllowed(
        f"This reading belongs to the project “{assignment.project}” and is hidden until the "
        "project is locked.",
        code="blinded",
    )


def _adjudicates(user: Any, assignment: Assignment) -> bool:
    """Is the case of this reading with the adjudicators, and is the user one of them?"""
    role = _active(user, ProjectRole.ADJUDICATOR).filter(project_id=assignment.project_id)
    return role.exists() and Adjudication.objects.filter(case_id=assignment.case_id).exists()
