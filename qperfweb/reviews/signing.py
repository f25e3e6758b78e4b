"""Signing: freeze a reading, bound by hash to everything that it says and rests on.

The signed document is canonical JSON (RFC 8785) with a versioned schema; its bytes and SHA-256 are
kept. ``verify.py`` rebuilds the bytes from the rows of today and checks the result bundle, so a row
or a file that was tampered with is found. Identity is by pseudonym: erasing a patient's name leaves
every signature valid.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import rfc8785
from django.db import transaction
from django.utils import timezone

from qperfweb.core import audit
from qperfweb.core.errors import Conflict, Invalid, NotAllowed
from qperfweb.runs.services import digest, study_state_refresh
from qperfweb.studies.models import Study

from .confirmation import Confirmation
from .models import Addendum, Reading, ReadingState, Signature
from .queries import content_of, newest_revision, open_checks, values_of
from .services import lock_draft
from .sight import sight_of, undrawn
from .signals import reading_signed
from .summary import Summary, signed_summary, summary_of

SCHEMA = "qperf-signed-reading-2"
"""1: without the summary, and content as it was kept then."""
_FIRST_SCHEMA = "qperf-signed-reading-1"
SCHEMAS = (_FIRST_SCHEMA, SCHEMA)
"""What ``signed_document`` can still rebuild."""

SEGMENT_FIELDS = (
    "condition", "segment", "quantity", "automated_value", "contour_value", "typed_value",
    "final_value", "final_standard_error", "endo", "epi", "source", "set_at_revision",
    "not_measured_reason",
)  # fmt: skip


@transaction.atomic
def reading_sign(
    reading: Reading,
    user: Any,
    *,
    base_revision: int,
    meaning: str,
    confirmation: Confirmation,
) -> Signature:
    """Sign a draft. It cannot be changed afterwards, by anyone, only added to.

    Raises Invalid for an unknown meaning, Conflict when flags are still open, a newer result has
    replaced the one that was read, or the reading changed in another window; NotAllowed when the
    confirmation is somebody else's.
    """
    reading = lock_draft(reading, user, base_revision)
    if meaning not in Signature.Meaning.values:
        raise Invalid("Say what your signature means.", field="meaning")
    # A project fixes the result that is read; a newer one changes nothing there.
    if reading.run.outdated_reason and reading.assignment_id is None:
        raise Conflict(
            f"There is a newer result ({reading.run.outdated_reason}). Take it over, then sign.",
            code="outdated",
        )
    content = content_of(newest_revision(reading))
    missing = undrawn(reading, content)
    if missing:
        raise Conflict(
            f"Draw the contours of {', '.join(missing).replace('_', ' ')} before signing, or mark "
            "their segments as not diagnostic.",
            code="undrawn",
            detail=missing,
        )
    # Doubts about numbers that the reader does not see are not theirs to answer.
    still_open = open_checks(reading.run, content) if sight_of(reading).numbers else []
    if still_open:
        raise Conflict(
            f"{len(still_open)} checks are still open. Answer or acknowledge each before signing.",
            code="open_checks",
            detail=[flag["id"] for flag in still_open],
        )
    _check(confirmation, user)
    now = timezone.now()
    reading.state = ReadingState.SIGNED
    reading.signed_at, reading.signed_by = now, user
    summary = current_summary(reading)
    document = signed_document(
        reading, meaning=meaning, signer_name=user.display_name, summary=summary
    )
    signature = Signature.objects.create(
        site_id=reading.site_id,
        reading=reading,
        signer=user,
        signer_name=user.display_name,
        meaning=meaning,
        authenticated_by=confirmation.method,
        signed_at=now,
        document=document,
        document_schema=SCHEMA,
        sha256=hashlib.sha256(document).hexdigest(),
    )
    reading.save(update_fields=["state", "signed_at", "signed_by", "updated_at"])
    if reading.assignment_id is None:
        # Every check was answered: the worklist has nothing left to warn of.
        Study.objects.filter(pk=reading.study_id).update(flag_count=0)
        study_state_refresh(reading.study)
    audit.record(
        user, "reading.signed", reading, reason=meaning, details={"sha256": signature.sha256}
    )
    reading_signed.send(sender=Reading, reading=reading)
    return signature


@transaction.atomic
def addendum_add(reading: Reading, user: Any, *, text: str, confirmation: Confirmation) -> Addendum:
    """Add a text to a signed reading. Raises Conflict for a draft, Invalid for an empty text."""
    reading = Reading.objects.select_for_update().get(pk=reading.pk)
    if reading.state != ReadingState.SIGNED:
        raise Conflict("Only a signed reading takes an addendum; edit the draft instead.")
    text = text.strip()
    if not text:
        raise Invalid("Write the addendum first.", field="text")
    _check(confirmation, user)
    number = reading.addenda.count() + 1
    signature = reading.signatures.order_by("id").last()
    bound = digest([signature.sha256 if signature else "", number, user.pk, text])
    addendum = Addendum.objects.create(
        site_id=reading.site_id,
        reading=reading,
        number=number,
        author=user,
        author_name=user.display_name,
        text=text,
        sha256=bound,
    )
    audit.record(user, "reading.addendum", reading, details={"number": number, "sha256": bound})
    return addendum


def summary_for(reading: Reading) -> Summary:
    """What the reading's report says beside the table: as signed, else as of now."""
    signature = reading.signatures.order_by("id").last()
    signed = signed_summary(bytes(signature.document)) if signature else None
    return signed if signed is not None else current_summary(reading)


def current_summary(reading: Reading) -> Summary:
    """The summary of a reading's newest revision."""
    content = content_of(newest_revision(reading))
    document = reading.run.document or {"acquisitions": []}
    return summary_of(document, content, values_of(reading.run, content))


def signed_document(
    reading: Reading,
    *,
    meaning: str,
    signer_name: str,
    summary: Summary | None,
    schema: str = SCHEMA,
) -> bytes:
    """Canonical bytes of everything that a signature covers."""
    revision, run = newest_revision(reading), reading.run
    segments = reading.segments.order_by("condition", "segment").values(*SEGMENT_FIELDS)
    document: dict[str, Any] = {
        "schema": schema,
        "reading": reading.pk,
        "patient_pseudonym": str(reading.study.patient.pseudonym),
        "study_instance_uid": reading.study.study_instance_uid,
        "run": {
            "id": run.pk,
            "input_sha256": run.input_sha256,
            "parameters_sha256": run.parameters_sha256,
            "document_sha256": digest(run.document),
            "bundle_sha256": run.bundle_sha256,
            "pipeline_version": run.pipeline_version,
            "model_versions": run.model_versions,
        },
        "revision": revision.number,
        "content": revision.state["content"],
        "segments": list(segments),
        "signature": {
            "signer": reading.signed_by_id,
            "signer_name": signer_name,
            "signed_at": _instant(reading.signed_at),
            "meaning": meaning,
        },
    }
    if schema != _FIRST_SCHEMA:
        document["summary"] = summary
    if reading.assignment is not None:
        document["project"] = reading.assignment.project_id
        document["assignment"] = reading.assignment_id
    return rfc8785.dumps(document)


def _check(confirmation: Confirmation, user: Any) -> None:
    if confirmation.user_id != user.pk:
        raise NotAllowed("Confirm your own identity to sign.")


def _instant(moment: datetime | None) -> str:
    return moment.isoformat(timespec="microseconds") if moment else ""
