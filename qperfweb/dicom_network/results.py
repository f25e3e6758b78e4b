"""Publish results: the DICOM objects that others may fetch of a study, made on first demand.

What counts is the newest signed reading; before there is one, the newest automated result, which
says "NOT REVIEWED" in every object. Drafts are their reader's own and are not served.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from qperfweb.core import audit
from qperfweb.core.errors import UserError
from qperfweb.reviews.models import Reading, ReadingState
from qperfweb.runs.models import AnalysisRun, RunState
from qperfweb.studies.models import Study
from qperfweb.studies.storage import store_bytes

from .models import ResultObject

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Current:
    """The result of a study that counts; ``publication`` names its content."""

    study: Study
    run: AnalysisRun
    reading: Reading | None

    @property
    def publication(self) -> str:
        if self.reading is None:
            return f"run {self.run.pk}"
        addenda = self.reading.addenda.count()
        return f"reading {self.reading.pk} revision {self.reading.revision} addenda {addenda}"


def current_result(study: Study) -> Current | None:
    """The newest signed reading, else the newest automated result."""
    reading = (
        study.readings.filter(state=ReadingState.SIGNED, assignment=None)
        .select_related("run", "reader", "study__patient__identity", "study__site")
        .order_by("-signed_at")
        .first()
    )
    if reading is not None:
        return Current(study=study, run=reading.run, reading=reading)
    run = (
        study.runs.filter(state=RunState.SUCCEEDED)
        .select_related("study__patient__identity", "study__site")
        .order_by("-id")
        .first()
    )
    return Current(study=study, run=run, reading=None) if run is not None else None


def results_of(study: Study) -> list[ResultObject]:
    """The objects of the result that counts now; empty where there is none, or none can be made."""
    current = current_result(study)
    if current is None:
        return []
    try:
        return published(current)
    except UserError as error:
        logger.warning("study %s: results are not published: %s", study.pk, error.message)
        return []


def results_made(study: Study) -> list[ResultObject]:
    """Those of ``results_of`` that were made before."""
    current = current_result(study)
    return [] if current is None else list(_rows(current))


def published(current: Current) -> list[ResultObject]:
    """The objects of a result, made now unless they were before.

    Raises UserError where its images are gone or its patient was erased.
    """
    rows = _rows(current)
    if not rows.exists():
        _publish(current.study, current.run, current.reading, current.publication)
    return list(rows.all())


def _rows(current: Current) -> QuerySet[ResultObject]:
    rows = ResultObject.objects.filter(study=current.study, publication=current.publication)
    return rows.order_by("series_number", "instance_number")


def fhir_of(current: Current) -> dict[str, Any]:
    """A result as a FHIR transaction. Raises UserError where its patient was erased."""
    from qperfweb.reports.exports.fhir import fhir_bundle, fhir_transaction

    return fhir_transaction(fhir_bundle(_subject(current.run, current.reading)))


def _subject(run: AnalysisRun, reading: Reading | None) -> Any:
    from qperfweb.reports.exports.subject import subject_of, subject_of_run

    return subject_of(reading) if reading is not None else subject_of_run(run)


@transaction.atomic
def _publish(study: Study, run: AnalysisRun, reading: Reading | None, publication: str) -> None:
    # Imported when needed: highdicom is heavy, and most requests never get here.
    from qperfweb.reports.exports.archive import dicom_objects
    from qperfweb.reports.exports.common import to_bytes

    subject = _subject(run, reading)
    rows = []
    for _, ds in dicom_objects(subject):
        stored = store_bytes([to_bytes(ds)])
        rows.append(
            ResultObject(
                site_id=study.site_id,
                study=study,
                run=run,
                reading=reading,
                publication=publication,
                series_instance_uid=ds.SeriesInstanceUID,
                series_number=ds.SeriesNumber,
                series_description=ds.SeriesDescription,
                modality=ds.Modality,
                sop_instance_uid=ds.SOPInstanceUID,
                sop_class_uid=ds.SOPClassUID,
                instance_number=ds.InstanceNumber,
                frame_count=int(ds.get("NumberOfFrames") or 1),
                rows=ds.get("Rows"),
                columns=ds.get("Columns"),
                sha256=stored.sha256,
                size_bytes=stored.size_bytes,
            )
        )
    # Somebody else may publish the same at this moment: the same objects, byte by byte.
    ResultObject.objects.bulk_create(rows, ignore_conflicts=True)
    audit.record(None, "results.published", run, details={"publication": publication})
