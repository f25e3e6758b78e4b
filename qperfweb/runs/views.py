"""The status page."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from qperfweb.core.errors import NotAllowed
from qperfweb.core.permissions import Verb, is_system_administrator, sites_of

from . import status


@require_safe
@login_required
def status_page(request: HttpRequest) -> HttpResponse:
    """Workers, queue, analyses, disk, backup, models and self-test, for administrators."""
    if not (is_system_administrator(request.user) or sites_of(request.user, Verb.MANAGE_SITE)):
        raise NotAllowed("The status page is for administrators.")
    context = {
        "workers": status.workers(),
        "queues": status.queues(),
        "disk": status.disk(),
        "self_test": status.last_self_test(),
        "backup": status.last_backup(),
        **status.activity(),
    }
    return render(request, "runs/status.html", context)
