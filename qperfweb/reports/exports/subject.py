"""What is exported: one revision of a reading (or a run without one) with the images behind it.

Every object of a subject follows from it alone: the same subject gives the same bytes, UIDs and
times included, so that exporting twice never makes two objects with one UID and other content.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.conf import settings
from django.utils import timezone
from pydicom.dataset import Dataset

from analysis.domain import SliceContours, SliceGeometry
from analysis.sectors import contours_from_json, geometry_from_json
from qperfweb.core.errors import Conflict
from qperfweb.reviews.content import empty_content
from qperfweb.reviews.models import Addendum, Reading, ReadingState, Signature
from qperfweb.reviews.queries import content_of, newest_revision, remeasured
from qperfweb.reviews.table import Acquired, read_values
from qperfweb.runs.bundles import Bundle, open_bundle
from qperfweb.runs.models import AnalysisRun
from qperfweb.studies.models import Study

from .sources import Source, sources_of

FORMAT = 4
"""Raised when objects are built differently, so that new content gets new UIDs."""

MANUFACTURER = "QPerf Web"
NOT_REVIEWED = "NOT REVIEWED"

Status = Literal["automated", "draft", "signed"]


@dataclass(frozen=True, kw_only=True)
class ExportSlice:
    """One slice: its contours under this reading, and the image that stands for it.

    shape: (H, W). edited: a person changed the contours. measured_with: how segments were cut.
    """

    key: str
    acquisition: str
    condition: str
    position: str
    quantity: str
    shape: tuple[int, int]
    geometry: SliceGeometry
    contours: SliceContours | None
    edited: bool
    measured_with: Mapping[str, Any]
    display_matrix: tuple[float, ...]
    flags: tuple[str, ...]
    source: Source


@dataclass(frozen=True, kw_only=True)
class Edition:
    """What a set of exported objects is named after: the same edition, the same UIDs."""

    study_instance_uid: str
    run_id: int
    bundle_sha256: str
    reading_id: int | None
    status: Status
    revision: int
    addenda: int

    def uid(self, *parts: object) -> str:
        """The UID of a part of this edition."""
        reading = f"reading {self.reading_id}" if self.reading_id else "no reading"
        told = [
            FORMAT, installation(), self.study_instance_uid, self.run_id, self.bundle_sha256,
            reading, self.status, self.revision, self.addenda, *parts,
        ]  # fmt: skip
        digest = hashlib.sha256("\0".join(str(one) for one in told).encode()).digest()
        return f"2.25.{uuid.UUID(bytes=digest[:16], version=4).int}"


@dataclass(frozen=True, kw_only=True)
class ExportSubject:
    """Everything that the exports say. ``reading`` None: the automated result alone.

    at: when the content came to be (revision, signature, end of the run), never "now".
    replaced: the signed edition that this signed one takes the place of.
    """

    run: AnalysisRun
    study: Study
    reading: Reading | None
    status: Status
    revision: int
    at: datetime
    document: Mapping[str, Any]
    content: Mapping[str, Any]
    acquired: tuple[Acquired, ...]
    slices: tuple[ExportSlice, ...]
    signature: Signature | None
    addenda: tuple[Addendum, ...]
    replaced: Edition | None
    _bundle: Bundle = field(repr=False)

    @property
    def header(self) -> Dataset:
        """Patient and study as the source images say them."""
        return self.slices[0].source.header

    @property
    def status_words(self) -> str:
        if self.status == "signed":
            return "signed"
        return f"{self.status}, {NOT_REVIEWED}"

    @property
    def observer_name(self) -> str | None:
        """Who reads, or has signed."""
        if self.signature is not None:
            return self.signature.signer_name
        return self.reading.reader.display_name if self.reading is not None else None

    def array(self, piece: ExportSlice, name: str) -> Any:
        """An array of the run in its unit; None where the run has none."""
        key = f"{piece.key}.{name}"
        return self._bundle.values(key) if key in self._bundle else None

    def uid(self, *parts: object) -> str:
        """The UID of a part of this export: always the same for the same content."""
        return Edition(
            study_instance_uid=self.study.study_instance_uid,
            run_id=self.run.pk,
            bundle_sha256=self.run.bundle_sha256,
            reading_id=self.reading.pk if self.reading else None,
            status=self.status,
            revision=self.revision,
            addenda=len(self.addenda),
        ).uid(*parts)


def installation() -> str:
    """A name of this installation that nobody can trace back to its keys."""
    return hashlib.sha256(b"device:" + settings.IDENTITY_KEY.encode()).hexdigest()[:16]


def subject_of(reading: Reading) -> ExportSubject:
    """A reading at its newest revision. Raises Conflict when its images are not there any more."""
    revision = newest_revision(reading)
    signature = reading.signatures.order_by("id").last()
    signed = reading.state == ReadingState.SIGNED and signature is not None
    addenda = tuple(reading.addenda.all())
    at = signature.signed_at if signed and signature else revision.created_at
    return _subject(
        run=reading.run,
        reading=reading,
        status="signed" if signed else "draft",
        revision=revision.number,
        at=max([at, *(one.created_at for one in addenda)]),
        content=content_of(revision),
        signature=signature if signed else None,
        addenda=addenda,
        replaced=_replaced(reading, revision.number, len(addenda)) if signed else None,
    )


def _replaced(reading: Reading, revision: int, addenda: int) -> Edition | None:
    """The signed edition before this one: without the last addendum, or of an earlier reading."""

    def edition(of: Reading, number: int, notes: int) -> Edition:
        return Edition(
            study_instance_uid=of.study.study_instance_uid,
            run_id=of.run_id,
            bundle_sha256=of.run.bundle_sha256,
            reading_id=of.pk,
            status="signed",
            revision=number,
            addenda=notes,
        )

    if addenda:
        return edition(reading, revision, addenda - 1)
    earlier = (
        Reading.objects.filter(
            study=reading.study, state=ReadingState.SIGNED, signed_at__lt=reading.signed_at
        )
        .select_related("run", "study")
        .order_by("-signed_at")
        .first()
    )
    if earlier is None:
        return None
    return edition(earlier, newest_revision(earlier).number, earlier.addenda.count())


def subject_of_run(run: AnalysisRun) -> ExportSubject:
    """The automated result as nobody has read it yet."""
    return _subject(
        run=run,
        reading=None,
        status="automated",
        revision=0,
        at=run.finished_at or run.queued_at,
        content=empty_content(),
        signature=None,
        addenda=(),
        replaced=None,
    )


def _subject(*, run: AnalysisRun, content: Mapping[str, Any], **given: Any) -> ExportSubject:
    study = run.study
    identity = getattr(study.patient, "identity", None)
    if identity is None or identity.wrapped_key is None:
        raise Conflict("This patient was erased; nothing can be exported.", code="erased")
    document = run.document or {"acquisitions": []}
    new = remeasured(run, content)
    slices = _slices(run, document, content, new)
    if not slices:
        raise Conflict("This result has no slice to export.", code="nothing_to_export")
    at = timezone.localtime(given.pop("at"))
    return ExportSubject(
        run=run,
        study=study,
        document=document,
        content=content,
        acquired=tuple(read_values(document, new, content)),
        slices=slices,
        at=at,
        _bundle=open_bundle(settings.STORE_DIR, run.bundle_sha256),
        **given,
    )


def _slices(
    run: AnalysisRun,
    document: Mapping[str, Any],
    content: Mapping[str, Any],
    new: Mapping[str, Mapping[str, Any]],
) -> tuple[ExportSlice, ...]:
    pieces = [(a, piece) for a in document["acquisitions"] for piece in a["slices"]]
    sources = sources_of(run.study, [piece for _, piece in pieces])
    slices = []
    for acquisition, piece in pieces:
        key = piece["key"]
        contours = content["contours"].get(key) or piece["contours"]
        _, height, width = piece["shape"]
        slices.append(
            ExportSlice(
                key=key,
                acquisition=acquisition["key"],
                condition=acquisition["condition"],
                position=piece["position"],
                quantity=acquisition["quantity"],
                shape=(height, width),
                geometry=geometry_from_json(piece["geometry"]),
                contours=contours_from_json(contours) if contours else None,
                edited=key in new,
                measured_with=piece["measured_with"],
                display_matrix=tuple(piece["standard_view"]["matrix"]),
                flags=tuple(flag["message"] for flag in piece["flags"]),
                source=sources[key],
            )
        )
    return tuple(slices)
