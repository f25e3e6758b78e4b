"""The agreement page; its figures come over the API."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from qperfweb.core.errors import NotAllowed
from qperfweb.core.permissions import Verb, sites_of


@require_safe
@login_required
def agreement(request: HttpRequest) -> HttpResponse:
    """Automated against final values, for auditors, readers and reviewers."""
    if not sites_of(request.user, Verb.VIEW_AGREEMENT):
        raise NotAllowed
    return render(request, "agreement/agreement.html")
