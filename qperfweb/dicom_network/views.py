"""The network page: who may send, where results go, how the site's scanners name their images."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from qperfweb.accounts.models import Site
from qperfweb.core.errors import Invalid, NotAllowed, UserError
from qperfweb.core.permissions import Verb, sites_of
from qperfweb.studies.import_rules import import_rules_set, rules_of

from . import site_network as network
from .configured import callers_of_operator, destinations_of_operator
from .models import Caller, SendTarget, SendWhen, Transmission, TransmissionState
from .watch import parse_folders


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def network_page(request: HttpRequest) -> HttpResponse:
    """For administrators of a site. A POST names its site and what is to be done."""
    sites = list(
        Site.objects.filter(pk__in=sites_of(request.user, Verb.MANAGE_SITE)).order_by("name")
    )
    if not sites:
        raise NotAllowed("The network page is for site administrators.")
    if request.method != "POST":
        return _page(request, sites)
    site = next((s for s in sites if s.slug == request.POST.get("site")), None)
    action = _ACTIONS.get(request.POST.get("action", ""))
    try:
        if site is None or action is None:
            raise Invalid("Say for which site, and what is to be done.")
        messages.success(request, action(site, request))
    except UserError as error:
        messages.error(request, error.message)
        return _page(request, sites, kept=request.POST, status=error.status)
    return redirect(f"{request.path}#{site.slug}")


def _page(
    request: HttpRequest, sites: list[Site], *, kept: Any = None, status: int = 200
) -> HttpResponse:
    kept = kept or {}
    folders = parse_folders(settings.WATCH_FOLDERS)
    context = {
        "sites": [
            {
                "site": site,
                "callers": Caller.objects.filter(site=site),
                "fixed_callers": [c for c in callers_of_operator() if c.site == site.slug],
                "targets": SendTarget.objects.filter(site=site),
                "fixed_targets": destinations_of_operator(site),
                "folders": [f.path for f in folders if f.site == site.slug],
                "failed": Transmission.objects.filter(
                    site=site, state=TransmissionState.FAILED, objects_sent=0
                ).count(),
                "waiting": Transmission.objects.filter(
                    site=site, state__in=(TransmissionState.QUEUED, TransmissionState.SENDING)
                ).count(),
                "rules": _rules_text(site, kept),
            }
            for site in sites
        ],
        "title": settings.DICOM_AE_TITLE,
        "port": settings.DICOM_PORT,
        "kinds": SendTarget.Kind.choices,
        "when": SendWhen.choices,
        "kept": kept,
    }
    return render(request, "dicom_network/network.html", context, status=status)


def _rules_text(site: Site, kept: Any) -> str:
    """The rules as text; after a mistake what was typed, so that it can be mended."""
    if kept.get("action") == "rules" and kept.get("site") == site.slug:
        return str(kept.get("rules", ""))
    return json.dumps(rules_of(site.pk), indent=2, ensure_ascii=False)


def _number(request: HttpRequest) -> int:
    text = request.POST.get("number", "")
    if not text.isdecimal() or len(text) > 18:
        raise Invalid("Say which one.")
    return int(text)


def _field(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "")


def _caller_add(site: Site, request: HttpRequest) -> str:
    row = network.caller_add(
        site, request.user, title=_field(request, "title"), host=_field(request, "host")
    )
    return f"{row.title} may send to {site.name}."


def _caller_remove(site: Site, request: HttpRequest) -> str:
    network.caller_remove(site, request.user, _number(request))
    return "It may not send any more."


def _target_add(site: Site, request: HttpRequest) -> str:
    names = ("name", "kind", "address", "secret", "send")
    row = network.target_add(site, request.user, **{n: _field(request, n) for n in names})
    return f"Results of {site.name} go to {row.name}."


def _target_remove(site: Site, request: HttpRequest) -> str:
    network.target_remove(site, request.user, _number(request))
    return "Nothing goes there any more."


def _target_echo(site: Site, request: HttpRequest) -> str:
    return network.target_echo(site, request.user, _number(request))


def _rules(site: Site, request: HttpRequest) -> str:
    rules = import_rules_set(site, _field(request, "rules"), request.user)
    return f"Import rules in force at {site.name} from now on: {len(rules)}."


_ACTIONS: dict[str, Callable[[Site, HttpRequest], str]] = {
    "caller-add": _caller_add,
    "caller-remove": _caller_remove,
    "target-add": _target_add,
    "target-remove": _target_remove,
    "target-echo": _target_echo,
    "rules": _rules,
}
