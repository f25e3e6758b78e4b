"""Keep one patient's images longer than the site's rule says: for a study, or for a court.

A hold only ever lengthens; who should go sooner is erased. While it stands nobody erases the
patient either. Setting and ending one are events of the trail, with their reasons.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from qperfweb.core import audit
from qperfweb.core.errors import Conflict, Invalid, NotAllowed
from qperfweb.core.permissions import Verb, can
from qperfweb.studies.models import Patient

from .models import Hold


def holds_standing() -> QuerySet[Hold]:
    """Those that have not run out."""
    return Hold.objects.filter(Q(until=None) | Q(until__gte=timezone.localdate()))


def hold_of(patient: Patient) -> Hold | None:
    """What keeps this patient's images at the moment."""
    return holds_standing().filter(patient=patient).first()


@transaction.atomic
def hold_set(patient: Patient, user: Any, *, reason: str, until: date | None = None) -> Hold:
    """Hold a patient's images, or change the hold. Raises NotAllowed, Invalid, Conflict."""
    _check(patient, user, reason)
    if patient.is_erased:
        raise Conflict("This patient was erased already.")
    if until is not None and until < timezone.localdate():
        raise Invalid("This day has passed.", field="until")
    hold, _ = Hold.objects.update_or_create(
        site_id=patient.site_id,
        patient=patient,
        defaults={"until": until, "reason": reason.strip(), "set_by": user},
    )
    details = {"until": until.isoformat() if until else None}
    audit.record(user, "patient.held", patient, reason=reason, details=details)
    return hold


@transaction.atomic
def hold_end(patient: Patient, user: Any, *, reason: str) -> None:
    """The site's rule holds again. Raises NotAllowed, Invalid, Conflict where nothing is held."""
    _check(patient, user, reason)
    if not Hold.objects.filter(patient=patient).delete()[0]:
        raise Conflict("The images of this patient are not held.")
    audit.record(user, "patient.hold_ended", patient, reason=reason)


def _check(patient: Patient, user: Any, reason: str) -> None:
    if not can(user, Verb.MANAGE_SITE, patient):
        raise NotAllowed("Only the site's administrators hold images.")
    if not reason.strip():
        raise Invalid("Please give a reason.", field="reason")
