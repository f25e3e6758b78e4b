"""The pages where a person decides about what was set aside: what arrived, why, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from analysis.dicom import HeaderFacts
from qperfweb.core import audit
from qperfweb.core.errors import Conflict, NotAllowed
from qperfweb.core.permissions import Verb, can, sites_of

from .identity import Identity, open_identity
from .indexing import identity_of
from .models import IntakeProblem, IntakeSource, Patient, PatientIdentity, Study
from .problems import (
    arrival_facts,
    group_of,
    group_resolve,
    known_instance,
    open_groups,
    resolutions_of,
)

TITLES: Mapping[str, str] = {
    "identity-conflict": "Same patient ID, different person?",
    "study-of-another-patient": "Same study, different patient ID",
    "uid-reused": "Same object number, different content",
}

WHY: Mapping[str, str] = {
    "identity-conflict": "These images carry the ID of a patient who is known here by another "
    "name, birth date or sex. Either a detail was mistyped or changed, or two people got one ID.",
    "study-of-another-patient": "These images belong to an examination that was received before "
    "under another patient ID.",
    "uid-reused": "An object with the same unique number but other content was received before. "
    "What came first is never replaced.",
}

CHOICES: Mapping[str, Mapping[str, str]] = {
    "identity-conflict": {
        "take": "It is the same person: add the images to the known patient",
        "other": "It is another person: give them a record of their own",
        "leave": "Keep the images out; their files stay for now",
        "reject": "Keep the images out and delete their files",
    },
    "study-of-another-patient": {
        "take": "They belong to this examination: add them to it",
        "leave": "Keep the images out; their files stay for now",
        "reject": "Keep the images out and delete their files",
    },
    "uid-reused": {
        "leave": "Keep the later object out; its file stays for now",
        "reject": "Keep the later object out and delete its file",
    },
}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One fact as it arrived and as it is known here."""

    name: str
    arrived: str
    known: str

    @property
    def differs(self) -> bool:
        return bool(self.arrived and self.known) and self.arrived != self.known


class DecisionForm(forms.Form):
    """What is done with them, and why."""

    resolution = forms.ChoiceField(choices=(), widget=forms.RadioSelect, label="Decision")
    reason = forms.CharField(
        max_length=500, label="Reason", widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, problem: IntakeProblem, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = CHOICES.get(problem.code, CHOICES["uid-reused"])
        allowed = resolutions_of(problem)
        choices = [(key, text) for key, text in words.items() if key in allowed]
        self.fields["resolution"].choices = choices


@require_safe
@login_required
@never_cache
def set_aside(request: HttpRequest) -> HttpResponse:
    """Everything that waits for a decision at the user's sites."""
    sites = sites_of(request.user, Verb.VIEW_STUDY)
    if not sites:
        raise NotAllowed("You are no member of a site that receives images.")
    groups = [one | {"title": TITLES.get(one["code"], one["code"])} for one in open_groups(sites)]
    return render(request, "studies/set_aside.html", {"groups": groups})


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def set_aside_group(request: HttpRequest, problem_id: int) -> HttpResponse:
    """One group: what arrived beside what is known, and the decision."""
    problem = get_object_or_404(
        IntakeProblem.objects.select_related("batch__user", "site", "study__patient__identity"),
        pk=problem_id,
        kind=IntakeProblem.Kind.SET_ASIDE,
    )
    if not can(request.user, Verb.VIEW_STUDY, problem):
        raise NotAllowed("You may not see the images of this site.")
    may_decide = can(request.user, Verb.CLASSIFY, problem)
    form = DecisionForm(problem, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if not may_decide:
            raise NotAllowed("Your role does not decide about what was set aside.")
        if problem.resolution:
            raise Conflict("Somebody has already decided about this.")
        if form.is_valid():
            wanted = form.cleaned_data
            decided = group_resolve(
                problem,
                user=request.user,
                resolution=wanted["resolution"],
                reason=wanted["reason"],
            )
            messages.success(request, f"Decided about {_objects(len(decided))}.")
            return HttpResponseRedirect(reverse("set-aside"))
    audit.record_access(request.user, "intake.problem_viewed", problem)
    facts = arrival_facts(problem)
    context = {
        "problem": problem,
        "title": TITLES.get(problem.code, problem.code),
        "why": WHY.get(problem.code, problem.message),
        "count": group_of(problem).count(),
        "files": list(group_of(problem).values_list("file_name", flat=True)[:5]),
        "source": IntakeSource(problem.batch.source).label,
        "comparison": _comparison(problem, facts) if facts else [],
        "may_decide": may_decide and not problem.resolution,
        "form": form,
    }
    return render(
        request, "studies/set_aside_group.html", context, status=400 if form.errors else 200
    )


def _comparison(problem: IntakeProblem, facts: HeaderFacts) -> list[Comparison]:
    arrived = identity_of(facts)
    known, study = _known(problem, arrived)
    rows = [
        Comparison(name="Name", arrived=arrived.display_name, known=known.display_name),
        Comparison(name="Patient ID", arrived=arrived.patient_id, known=known.patient_id),
        Comparison(name="Issuer of the ID", arrived=arrived.issuer, known=known.issuer),
        Comparison(name="Born", arrived=arrived.birth_date, known=known.birth_date),
        Comparison(name="Sex", arrived=arrived.sex, known=known.sex),
        Comparison(
            name="Study date",
            arrived=_day(facts.study_date),
            known=study.study_date.isoformat() if study and study.study_date else "",
        ),
        Comparison(
            name="Study",
            arrived=facts.study_description,
            known=study.description if study else "",
        ),
        Comparison(name="Series", arrived=facts.series_description, known=_series(problem)),
        Comparison(
            name="Institution",
            arrived=facts.institution,
            known=study.institution if study else "",
        ),
        Comparison(
            name="Scanner",
            arrived=f"{facts.manufacturer} {facts.model_name}".strip(),
            known=f"{study.manufacturer} {study.scanner_model}".strip() if study else "",
        ),
    ]
    return [row for row in rows if row.arrived or row.known]


def _known(problem: IntakeProblem, arrived: Identity) -> tuple[Identity, Study | None]:
    """Who and what is known here: the study's patient, else the patient of the same ID."""
    study = problem.study
    if study is not None:
        return open_identity(getattr(study.patient, "identity", None)), study
    patient = Patient.objects.filter(
        site_id=problem.site_id, identity_digest=problem.identity_digest
    ).first()
    row = PatientIdentity.objects.filter(patient=patient).first() if patient else None
    known = open_identity(row) if row else Identity(patient_id="")
    return known, patient.studies.order_by("-id").first() if patient else None


def _series(problem: IntakeProblem) -> str:
    if problem.code != "uid-reused":
        return ""
    known = known_instance(problem)
    return known.series.description if known else ""


def _day(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) >= 8 else text


def _objects(count: int) -> str:
    return "one object" if count == 1 else f"{count} objects"
