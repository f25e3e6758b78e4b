"""Hold signed readings against what was signed, and say in words what differs.

The signed bytes are rebuilt from today's rows by the serialiser of their schema and compared part
by part; the arrays of the run are compared with their checksums, addenda with theirs, and the
trail's own note of the signature with its hash. Whoever changes a signed reading with the
protection switched off would have to change all of them, and the sealed trail cannot be.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings

from qperfweb.core.errors import UserError
from qperfweb.core.models import TrailEvent
from qperfweb.runs.bundles import BundleDamaged, verify_bundle
from qperfweb.runs.services import digest

from .figures import figures_of
from .models import Reading, ReadingFigure, ReadingState, Signature
from .queries import content_of, newest_revision
from .signing import SCHEMAS, signed_document
from .summary import Summary, signed_summary

MOST_DIFFERENCES = 12

_PARTS = {
    "content": "what the reader entered",
    "segments": "the final values",
    "run": "the analysis and its versions",
    "signature": "who signed, when and as what",
    "revision": "the number of revisions",
    "patient_pseudonym": "the patient",
    "study_instance_uid": "the study",
}


def verify_reading(reading: Reading) -> list[str]:
    """What is wrong with a signed reading, in words; empty when everything is as it was signed."""
    problems = []
    signatures = list(reading.signatures.order_by("id"))
    for signature in signatures:
        problems += _signature_problems(reading, signature)
    if reading.state == ReadingState.SIGNED and not signatures:
        problems.append("The reading is marked signed but has no signature.")
    if signatures and reading.state != ReadingState.SIGNED:
        problems.append("The reading has a signature but is not marked signed.")
    problems += _addendum_problems(reading, signatures)
    if _went_with_the_patient(reading):
        return problems
    try:
        damaged = verify_bundle(settings.STORE_DIR, reading.run.bundle_sha256)
    except (BundleDamaged, UserError) as error:
        problems.append(str(error))
    else:
        problems += [f"The stored array {name} differs from its checksum." for name in damaged]
        follows = _figures(figures_of(reading, content_of(newest_revision(reading))))
        if _figures(reading.figures.all()) - follows:
            problems.append("The reading's global values or reserves do not follow from the rest.")
    return problems


def _went_with_the_patient(reading: Reading) -> bool:
    """Were the arrays erased, and does the trail, which cannot be changed unseen, say so?"""
    patient = reading.study.patient
    noted = TrailEvent.objects.filter(
        action="patient.erased", object_type="studies.patient", object_id=str(patient.pk)
    )
    return patient.is_erased and noted.exists()


def _figures(rows: Iterable[ReadingFigure]) -> set[tuple[object, ...]]:
    return {(r.name, r.segment, r.automated_value, r.final_value, r.source) for r in rows}


def _signature_problems(reading: Reading, signature: Signature) -> Iterator[str]:
    stored = bytes(signature.document)
    if hashlib.sha256(stored).hexdigest() != signature.sha256:
        yield "The signed document does not match its hash."
    noted = TrailEvent.objects.filter(
        action="reading.signed", object_type="reviews.reading", object_id=str(reading.pk)
    ).values_list("details__sha256", flat=True)
    if signature.sha256 not in noted:
        yield "The trail knows no signature with this hash."
    if signature.document_schema not in SCHEMAS:
        yield f"This release does not know documents of schema {signature.document_schema}."
        return
    rebuilt = signed_document(
        reading,
        meaning=signature.meaning,
        signer_name=signature.signer_name,
        schema=signature.document_schema,
        # What followed from the content then; a later version may well say more.
        summary=_summary_in(stored),
    )
    if rebuilt != stored:
        yield from _differences(stored, rebuilt)
    if reading.signed_by_id != signature.signer_id or reading.signed_at != signature.signed_at:
        yield "The reading and its signature name another signer or time."


def _summary_in(stored: bytes) -> Summary | None:
    try:
        return signed_summary(stored)
    except ValueError:  # tampered bytes need not be JSON; the hash has told of it
        return None


def _differences(stored: bytes, rebuilt: bytes) -> Iterator[str]:
    try:
        before = json.loads(stored)
    except ValueError:
        yield "The signed document cannot be read any more."
        return
    found = list(_changed("", before, json.loads(rebuilt)))
    for path, old, new in found[:MOST_DIFFERENCES]:
        part = _PARTS.get(path.split(".")[0].split("[")[0], "the document")
        yield f"Changed since it was signed, in {part}: {path} was {_short(old)}, is {_short(new)}."
    if len(found) > MOST_DIFFERENCES:
        yield f"And {len(found) - MOST_DIFFERENCES} further differences."
    if not found:
        yield "The signed document is no longer in its canonical form."


def _changed(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Every place where two JSON values differ, as a path with both values."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            inner = f"{path}.{key}".lstrip(".")
            yield from _changed(inner, old.get(key, _ABSENT), new.get(key, _ABSENT))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (a, b) in enumerate(zip(old, new, strict=True)):
            yield from _changed(f"{path}[{index}]", a, b)
    elif old != new:
        yield path, old, new


def _addendum_problems(reading: Reading, signatures: list[Signature]) -> Iterator[str]:
    bound_to = signatures[-1].sha256 if signatures else ""
    for expected, addendum in enumerate(reading.addenda.order_by("number"), start=1):
        if addendum.number != expected:
            yield f"Addendum {expected} was removed."
        bound = digest([bound_to, addendum.number, addendum.author_id, addendum.text])
        if bound != addendum.sha256:
            yield f"Addendum {addendum.number} was changed."


class _Absent:
    def __repr__(self) -> str:
        return "absent"


_ABSENT = _Absent()


def _short(value: Any) -> str:
    text = repr(value) if isinstance(value, _Absent) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
