"""Erase a patient, or all patients of a site: at once what may go, a date for what the law keeps.

Images, arrays, maps, reports, published objects, set-aside objects and the identity go at once:
rows, files and the key that opens name, ID and birth date. Without it nobody, not even the owner of
the database, learns who the patient was. What people wrote and signed and the numbers beside it
hold a pseudonym only; the database lets nobody delete them, so that they stay until their keeping
period has ended, and the erasure says until when.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from qperfweb.accounts.models import Site
from qperfweb.core import audit
from qperfweb.core.errors import Conflict, Invalid, NotAllowed, UserError
from qperfweb.core.permissions import Verb, can
from qperfweb.core.rls import site_scope
from qperfweb.dicom_network.models import ResultObject, Transmission
from qperfweb.reviews.models import Reading, ReadingState, ReportDocument
from qperfweb.runs.models import AnalysisRun
from qperfweb.runs.shared_bundles import delete_unnamed_bundles
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

from .holds import hold_of
from .models import Erasure, Hold, Pseudonym
from .pseudonyms import policy_of

BUSY = (StudyState.QUEUED, StudyState.ANALYSING, StudyState.RECEIVING)
"""States of a study whose images are needed at this moment."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What an erasure takes away now, and what stays under a pseudonym, in numbers."""

    studies: int
    objects: int
    megabytes: int
    results: int
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
        results=AnalysisRun.objects.filter(study__patient=patient)
        .exclude(bundle_sha256="")
        .count(),
        set_aside=_set_aside(patient).count(),
        drafts=readings.exclude(state=ReadingState.SIGNED).count(),
        signed=signed.count(),
        kept_until=newest + timedelta(days=round(365.25 * years)) if newest else None,
    )


@transaction.atomic
def patient_erase(patient: Patient, user: Any, *, reason: str) -> Erasure:
    """Erase a patient for good. Files go once the change stands.

    user: None for the installation itself (the command for a whole site).

    Raises NotAllowed without the role, Invalid without a reason, Conflict while an analysis runs or
    the images are held, or when the patient was erased already.
    """
    if user is not None and not can(user, Verb.MANAGE_SITE, patient):
        raise NotAllowed("Only the site's administrators erase a patient.")
    if not reason.strip():
        raise Invalid("Please give a reason.", field="reason")
    patient = Patient.objects.select_for_update().get(pk=patient.pk)
    identity = PatientIdentity.objects.filter(patient=patient).first()
    if identity is None or identity.wrapped_key is None:
        raise Conflict("This patient was erased already.")
    if hold_of(patient) is not None:
        raise Conflict("The images of this patient are held; end the hold first.", code="held")
    if patient.studies.filter(state__in=BUSY).exists():
        raise Conflict("An analysis of this patient is running; wait for it or cancel it.")
    gone = preview(patient)
    objects = Instance.objects.filter(series__study__patient=patient)
    problems = _set_aside(patient)
    runs = AnalysisRun.objects.filter(study__patient=patient)
    published = ResultObject.objects.filter(study__patient=patient)
    reports = ReportDocument.objects.filter(reading__study__patient=patient)
    bundles = set(runs.values_list("bundle_sha256", flat=True)) - {""}
    hashes: set[str] = set()
    for rows in (objects, problems, published, reports):
        hashes |= set(rows.values_list("sha256", flat=True)) - {""}
    problems.delete()
    objects.delete()
    published.delete()
    Transmission.objects.filter(study__patient=patient).delete()
    Series.objects.filter(study__patient=patient).delete()
    IntakeProblem.objects.filter(study__patient=patient).delete()
    Study.objects.filter(patient=patient).update(
        accession_number="", description="", study_date=None, study_time=None, institution=""
    )
    Pseudonym.objects.filter(patient=patient).delete()
    Hold.objects.filter(patient=patient).delete()  # one that ran out; its reason may name somebody
    identity.wrapped_key, identity.sealed = None, b""
    identity.save(update_fields=["wrapped_key", "sealed", "updated_at"])
    patient.search_tokens, patient.identity_digest = [], f"{Patient.ERASED}{secrets.token_hex(24)}"
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
    transaction.on_commit(lambda: _delete_files(hashes, bundles))
    return row


def site_erase(site: Site, user: Any, *, reason: str) -> tuple[int, list[str]]:
    """Erase every patient of a site and what was set aside there; the number of patients.

    Each patient goes in a transaction of their own, so that what was done stands when something
    fails. Who could not be erased is said in words, without a name; running it again goes on.
    """
    done, left = 0, []
    with site_scope([site.pk]):
        audit.record(user, "site.erasing", site, site=site, reason=reason)
        patients = Patient.objects.filter(site=site).order_by("pk")
        here = [patient for patient in patients if not patient.is_erased]
    for patient in here:
        try:
            with site_scope([site.pk]):
                patient_erase(patient, user, reason=reason)
        except UserError as error:
            left.append(f"patient {patient.pk}: {error.message}")
        else:
            done += 1
    if not left:
        with site_scope([site.pk]):
            waiting = IntakeProblem.objects.filter(site=site)
            hashes = set(waiting.values_list("sha256", flat=True)) - {""}
            waiting.delete()
            details = {"patients": done, "set_aside": len(hashes)}
            audit.record(user, "site.erased", site, site=site, reason=reason, details=details)
            transaction.on_commit(lambda: _delete_files(hashes, ()))
    return done, left


def _delete_files(hashes: Collection[str], bundles: Collection[str]) -> None:
    delete_unnamed(hashes)
    delete_unnamed_bundles(bundles)


def _set_aside(patient: Patient) -> Any:
    return IntakeProblem.objects.filter(
        site_id=patient.site_id, identity_digest=patient.identity_digest
    )
