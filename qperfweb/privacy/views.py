"""Pages about privacy: rules of a site, who a pseudonym is, a study without identity, erasure."""

from __future__ import annotations

from collections.abc import Callable
from tempfile import TemporaryFile
from typing import IO

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qperfweb.accounts.models import Site
from qperfweb.core import audit
from qperfweb.core.errors import Invalid, NotAllowed, NotFound
from qperfweb.core.permissions import Verb, can, sites_of
from qperfweb.studies.identity import open_identity
from qperfweb.studies.models import Study

from .copies import write_patient_copy
from .deidentification.profile import Option
from .erasure import patient_erase, preview
from .holds import hold_end, hold_of, hold_set
from .models import Erasure, Policy
from .pseudonyms import policy_of, reidentify
from .retention import SOON, images_due
from .taking_out import write_deidentified

CONFIRMATION = "erase"


class PolicyForm(forms.Form):
    """The rules of a site."""

    images_kept_days = forms.IntegerField(
        required=False, min_value=1, max_value=36_500, label="Images are kept for days"
    )
    readings_kept_years = forms.IntegerField(
        min_value=0, max_value=100, label="Signed readings are kept for years"
    )
    keep = forms.MultipleChoiceField(
        required=False, choices=[(option.value, option.words) for option in Option]
    )
    clean_on_arrival = forms.BooleanField(required=False)


@require_safe
@login_required
@never_cache
def privacy(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Everything about privacy at one site, for its administrators."""
    sites = Site.objects.filter(pk__in=sites_of(request.user, Verb.MANAGE_SITE)).order_by("name")
    if not sites:
        raise NotAllowed("This page is for site administrators.")
    site = _site(request, slug) if slug else sites[0]
    policy = policy_of(site.pk)
    context = {
        "site": site,
        "sites": sites,
        "policy": policy,
        "options": [(option.value, option.words) for option in Option],
        "due": images_due(site.pk, within=SOON),
        "now": timezone.now(),
        "erasures": Erasure.objects.filter(site=site).order_by("-id")[:50],
    }
    return render(request, "privacy/privacy.html", context)


@require_POST
@login_required
def policy_change(request: HttpRequest, slug: str) -> HttpResponse:
    site = _site(request, slug)
    form = PolicyForm(request.POST)
    if not form.is_valid():
        raise Invalid(" ".join(str(error[0]) for error in form.errors.values()))
    Policy.objects.update_or_create(site=site, defaults=form.cleaned_data)
    audit.record(request.user, "site.privacy_changed", site, site=site, details=form.cleaned_data)
    messages.success(request, "The rules of the site are saved.")
    return HttpResponseRedirect(reverse("privacy-of", args=[site.slug]))


@require_POST
@login_required
@never_cache
def reveal(request: HttpRequest, slug: str) -> HttpResponse:
    """Say who a pseudonym stands for; shown once, recorded with its reason."""
    site = _site(request, slug, Verb.REIDENTIFY)
    name, reason = request.POST.get("name", ""), request.POST.get("reason", "")
    identity, shift = reidentify(request.user, site, name, reason=reason)
    context = {"site": site, "name": name, "identity": identity, "shift_days": shift}
    return render(request, "privacy/revealed.html", context)


@require_safe
@login_required
def deidentified_zip(request: HttpRequest, study_id: int) -> HttpResponse:
    """A study without the patient's identity."""
    study = _study(request, study_id, Verb.EXPORT)

    def write(file: IO[bytes]) -> str:
        return f"{write_deidentified(study, request.user, file).name}-{study.pk}.zip"

    return _download(write)


@require_POST
@login_required
def patient_zip(request: HttpRequest, study_id: int) -> HttpResponse:
    """Everything that is held about the patient of a study, with their identity."""
    patient = _study(request, study_id, Verb.MANAGE_SITE).patient

    def write(file: IO[bytes]) -> str:
        write_patient_copy(patient, request.user, file, reason=request.POST.get("reason", ""))
        return f"patient-{patient.pk}.zip"

    return _download(write)


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def erase(request: HttpRequest, study_id: int) -> HttpResponse:
    """What erasing the patient of a study takes away, and doing it after a second confirmation."""
    study = _study(request, study_id, Verb.MANAGE_SITE)
    patient = study.patient
    if request.method == "POST":
        if request.POST.get("confirmation", "").strip().lower() != CONFIRMATION:
            raise Invalid(f"Write {CONFIRMATION} to confirm; nothing was erased.")
        patient_erase(patient, request.user, reason=request.POST.get("reason", ""))
        messages.success(request, "The patient is erased.")
        return HttpResponseRedirect(reverse("privacy-of", args=[study.site.slug]))
    context = {
        "study": study,
        "identity": open_identity(getattr(patient, "identity", None)),
        "preview": preview(patient),
        "confirmation": CONFIRMATION,
        "hold": hold_of(patient),
        "kept_days": policy_of(patient.site_id).images_kept_days,
    }
    return render(request, "privacy/erase.html", context)


class HoldForm(forms.Form):
    """How long the images of one patient are held."""

    until = forms.DateField(required=False, label="Until")
    reason = forms.CharField(max_length=500, label="Reason")
    end = forms.BooleanField(required=False)


@require_POST
@login_required
def hold(request: HttpRequest, study_id: int) -> HttpResponse:
    """Hold the images of a study's patient, or end that."""
    patient = _study(request, study_id, Verb.MANAGE_SITE).patient
    form = HoldForm(request.POST)
    if not form.is_valid():
        raise Invalid(" ".join(f"{name}: {error[0]}" for name, error in form.errors.items()))
    wanted = form.cleaned_data
    if wanted["end"]:
        hold_end(patient, request.user, reason=wanted["reason"])
        messages.success(request, "The site's rule holds again for this patient's images.")
    else:
        hold_set(patient, request.user, reason=wanted["reason"], until=wanted["until"])
        messages.success(request, "The images of this patient are held.")
    return HttpResponseRedirect(reverse("patient-erase", args=[study_id]))


def _download(write: Callable[[IO[bytes]], str]) -> HttpResponse:
    """What ``write`` writes, under the name that it answers with."""
    file = TemporaryFile()  # noqa: SIM115  # the response closes it
    try:
        name = write(file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    response = FileResponse(file, as_attachment=True, filename=name)
    response["Cache-Control"] = "private, no-store"
    return response


def _site(request: HttpRequest, slug: str, verb: Verb = Verb.MANAGE_SITE) -> Site:
    site = Site.objects.filter(slug=slug, pk__in=sites_of(request.user)).first()
    if site is None:
        raise NotFound()
    if not can(request.user, verb, site):
        raise NotAllowed("This is for the site's administrators.")
    return site


def _study(request: HttpRequest, study_id: int, verb: Verb) -> Study:
    rows = Study.objects.select_related("patient__identity", "site")
    study = get_object_or_404(rows, pk=study_id)
    if not can(request.user, verb, study):
        raise NotAllowed()
    return study
