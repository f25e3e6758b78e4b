"""Key Object Selection: the source images of slices that carry a flag."""

from __future__ import annotations

from highdicom.ko import KeyObjectSelection, KeyObjectSelectionDocument
from pydicom.sr.codedict import codes as standard

from .common import finish, place
from .subject import MANUFACTURER, ExportSubject


def key_objects(subject: ExportSubject) -> KeyObjectSelectionDocument | None:
    """What to look at first, with the flags in words; None when nothing is flagged."""
    flagged = [piece for piece in subject.slices if piece.flags]
    if not flagged:
        return None
    headers = {p.source.header.SOPInstanceUID: p.source.header for p in flagged}
    words = "; ".join(f"{p.key.replace('_', ' ')}: {' '.join(p.flags)}" for p in flagged)
    ds = KeyObjectSelectionDocument(
        evidence=list(headers.values()),
        content=KeyObjectSelection(
            document_title=standard.DCM.OfInterest,
            referenced_objects=list(headers.values()),
            description=words,
        ),
        sop_instance_uid=subject.uid("ko"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        **place(subject, "ko"),
    )
    for item in ds.ContentSequence:
        if item.ValueType == "IMAGE":  # named nothing by TID 2010; highdicom says "Source"
            del item.ConceptNameCodeSequence
    finish(ds, subject, "QPerf flagged slices")
    return ds
