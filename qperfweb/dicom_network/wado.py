"""WADO-RS: metadata, objects, frames, rendered frames and bulk data."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from django.http import HttpResponse, HttpResponseBase
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from rest_framework.request import Request

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
from .dicomjson import metadata
from .holdings import Held, held_or_missing, study_of
from .multipart import PIECE
from .negotiation import accepted, fits, single_part, wants_plain
from .pixels import NotServed, bulk_value, compressed_frames, decoded, frames, syntax_at


class _ObjectsView(DicomWebView):
    def found(
        self, request: Request, slug: str | None, study: str, series: str = "", instance: str = ""
    ) -> list[Held]:
        row = study_of(self.site(request, slug), study)
        objects = held_or_missing(row, series=series, instance=instance)
        if not all(one.path.is_file() for one in objects):
            raise NotFound("A file of this study is missing in the store.")
        audit.record_access(request.user, "study.images_taken", row)
        return objects


class RetrieveView(_ObjectsView):
    """GET a study, a series or an instance as DICOM files."""

    def get(self, request: Request, slug: str | None = None, **uids: str) -> HttpResponseBase:
        objects = self.found(request, slug, **uids)
        wanted = accepted(request)
        if not fits(wanted, "application/dicom"):
            raise NotServed("Objects are served as application/dicom.")
        asked = {entry.transfer_syntax for entry in wanted} - {"", "*"}
        if asked and not all(syntax in asked for syntax in map(syntax_at, objects)):
            raise NotServed("Objects are served as they are stored: accept transfer-syntax=*.")
        if len(objects) == 1 and single_part(wanted, "application/dicom"):
            return stream(request, _content(objects[0].path), "application/dicom")
        parts = (("application/dicom", _content(one.path)) for one in objects)
        return multipart_answer(request, parts, "application/dicom")


class MetadataView(_ObjectsView):
    """GET the headers of a study, a series or an instance as DICOM JSON."""

    def get(self, request: Request, slug: str | None = None, **uids: str) -> HttpResponse:
        base = base_of(request, slug)
        objects = self.found(request, slug, **uids)
        return json_answer([metadata(one, object_address(base, one)) for one in objects])


class FramesView(_ObjectsView):
    """GET frames: native ones little endian, compressed ones as they came, or decoded where only
    application/octet-stream is accepted."""

    def get(
        self, request: Request, numbers: str, slug: str | None = None, **uids: str
    ) -> HttpResponseBase:
        (one, *_) = self.found(request, slug, **uids)
        wanted = accepted(request)
        plain = wants_plain(wanted)
        found = list(frames(one.path, _numbers(numbers), plain=plain))
        kind = found[0].content_type.partition(";")[0]
        if not fits(wanted, kind):
            raise NotServed(f"These frames are {kind}; accept it or application/octet-stream.")
        if len(found) == 1 and single_part(wanted, kind):
            return stream(request, iter([found[0].data]), found[0].content_type)
        parts = ((frame.content_type, [frame.data]) for frame in found)
        return multipart_answer(request, parts, kind)


class RenderedView(_ObjectsView):
    """GET a frame as PNG or JPEG, windowed."""

    def get(
        self, request: Request, numbers: str = "1", slug: str | None = None, **uids: str
    ) -> HttpResponse:
        (one, *_) = self.found(request, slug, **uids)
        chosen = _numbers(numbers)
        if len(chosen) != 1:
            raise Invalid("One frame is rendered at a time.")
        try:
            ds, values = decoded(one.path, chosen[0])
            picture = Image.fromarray(_grey(ds, values, request.query_params.get("window")))
        except (ValueError, TypeError, AttributeError) as error:  # headers may say anything
            raise NotServed("This frame cannot be rendered; fetch the object.") from error
        wanted = accepted(request)
        kind = next((k for k in ("png", "jpeg") if fits(wanted, f"image/{k}")), None)
        if kind is None:
            raise NotServed("Frames are rendered as image/png or image/jpeg.")
        buffer = io.BytesIO()
        picture.save(buffer, format=kind.upper())
        return HttpResponse(buffer.getvalue(), content_type=f"image/{kind}")


class BulkDataView(_ObjectsView):
    """GET one binary value of an object."""

    def get(
        self, request: Request, tag: str, slug: str | None = None, **uids: str
    ) -> HttpResponseBase:
        if not re.fullmatch(r"[0-9A-Fa-f]{8}", tag):
            raise Invalid("Bulk data are named by tag, eight hexadecimal digits.")
        (one, *_) = self.found(request, slug, **uids)
        wanted = accepted(request)
        if tag.upper() == "7FE00010" and (found := compressed_frames(one.path)):
            kind = found[0].content_type.partition(";")[0]
            parts = [(frame.content_type, [frame.data]) for frame in found]
            return multipart_answer(request, parts, kind)
        begin, length = bulk_value(one.path, tag)
        content = _content(one.path, begin, length)
        if single_part(wanted, "application/octet-stream"):
            return stream(request, content, "application/octet-stream")
        part = ("application/octet-stream", content)
        return multipart_answer(request, [part], "application/octet-stream")


def _content(path: Path, begin: int = 0, length: int | None = None) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(begin)
        while length is None or length > 0:
            piece = file.read(PIECE if length is None else min(PIECE, length))
            if not piece:
                return
            length = None if length is None else length - len(piece)
            yield piece


def _numbers(text: str) -> list[int]:
    if not re.fullmatch(r"\d{1,6}(,\d{1,6})*", text):
        raise Invalid("Frames are numbers from 1, separated by commas.")
    return [int(number) for number in text.split(",")]


def _grey(ds: Dataset, values: NDArray[Any], window: str | None) -> NDArray[np.uint8]:
    """8 bits for the eye; colour stays as it is."""
    if values.ndim == 3:
        return values.astype(np.uint8)
    slope = float(ds.get("RescaleSlope") or 1)
    scaled = values.astype(np.float64) * slope + float(ds.get("RescaleIntercept") or 0)
    low, high = _window(ds, scaled, window)
    with np.errstate(invalid="ignore"):
        grey = np.clip((scaled - low) / max(high - low, 1e-9), 0, 1) * 255
    shown = np.nan_to_num(grey).astype(np.uint8)
    return 255 - shown if ds.get("PhotometricInterpretation") == "MONOCHROME1" else shown


def _window(ds: Dataset, values: NDArray[Any], window: str | None) -> tuple[float, float]:
    if window:
        try:
            centre, width = (float(part) for part in window.split(",")[:2])
        except ValueError:
            raise Invalid("window is centre,width,function.", field="window") from None
        return centre - width / 2, centre + width / 2
    if "WindowCenter" in ds and "WindowWidth" in ds:
        centre, width = (float(np.atleast_1d(ds[k].value)[0]) for k in
                         ("WindowCenter", "WindowWidth"))  # fmt: skip
        return centre - width / 2, centre + width / 2
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
