"""The trail page and its CSV. Looking at the trail is itself recorded."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from django import forms
from django.apps import apps
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from qperfweb.core import audit
from qperfweb.core.errors import NotAllowed
from qperfweb.core.models import TrailEvent
from qperfweb.core.permissions import Verb, is_system_administrator, sites_of
from qperfweb.core.sink import lines
from qperfweb.core.trail import TrailFilter, narrowed, visible_to

PAGE_SIZE = 100
CSV_ROWS = 100_000
COLUMNS = (
    "id", "at_utc", "site", "person", "address", "action", "object_type", "object_id", "reason",
    "details", "request_id",
)  # fmt: skip


class TrailForm(forms.Form):
    """What the page can be narrowed by."""

    study = forms.IntegerField(required=False, min_value=1, label="Study number")
    person = forms.CharField(required=False, max_length=150, label="User name")
    action = forms.CharField(required=False, max_length=48, label="Action begins with")
    since = forms.DateField(required=False, label="From")
    until = forms.DateField(required=False, label="To")


@require_safe
@login_required
def trail(request: HttpRequest) -> HttpResponse:
    """Who did what: newest first, page by page."""
    form, events = _asked(request)
    page = Paginator(events, PAGE_SIZE).get_page(request.GET.get("page"))
    kept = request.GET.copy()
    kept.pop("page", None)
    context = {"form": form, "page": page, "query": kept.urlencode()}
    response = render(request, "core/trail.html", context, status=200 if form.is_valid() else 400)
    _note(request, "trail.viewed", form)
    return response


@require_safe
@login_required
def trail_csv(request: HttpRequest) -> HttpResponse:
    """The same events as a table, at most CSV_ROWS of them."""
    form, events = _asked(request)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for event in events[:CSV_ROWS].iterator(chunk_size=2000):
        writer.writerow(_plain(value) for value in _row(event))
    _note(request, "trail.exported", form)
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="trail.csv"'
    response["Cache-Control"] = "private, no-store"
    return response


@require_safe
@login_required
def trail_audit_messages(request: HttpRequest) -> HttpResponse:
    """The same events as DICOM audit messages, one syslog line each, as a log server takes them."""
    form, events = _asked(request)
    body = b"".join(line + b"\n" for line in lines(events[:CSV_ROWS], "dicom"))
    _note(request, "trail.exported", form)
    response = HttpResponse(body, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="trail-audit-messages.log"'
    response["Cache-Control"] = "private, no-store"
    return response


def _asked(request: HttpRequest) -> tuple[TrailForm, QuerySet[TrailEvent]]:
    user: Any = request.user
    if not (sites_of(user, Verb.VIEW_TRAIL) or is_system_administrator(user)):
        raise NotAllowed("The trail is for auditors and administrators.")
    form = TrailForm(request.GET)
    if not form.is_valid():
        return form, TrailEvent.objects.none()
    return form, narrowed(visible_to(user), TrailFilter(**form.cleaned_data))


def _note(request: HttpRequest, action: str, form: TrailForm) -> None:
    user: Any = request.user
    looked_for = {name: str(value) for name, value in form.cleaned_data.items() if value}
    model: Any = apps.get_model("accounts", "Site")
    sites = model.objects.filter(pk__in=sites_of(user, Verb.VIEW_TRAIL))
    for site in sites or [None]:
        audit.record(user, action, site=site, details=looked_for)


def _row(event: TrailEvent) -> tuple[object, ...]:
    return (
        event.pk,
        event.at.isoformat(timespec="milliseconds"),
        event.site.slug if event.site else "",
        event.actor_name,
        event.address,
        event.action,
        event.object_type,
        event.object_id,
        event.reason,
        json.dumps(event.details, sort_keys=True) if event.details else "",
        event.request_id,
    )


def _plain(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
