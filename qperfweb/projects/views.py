"""The pages of projects; all content comes over the API."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from qperfweb.core.errors import NotAllowed
from qperfweb.core.permissions import Verb, can

from .adjudication import check_adjudicator
from .models import Adjudication, Assignment, Project, ProjectState
from .roles import standing


@require_safe
@login_required
@ensure_csrf_cookie
def projects(request: HttpRequest) -> HttpResponse:
    """The projects that the user has a part in."""
    return render(request, "projects/page.html", {"page": "projects", "title": "Second reads"})


@require_safe
@login_required
@ensure_csrf_cookie
def project(request: HttpRequest, project_id: int) -> HttpResponse:
    """One project: set-up, one's own list, progress, disagreements."""
    found = get_object_or_404(Project, pk=project_id)
    if not standing(found, request.user).any:
        raise NotAllowed("You have no part in this project.")
    context = {"page": "project", "title": "Second reads", "record": found.pk}
    return render(request, "projects/page.html", context)


@require_safe
@login_required
@ensure_csrf_cookie
def case(request: HttpRequest, assignment_id: int) -> HttpResponse:
    """The reading room of one case on the user's list."""
    found = get_object_or_404(Assignment, pk=assignment_id)
    if found.reader_id != request.user.pk or not can(request.user, Verb.EDIT_READING, found):
        raise NotAllowed("This case is on somebody else's list.")
    return render(request, "projects/case.html", {"assignment": found})


@require_safe
@login_required
@ensure_csrf_cookie
def adjudication(request: HttpRequest, adjudication_id: int) -> HttpResponse:
    """One disagreement, readings side by side."""
    found = get_object_or_404(Adjudication, pk=adjudication_id)
    if found.project.state != ProjectState.LOCKED:
        check_adjudicator(found, request.user)
    elif not standing(found.project, request.user).any:
        raise NotAllowed("You have no part in this project.")
    context = {"page": "adjudication", "title": "Disagreement", "record": found.pk}
    return render(request, "projects/page.html", context)


@require_safe
@login_required
@ensure_csrf_cookie
def queries(request: HttpRequest) -> HttpResponse:
    """Queries of projects to the user's sites, and those that the user asked."""
    return render(request, "projects/page.html", {"page": "queries", "title": "Queries"})
