"""Publish results: the DICOM objects that others may fetch of a study, made on first demand.

What counts is the newest signed reading; before there is one, the newest automated result, which
says "NOT REVIEWED" in every object. Drafts are their reader's own and are not served.
"""

from __future__ import annotations

import logging

from django.db import transaction

from qperfweb.core import audit
from qperfweb.core.errors import UserError
from qperfweb.reviews.models import Reading, ReadingState
from qperfweb.runs.models import AnalysisRun, RunState
from qperfweb.studies.models import Study
from qperfweb.studies.storage import store_bytes

from .models import ResultObject

logger = logging.getLogger(__name__)


def results_of(study: Study) -> list[ResultObject]:
    """The objects of the result that counts now; empty where there is none, or none can be made."""
    reading = (
        study.readings.filter(state=ReadingState.SIGNED)
        .select_related("run", "reader", "study__patient__identity", "study__site")
        .order_by("-signed_at")
        .first()
    )
    run = reading.run if reading is not None else _newest_run(study)
    if run is None:
        return []
    publication = _publication(run, reading)
    rows = ResultObject.objects.filter(study=study, publication=publication)
    if not rows.exists():
        try:
            _publish(study, run, reading, publication)
        except UserError as error:
            logger.warning("study %s: results are not published: %s", study.pk, error.message)
            return []
    return list(rows.order_by("series_number", "instance_number"))


def _newest_run(study: Study) -> AnalysisRun | None:
    run: AnalysisRun | None = (
        study.runs.filter(state=RunState.SUCCEEDED)
        .select_related("study__patient__identity", "study__site")
        .order_by("-id")
        .first()
    )
    return run


def _publication(run: AnalysisRun, reading: Reading | None) -> str:
    if reading is None:
        return f"run {run.pk}"
    return f"reading {reading.pk} revision {reading.revision} addenda {reading.addenda.count()}"


@transaction.atomic
def _publish(study: Study, run: AnalysisRun, reading: Reading | None, publication: str) -> None:
    # Imported when needed: highdicom is heavy, and most requests never get here.
    from qperfweb.reports.exports.archive import dicom_objects
    from qperfweb.reports.exports.common import to_bytes
    from qperfweb.reports.exports.subject import subject_of, subject_of_run

    subject = subject_of(reading) if reading is not None else subject_of_run(run)
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
