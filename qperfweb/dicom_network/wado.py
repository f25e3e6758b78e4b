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
from .pixels import NotServed, bulk_value, decoded, frames


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
        accept = request.headers.get("Accept", "")
        single = len(objects) == 1 and "multipart" not in accept and "application/dicom" in accept
        if single:
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
    """GET frames as they are stored: native ones little endian, compressed ones as they came."""

    def get(
        self, request: Request, numbers: str, slug: str | None = None, **uids: str
    ) -> HttpResponseBase:
        (one, *_) = self.found(request, slug, **uids)
        wanted = _numbers(numbers)
        found = list(frames(one.path, wanted))
        kind = found[0].content_type.partition(";")[0]
        parts = ((frame.content_type, [frame.data]) for frame in found)
        return multipart_answer(request, parts, kind)


class RenderedView(_ObjectsView):
    """GET a frame as PNG or JPEG, windowed."""

    def get(
        self, request: Request, numbers: str = "1", slug: str | None = None, **uids: str
    ) -> HttpResponse:
        (one, *_) = self.found(request, slug, **uids)
        wanted = _numbers(numbers)
        if len(wanted) != 1:
            raise Invalid("One frame is rendered at a time.")
        try:
            ds, values = decoded(one.path, wanted[0])
            picture = Image.fromarray(_grey(ds, values, request.query_params.get("window")))
        except (ValueError, TypeError, AttributeError) as error:  # headers may say anything
            raise NotServed("This frame cannot be rendered; fetch the object.") from error
        accept = request.headers.get("Accept", "")
        kind = "JPEG" if "image/jpeg" in accept and "image/png" not in accept else "PNG"
        if accept and not re.search(r"image/(png|jpeg|\*)|\*/\*", accept):
            raise NotServed("Frames are rendered as image/png or image/jpeg.")
        buffer = io.BytesIO()
        picture.save(buffer, format=kind)
        return HttpResponse(buffer.getvalue(), content_type=f"image/{kind.lower()}")


class BulkDataView(_ObjectsView):
    """GET one binary value of an object."""

    def get(
        self, request: Request, tag: str, slug: str | None = None, **uids: str
    ) -> HttpResponseBase:
        if not re.fullmatch(r"[0-9A-Fa-f]{8}", tag):
            raise Invalid("Bulk data are named by tag, eight hexadecimal digits.")
        (one, *_) = self.found(request, slug, **uids)
        begin, length = bulk_value(one.path, tag)
        part = ("application/octet-stream", _content(one.path, begin, length))
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
