"""What all DICOM objects of an export share: equipment, dates, references, series."""

from __future__ import annotations

import copy
import io
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage

from .codes import PRIVATE
from .subject import MANUFACTURER, ExportSlice, ExportSubject, installation

SERIES_NUMBERS = {
    "seg": 9100, "mbf": 9200, "mbf_se": 9250, "colour": 9300, "palette": 9350, "sr": 9400,
    "sr_enhanced": 9450, "pdf": 9500, "ko": 9600,
}  # fmt: skip


def equipment(subject: ExportSubject) -> dict[str, str]:
    """Keyword arguments that say what made the object."""
    return {
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": MANUFACTURER,
        "software_versions": subject.run.pipeline_version or "unknown",
        "device_serial_number": installation(),
    }


def place(subject: ExportSubject, kind: str, index: int = 0) -> dict[str, Any]:
    """Keyword arguments that give a new object its series: one per kind and acquisition."""
    return {
        "series_instance_uid": subject.uid("series", kind, index),
        "series_number": SERIES_NUMBERS[kind] + index,
    }


def coding_schemes() -> list[CodingSchemeIdentificationItem]:
    return [
        CodingSchemeIdentificationItem(
            designator=PRIVATE,
            name="QPerf Web private codes",
            responsible_organization=MANUFACTURER,
        )
    ]


def plane_groups(slices: Iterable[ExportSlice]) -> list[list[ExportSlice]]:
    """Slices that fit into one object: same matrix, pixel spacing, orientation and frame."""

    def kind(piece: ExportSlice) -> tuple[Any, ...]:
        geometry = piece.geometry
        directions = (*geometry.row_direction, *geometry.column_direction)
        return (
            *piece.shape,
            *(round(v, 4) for v in (*geometry.pixel_spacing_mm, *directions)),
            piece.source.header.FrameOfReferenceUID,
        )

    ordered = sorted(slices, key=kind)
    return [list(members) for _, members in groupby(ordered, key=kind)]


def stand_ins(group: Sequence[ExportSlice]) -> list[Dataset]:
    """Source headers as highdicom takes them: single frames of one series.

    ``refer`` puts the truth back.
    """
    headers = []
    for number, piece in enumerate(group):
        header = copy.deepcopy(piece.source.header)
        header.SeriesInstanceUID = group[0].source.header.SeriesInstanceUID
        header.SOPInstanceUID = f"2.25.{number + 1}"
        header.SOPClassUID = MRImageStorage
        headers.append(header)
    return headers


def refer(ds: Dataset, group: Sequence[ExportSlice]) -> None:
    """Replace what ``stand_ins`` said by the objects, frames and series that were received."""
    by_number = {f"2.25.{number + 1}": piece.source for number, piece in enumerate(group)}
    for frame in ds.get("PerFrameFunctionalGroupsSequence", []):
        for derivation in frame.get("DerivationImageSequence", []):
            for reference in derivation.get("SourceImageSequence", []):
                source = by_number.get(reference.ReferencedSOPInstanceUID)
                if source is None:  # frames of one plane share the item; it is done
                    continue
                reference.ReferencedSOPClassUID = source.header.SOPClassUID
                reference.ReferencedSOPInstanceUID = source.header.SOPInstanceUID
                if source.frame_number is not None:
                    reference.ReferencedFrameNumber = source.frame_number
    ds.ReferencedSeriesSequence = referenced_series(group)


def referenced_series(group: Iterable[ExportSlice]) -> list[Dataset]:
    """Items of a Referenced Series Sequence over the source images of slices."""
    series: dict[str, dict[str, str]] = {}
    for piece in group:
        header = piece.source.header
        members = series.setdefault(header.SeriesInstanceUID, {})
        members[header.SOPInstanceUID] = header.SOPClassUID
    items = []
    for uid, members in series.items():
        item = Dataset()
        item.SeriesInstanceUID = uid
        item.ReferencedInstanceSequence = [reference(sop, kind) for sop, kind in members.items()]
        items.append(item)
    return items


def reference(sop_instance_uid: str, sop_class_uid: str) -> Dataset:
    """Item that names one object."""
    item = Dataset()
    item.ReferencedSOPClassUID = sop_class_uid
    item.ReferencedSOPInstanceUID = sop_instance_uid
    return item


def finish(ds: Dataset, subject: ExportSubject, description: str) -> Dataset:
    """Dates that follow from the content, and what the object is in words."""
    date, time = subject.at.strftime("%Y%m%d"), subject.at.strftime("%H%M%S.%f")
    ds.InstanceCreationDate = ds.ContentDate = ds.SeriesDate = date
    ds.InstanceCreationTime = ds.ContentTime = ds.SeriesTime = time
    ds.SeriesDescription = f"{description} ({subject.status_words})"[:64]
    if "TimeOfSecondaryCapture" in ds:
        ds.DateOfSecondaryCapture, ds.TimeOfSecondaryCapture = date, time
    if "DimensionOrganizationSequence" in ds:
        _name_dimensions(ds, subject)
    for contribution in ds.get("ContributingEquipmentSequence", []):
        contribution.ContributionDateTime = f"{date}{time}"
    if "Rows" in ds:  # documents belong to series of another kind, without a body part
        ds.BodyPartExamined = "HEART"
    header = subject.header
    if header.IssuerOfPatientID:
        ds.IssuerOfPatientID = header.IssuerOfPatientID
    if header.StudyDescription:
        ds.StudyDescription = header.StudyDescription[:64]
    return ds


def _name_dimensions(ds: Dataset, subject: ExportSubject) -> None:
    """highdicom draws this UID by lot; the same content must keep its own."""
    uid = subject.uid("dimensions", ds.SOPInstanceUID)
    for item in (*ds.DimensionOrganizationSequence, *ds.DimensionIndexSequence):
        item.DimensionOrganizationUID = uid


def to_bytes(ds: Dataset) -> bytes:
    """The object as a DICOM file."""
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
