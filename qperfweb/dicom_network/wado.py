"""WADO-RS: metadata, objects, frames and bulk data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from django.http import HttpResponse, HttpResponseBase
from rest_framework.request import Request

from analysis.dicom.inspection import NATIVE
from qperfweb.core import audit
from qperfweb.core.errors import Invalid, NotFound

from .access import (
    DicomWebView,
    base_of,
    json_answer,
    multipart_answer,
    object_address,
    stream,
)
from .bulkdata import DOCUMENT, Opener, bulk_value
from .dicomjson import metadata
from .holdings import Held, held_or_missing, study_of
from .multipart import PIECE
from .negotiation import (
    DICOM,
    JSON_TYPES,
    PLAIN,
    accepted,
    fits,
    frame_syntax,
    object_syntax,
    single_part,
)
from .pixels import NotServed, compressed_frames, frames, syntax_at
from .transcoding import EXPLICIT_LITTLE, transcoded


class ObjectsView(DicomWebView):
    """A view of objects that are held, whose taking is recorded."""

    def found(
        self, request: Request, slug: str | None, study: str, series: str = "", instance: str = ""
    ) -> list[Held]:
        row = study_of(self.site(request, slug), study)
        objects = held_or_missing(row, series=series, instance=instance)
        if not all(one.path.is_file() for one in objects):
            raise NotFound("A file of this study is missing in the store.")
        audit.record_access(request.user, "study.images_taken", row)
        return objects


class RetrieveView(ObjectsView):
    """GET a study, a series or an instance as DICOM files, in a transfer syntax of the client."""

    def get(self, request: Request, slug: str | None = None, **uids: str) -> HttpResponseBase:
        objects = self.found(request, slug, **uids)
        wanted = accepted(request)
        if not fits(wanted, DICOM):
            raise NotServed("Objects are served as application/dicom.")
        planned = []
        for one in objects:
            stored = syntax_at(one)
            syntax = object_syntax(wanted, stored)
            if syntax is None:
                raise NotServed(
                    "No transfer syntax that is asked for can be written without loss: accept "
                    "1.2.840.10008.1.2.1, or * for what is stored."
                )
            planned.append((one, stored, syntax))
        if len(planned) == 1:
            kind, content = _as_asked(*planned[0], strict=True)
            if single_part(wanted, DICOM):
                return stream(request, content, kind)
            return multipart_answer(request, [(kind, content)], DICOM)
        parts = (_as_asked(*plan, strict=False) for plan in planned)
        return multipart_answer(request, parts, DICOM)


def _as_asked(one: Held, stored: str, syntax: str, *, strict: bool) -> tuple[str, Iterator[bytes]]:
    """Content type and bytes of an object.

    What cannot be rewritten among others goes as it is stored, and its part says so; alone
    (``strict``) it raises NotServed.
    """
    if syntax != stored:
        try:
            made = transcoded(one.path, syntax)
            return f"{DICOM}; transfer-syntax={syntax}", content_of(lambda: made)
        except ValueError as error:
            if strict:
                raise NotServed(
                    "This object cannot be rewritten; accept transfer-syntax=* for what is stored."
                ) from error
    return f"{DICOM}; transfer-syntax={stored}", content_of(partial(one.path.open, "rb"))


class MetadataView(ObjectsView):
    """GET the headers of a study, a series or an instance as DICOM JSON."""

    def get(self, request: Request, slug: str | None = None, **uids: str) -> HttpResponse:
        if not any(fits(accepted(request), kind) for kind in JSON_TYPES):
            raise NotServed("Metadata are served as application/dicom+json.")
        base = base_of(request, slug)
        objects = self.found(request, slug, **uids)
        return json_answer([metadata(one, object_address(base, one)) for one in objects])


class FramesView(ObjectsView):
    """GET frames: as they are stored, uncompressed little endian, or compressed without loss."""

    def get(
        self, request: Request, numbers: str, slug: str | None = None, **uids: str
    ) -> HttpResponseBase:
        (one, *_) = self.found(request, slug, **uids)
        wanted = accepted(request)
        stored = syntax_at(one)
        syntax = frame_syntax(wanted, EXPLICIT_LITTLE if stored in NATIVE else stored)
        if syntax is None:
            raise NotServed(
                "These frames are not served like that: accept application/octet-stream, or "
                "transfer-syntax=* for what is stored."
            )
        found = list(frames(one.path, frame_numbers(numbers), syntax=syntax))
        kind = found[0].content_type.partition(";")[0]
        if len(found) == 1 and single_part(wanted, kind):
            return stream(request, iter([found[0].data]), found[0].content_type)
        parts = ((frame.content_type, [frame.data]) for frame in found)
        return multipart_answer(request, parts, kind)


class BulkDataView(ObjectsView):
    """GET one binary value of an object."""

    def get(
        self, request: Request, place: str, slug: str | None = None, **uids: str
    ) -> HttpResponseBase:
        if not re.fullmatch(r"[0-9A-Fa-f]{8}(/[0-9]{1,6}/[0-9A-Fa-f]{8}){0,8}", place):
            raise Invalid("Bulk data are named by tag, eight hexadecimal digits.")
        (one, *_) = self.found(request, slug, **uids)
        wanted = accepted(request)
        tags = place.upper().split("/")
        if tags == ["7FE00010"] and (found := compressed_frames(one.path)):
            kind = found[0].content_type.partition(";")[0]
            parts = [(frame.content_type, [frame.data]) for frame in found]
            return multipart_answer(request, parts, kind)
        pdf = tags == [DOCUMENT] and any(e.media_type == "application/pdf" for e in wanted)
        kind = "application/pdf" if pdf else PLAIN
        if not fits(wanted, kind):
            raise NotServed("Bulk data are served as application/octet-stream.")
        content = content_of(*bulk_value(one.path, tags))
        if single_part(wanted, kind):
            return stream(request, content, kind)
        return multipart_answer(request, [(kind, content)], kind)


def content_of(opener: Opener, length: int | None = None) -> Iterator[bytes]:
    """The rest of a file, or ``length`` bytes of it.

    It is opened when the answer is sent: of one that is not, nothing stays open.
    """
    with opener() as file:
        while length is None or length > 0:
            piece = file.read(PIECE if length is None else min(PIECE, length))
            if not piece:
                return
            length = None if length is None else length - len(piece)
            yield piece


def frame_numbers(text: str) -> list[int]:
    """Numbers of frames, from 1. Raises Invalid."""
    if not re.fullmatch(r"\d{1,6}(,\d{1,6})*", text):
        raise Invalid("Frames are numbers from 1, separated by commas.")
    return [int(number) for number in text.split(",")]
