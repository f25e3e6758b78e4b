"""Everything that is held about one patient, with their identity: their own right of access.

A zip of the identity, every image as it was received, every reading with what was signed, every
report of a signed one, and who looked at it when. It is made of what is here and changes nothing.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict
from typing import IO, Any

from django.db.models import Q

from qperfweb.core import audit
from qperfweb.core.errors import Conflict, Invalid, NotAllowed, UserError
from qperfweb.core.models import TrailEvent
from qperfweb.core.permissions import Verb, can
from qperfweb.core.tables import to_csv
from qperfweb.core.trail import of_study
from qperfweb.reports.services import report_pdf
from qperfweb.reviews.models import Reading, ReadingState
from qperfweb.studies.identity import open_identity
from qperfweb.studies.models import Instance, Patient, Study
from qperfweb.studies.storage import object_path

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
_ACCESS = {"at": "time", "who": "text", "what": "text", "reason": "text"}


def write_patient_copy(patient: Patient, user: Any, target: IO[bytes], *, reason: str) -> int:
    """Write the zip to ``target``; how many images it holds. Noted in the trail.

    user: None for the installation itself.

    Raises NotAllowed without the role, Invalid without a reason, Conflict when the patient was
    erased.
    """
    if user is not None and not can(user, Verb.MANAGE_SITE, patient):
        raise NotAllowed("Only the site's administrators take out a patient's records.")
    if not reason.strip():
        raise Invalid("Please give a reason.", field="reason")
    if patient.is_erased:
        raise Conflict("This patient was erased; nothing is held about them.", code="erased")
    images = 0
    studies = list(patient.studies.order_by("study_date", "pk"))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        identity = open_identity(getattr(patient, "identity", None))
        about = {
            "schema": "qperf-patient-copy-1",
            "patient": asdict(identity),
            "studies": [_about(study) for study in studies],
        }
        _add(archive, "about.json", _json(about))
        for number, study in enumerate(studies, start=1):
            folder = f"study-{number:02d}"
            images += _add_images(archive, folder, study)
            for reading in Reading.objects.filter(study=study).order_by("pk"):
                _add_reading(archive, folder, reading)
        _add(archive, "access.csv", to_csv(_ACCESS, _who_looked(patient, studies)))
    details = {"studies": len(studies), "images": images}
    audit.record(user, "patient.exported", patient, reason=reason, details=details)
    return images


def _about(study: Study) -> dict[str, Any]:
    return {
        "study_instance_uid": study.study_instance_uid,
        "date": study.study_date.isoformat() if study.study_date else "",
        "accession_number": study.accession_number,
        "description": study.description,
        "institution": study.institution,
    }


def _add_images(archive: zipfile.ZipFile, folder: str, study: Study) -> int:
    rows = Instance.objects.filter(series__study=study).order_by("series_id", "pk")
    added = 0
    for series, sha256 in rows.values_list("series__series_number", "sha256"):
        path = object_path(sha256)
        if path.exists():
            added += 1
            name = f"{folder}/images/series-{series or 0}/{added:05d}.dcm"
            _add(archive, name, path.read_bytes())
    return added


def _add_reading(archive: zipfile.ZipFile, folder: str, reading: Reading) -> None:
    signatures = [
        {
            "name": one.signer_name,
            "meaning": one.meaning,
            "signed_at": one.signed_at.isoformat(),
            "document": json.loads(bytes(one.document)),
        }
        for one in reading.signatures.order_by("pk")
    ]
    addenda = [
        {"at": one.created_at.isoformat(), "text": one.text}
        for one in reading.addenda.order_by("number")
    ]
    newest = reading.revisions.order_by("number").last()
    content = {
        "state": reading.state,
        "content": newest.state["content"] if newest else {},
        "signatures": signatures,
        "addenda": addenda,
    }
    _add(archive, f"{folder}/reading-{reading.pk}.json", _json(content))
    if reading.state == ReadingState.SIGNED:
        try:
            _add(archive, f"{folder}/reading-{reading.pk}.pdf", report_pdf(reading))
        except UserError as error:  # what is missing is said instead of left out silently
            _add(archive, f"{folder}/reading-{reading.pk}.txt", error.message.encode())


def _who_looked(patient: Patient, studies: list[Study]) -> list[tuple[object, ...]]:
    about = Q(object_type="studies.patient", object_id=str(patient.pk))
    for study in studies:
        about |= of_study(study.pk)
    events = TrailEvent.objects.filter(about, site_id=patient.site_id).order_by("at", "pk")
    return [(one.at, one.actor_name, one.action, one.reason) for one in events]


def _json(content: Any) -> bytes:
    return json.dumps(content, indent=1, ensure_ascii=False).encode()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _FIXED_TIME)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)
