"""Writes of this package: a signed reading's PDF is made once and kept."""

from __future__ import annotations

from django.db import transaction

from qperfweb.core.errors import Conflict
from qperfweb.reviews.models import Reading, ReadingState, ReportDocument
from qperfweb.studies.storage import object_path, store_bytes

from .pdf import render_pdf

A4 = ReportDocument.Paper.A4.value


def report_pdf(reading: Reading, *, paper: str = A4) -> bytes:
    """The PDF of a reading. A signed one is kept: asking again gives the same bytes.

    Raises Conflict for a patient who was erased: it would be a report about nobody.
    """
    if reading.study.patient.is_erased:
        raise Conflict("This patient was erased; there is no report any more.", code="erased")
    if reading.state != ReadingState.SIGNED:
        return render_pdf(reading, paper=paper)
    addenda = reading.addenda.count()
    kept = reading.documents.filter(revision=reading.revision, addenda=addenda, paper=paper).first()
    if kept is not None:
        return object_path(kept.sha256).read_bytes()
    content = render_pdf(reading, paper=paper)
    stored = store_bytes([content])
    with transaction.atomic():
        ReportDocument.objects.create(
            site_id=reading.site_id,
            reading=reading,
            revision=reading.revision,
            addenda=addenda,
            paper=paper,
            sha256=stored.sha256,
        )
    return content
