"""The pages that mount a script of the frontend; all content comes over the API."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from qperfweb.core.errors import NotAllowed
from qperfweb.core.permissions import Verb, can
from qperfweb.studies.models import Study


@require_safe
@login_required
@ensure_csrf_cookie
def worklist(request: HttpRequest) -> HttpResponse:
    """All studies of the user's sites, live."""
    return render(request, "viewer/worklist.html")


@require_safe
@login_required
@ensure_csrf_cookie
def study(request: HttpRequest, study_id: int) -> HttpResponse:
    """The reading room of one study."""
    found = get_object_or_404(Study.objects.only("id", "site_id"), pk=study_id)
    if not can(request.user, Verb.VIEW_STUDY, found):
        raise NotAllowed
    may = {
        "trail": can(request.user, Verb.VIEW_TRAIL, found),
        "take_out": can(request.user, Verb.EXPORT, found),
        "erase": can(request.user, Verb.MANAGE_SITE, found),
    }
    return render(request, "viewer/study.html", {"study_id": found.pk, "may": may})
