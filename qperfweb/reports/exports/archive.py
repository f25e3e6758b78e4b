"""All objects of an export, and the zip of them."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from collections.abc import Iterator

from pydicom.dataset import Dataset

from .colour import colour_images
from .common import to_bytes
from .encapsulated_pdf import encapsulated_pdf
from .fhir import fhir_bundle
from .key_objects import key_objects
from .palette_image import palette_images
from .parametric_map import parametric_maps
from .segmentation import segmentations
from .structured_report import structured_reports
from .subject import ExportSubject

# It tells at length, at INFO, which attributes it copies.
logging.getLogger("highdicom").setLevel(logging.WARNING)


def dicom_objects(subject: ExportSubject) -> Iterator[tuple[str, Dataset]]:
    """Every DICOM object with a file name that says what it is and names nobody."""
    segments = segmentations(subject)
    yield from _named("seg", segments)
    yield from _named("map", parametric_maps(subject))
    for number, report in enumerate(structured_reports(subject, segments)):
        yield ("sr-enhanced.dcm" if number else "sr.dcm"), report
    yield from _named("colour", colour_images(subject))
    yield from _named("palette", palette_images(subject))
    for name, ds in (("report.dcm", encapsulated_pdf(subject)), ("key.dcm", key_objects(subject))):
        if ds is not None:
            yield name, ds


def export_zip(subject: ExportSubject) -> bytes:
    """A zip of the DICOM objects and the FHIR bundle; the same content gives the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, ds in dicom_objects(subject):
            archive.writestr(_entry(subject, f"dicom/{name}"), to_bytes(ds))
        text = json.dumps(fhir_bundle(subject), indent=1)
        archive.writestr(_entry(subject, "fhir.json"), text)
    return buffer.getvalue()


def _named(kind: str, objects: list[Dataset]) -> Iterator[tuple[str, Dataset]]:
    for number, ds in enumerate(objects, start=1):
        yield f"{kind}-{number}.dcm", ds


def _entry(subject: ExportSubject, name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, subject.at.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
