"""The received image that stands for a slice: what derived objects copy from and refer to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset

from analysis.dicom.values import day_text, seconds_of_day, text, uid
from qperfweb.core.errors import Conflict
from qperfweb.studies.models import Instance, Study
from qperfweb.studies.storage import object_path

_IDENTIFIERS = ("PatientID", "IssuerOfPatientID", "AccessionNumber", "StudyID")
"""Kept as they came, even where they are too long: a shorter one would be somebody else's."""

_NAMES = ("PatientName", "ReferringPhysicianName")


class SourceMissing(Conflict):
    """The images behind this result are not in the store any more; nothing can refer to them."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """header: patient, study and geometry of one frame as a classic image would say them, without
    pixels; its UIDs are the received object's. frame_number: which frame of a multi-frame object,
    from 1; None for a classic one. series_instance_uids: all series that the slice came from.
    """

    header: Dataset
    frame_number: int | None


def sources_of(study: Study, pieces: Sequence[Mapping[str, Any]]) -> dict[str, Source]:
    """The source of every slice of a result document, by slice key. Raises SourceMissing."""
    wanted = {piece["key"]: _middle_frame(piece) for piece in pieces}
    rows = Instance.objects.filter(series__study=study, sop_instance_uid__in=set(wanted.values()))
    instances = {row.sop_instance_uid: row for row in rows}
    found = {}
    for piece in pieces:
        instance = instances.get(wanted[piece["key"]])
        if instance is None or not object_path(instance.sha256).is_file():
            raise SourceMissing()
        found[piece["key"]] = Source(
            header=_stand_in(instance, piece),
            frame_number=_frame_number(instance, piece["geometry"]["position_mm"]),
        )
    return found


def _middle_frame(piece: Mapping[str, Any]) -> str:
    """SEG allows one source frame for one plane; a used frame in the middle stands for all."""
    uids = piece.get("instance_uids") or []
    if not uids:
        raise SourceMissing()
    used = [i for i, status in enumerate(piece["frame_status"]) if status == 0 and i < len(uids)]
    return str(uids[used[len(used) // 2] if used else 0])


def _stand_in(instance: Instance, piece: Mapping[str, Any]) -> Dataset:
    """What of the received header derived objects need, with the geometry that was measured in."""
    with object_path(instance.sha256).open("rb") as file:
        received = dcmread(file, stop_before_pixels=True, force=True)
    geometry = piece["geometry"]
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    for keyword in _IDENTIFIERS:
        setattr(ds, keyword, text(received, keyword))
    ds.StudyDescription = text(received, "StudyDescription")[:64].strip()
    for keyword in _NAMES:
        setattr(ds, keyword, _name(text(received, keyword)))
    ds.PatientBirthDate = day_text(text(received, "PatientBirthDate"))
    ds.PatientSex = _matching(received, "PatientSex", r"[MFO]")
    ds.StudyDate = day_text(text(received, "StudyDate"))
    ds.StudyTime = _time(received, "StudyTime")
    ds.StudyInstanceUID = str(received.StudyInstanceUID)
    ds.SeriesInstanceUID = str(received.SeriesInstanceUID)
    ds.SOPInstanceUID = instance.sop_instance_uid
    ds.SOPClassUID = instance.sop_class_uid
    # Without one, the geometry still holds within this series.
    ds.FrameOfReferenceUID = uid(received, "FrameOfReferenceUID") or ds.SeriesInstanceUID
    ds.PositionReferenceIndicator = ""
    ds.Modality = "MR"
    _, ds.Rows, ds.Columns = piece["shape"]
    ds.ImagePositionPatient = _decimals(geometry["position_mm"])
    ds.ImageOrientationPatient = _decimals(_orthonormal(geometry))
    ds.PixelSpacing = _decimals(geometry["pixel_spacing_mm"])
    ds.SliceThickness = _decimals([geometry.get("thickness_mm") or 8.0])[0]
    return ds


def _frame_number(instance: Instance, position_mm: Sequence[float]) -> int | None:
    """The first frame of a multi-frame object in the plane of the slice."""
    frames = instance.facts.get("frames", [])
    if instance.frame_count <= 1:
        return None
    for number, frame in enumerate(frames, start=1):
        at = frame.get("position_mm")
        if at and max(abs(a - b) for a, b in zip(at, position_mm, strict=True)) < 0.1:
            return number
    return 1


def _orthonormal(geometry: Mapping[str, Any]) -> list[float]:
    """Row and column direction of length 1 and at right angles; scanners round theirs."""
    row = np.asarray(geometry["row_direction"], dtype=np.float64)
    row /= np.linalg.norm(row)
    column = np.asarray(geometry["column_direction"], dtype=np.float64)
    column -= (column @ row) * row
    column /= np.linalg.norm(column)
    return [*row.tolist(), *column.tolist()]


def _name(name: str) -> str:
    """A person's name within what the standard allows: 3 groups of 5 components, 64 characters."""
    groups = ("^".join(group.split("^")[:5])[:64].strip() for group in name.split("=")[:3])
    return "=".join(groups).rstrip("=^")


def _matching(ds: Dataset, keyword: str, pattern: str) -> str:
    """The value when it is what the standard allows, else nothing: sources may say anything."""
    value = text(ds, keyword)
    return value if re.fullmatch(pattern, value) else ""


def _time(ds: Dataset, keyword: str) -> str:
    value = _matching(ds, keyword, r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?")
    return value if seconds_of_day(value) is not None else ""


def _decimals(values: Sequence[float]) -> list[str]:
    """Decimal strings of at most 16 characters."""
    return [f"{float(value):.10g}"[:16] for value in values]
