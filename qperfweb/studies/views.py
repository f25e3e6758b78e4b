"""The upload page; all work is done over the API by its script."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from qperfweb.accounts.models import Site
from qperfweb.core.errors import NotAllowed
from qperfweb.core.permissions import Verb, sites_of

from . import arrivals


@require_safe
@login_required
@ensure_csrf_cookie
def upload(request: HttpRequest) -> HttpResponse:
    """Drop files, folders and zips into one of the user's sites."""
    sites = Site.objects.filter(pk__in=sites_of(request.user, Verb.UPLOAD)).order_by("name")
    if not sites:
        raise NotAllowed("You may not send images to any site; ask its administrator.")
    nameless = [site.pk for site in sites if arrivals.removes_identity(site.pk)]
    return render(request, "studies/upload.html", {"sites": sites, "nameless": nameless})
