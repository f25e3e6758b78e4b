"""Erase a patient at a site: at once what may go, and a date for what the law wants kept.

Images, set-aside objects and the identity go at once: rows, files and the key that opens name, ID
and birth date. Without it nobody, not even the owner of the database, learns who the patient was.
Readings, results and signatures hold a pseudonym only; the database lets nobody delete them, so
that they stay until their keeping period has ended, and the erasure says until when.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from qperfweb.core import audit
from qperfweb.core.errors import Conflict, Invalid, NotAllowed
from qperfweb.core.permissions import Verb, can
from qperfweb.reviews.models import Reading, ReadingState
from qperfweb.studies.cleaning import delete_unnamed
from qperfweb.studies.models import (
    Instance,
    IntakeProblem,
    Patient,
    PatientIdentity,
    Series,
    Study,
    StudyState,
)

from .models import Erasure, Pseudonym
from .pseudonyms import policy_of


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What an erasure takes away now, and what stays under a pseudonym, in numbers."""

    studies: int
    objects: int
    megabytes: int
    set_aside: int
    drafts: int
    signed: int
    kept_until: datetime | None


def preview(patient: Patient) -> Preview:
    """What would go and what would have to stay."""
    objects = Instance.objects.filter(series__study__patient=patient)
    readings = Reading.objects.filter(study__patient=patient)
    signed = readings.filter(state=ReadingState.SIGNED)
    newest = signed.order_by("-signed_at").values_list("signed_at", flat=True).first()
    years = policy_of(patient.site_id).readings_kept_years
    return Preview(
        studies=patient.studies.count(),
        objects=objects.count(),
        megabytes=sum(objects.values_list("size_bytes", flat=True)) // 2**20,
        set_aside=_set_aside(patient).count(),
        drafts=readings.exclude(state=ReadingState.SIGNED).count(),
        signed=signed.count(),
        kept_until=newest + timedelta(days=round(365.25 * years)) if newest else None,
    )


@transaction.atomic
def patient_erase(patient: Patient, user: Any, *, reason: str) -> Erasure:
    """Erase a patient for good. Files go once the change stands.

    Raises NotAllowed without the role, Invalid without a reason, Conflict while an analysis runs or
    when the patient was erased already.
    """
    if not can(user, Verb.MANAGE_SITE, patient):
        raise NotAllowed("Only the site's administrators erase a patient.")
    if not reason.strip():
        raise Invalid("Please give a reason.", field="reason")
    patient = Patient.objects.select_for_update().get(pk=patient.pk)
    identity = PatientIdentity.objects.filter(patient=patient).first()
    if identity is None or identity.wrapped_key is None:
        raise Conflict("This patient was erased already.")
    busy = (StudyState.QUEUED, StudyState.ANALYSING, StudyState.RECEIVING)
    if patient.studies.filter(state__in=busy).exists():
        raise Conflict("An analysis of this patient is running; wait for it or cancel it.")
    gone = preview(patient)
    objects = Instance.objects.filter(series__study__patient=patient)
    problems = _set_aside(patient)
    hashes = set(objects.values_list("sha256", flat=True))
    hashes |= set(problems.values_list("sha256", flat=True)) - {""}
    problems.delete()
    objects.delete()
    Series.objects.filter(study__patient=patient).delete()
    IntakeProblem.objects.filter(study__patient=patient).delete()
    Study.objects.filter(patient=patient).update(
        accession_number="", description="", study_date=None, study_time=None, institution=""
    )
    Pseudonym.objects.filter(patient=patient).delete()
    identity.wrapped_key, identity.sealed = None, b""
    identity.save(update_fields=["wrapped_key", "sealed", "updated_at"])
    patient.search_tokens, patient.identity_digest = [], f"erased-{secrets.token_hex(24)}"
    patient.save(update_fields=["search_tokens", "identity_digest"])
    document = asdict(gone) | {
        "kept_until": gone.kept_until.isoformat() if gone.kept_until else None
    }
    row = Erasure.objects.create(
        site_id=patient.site_id,
        patient_number=patient.pk,
        reason=reason,
        asked_by=user,
        document=document,
        rest_due_at=gone.kept_until if gone.signed else timezone.now(),
    )
    audit.record(user, "patient.erased", patient, reason=reason, details=document)
    transaction.on_commit(lambda: delete_unnamed(hashes))
    return row


def images_due(site_id: int) -> list[Study]:
    """Studies whose images are older than the site keeps them, oldest first."""
    days = policy_of(site_id).images_kept_days
    if days is None:
        return []
    before = timezone.now() - timedelta(days=days)
    rows = Study.objects.filter(site_id=site_id, last_received_at__lt=before, series__isnull=False)
    return list(rows.distinct().select_related("patient").order_by("last_received_at")[:200])


def _set_aside(patient: Patient) -> Any:
    return IntakeProblem.objects.filter(
        site_id=patient.site_id, identity_digest=patient.identity_digest
    )
