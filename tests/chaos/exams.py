"""Many small exams out of one: simulated once, then under UIDs and patients of their own."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pydicom
from pydicom.uid import generate_uid

from analysis.phantom import simulate_exam, write_dicom

SMALL = {
    "sequence": "single", "conditions": ("rest",), "slices": 1, "beats": 24, "tier": "easy",
    "breathing": "held",
}  # fmt: skip
"""A real analysis of seconds: one slice, one condition."""


WHOLE = {"sequence": "dual", "conditions": ("stress", "rest"), "slices": 3, "beats": 60}
"""What a scanner sends of one patient: 600 objects."""


def exams(
    folder: Path, count: int, seed: int, **options: object
) -> Iterator[list[tuple[str, bytes]]]:
    """Each exam as SOP Instance UIDs and the bytes of their objects; options as of SMALL."""
    write_dicom(simulate_exam(seed, **{**SMALL, **options}), folder)
    originals = [pydicom.dcmread(path) for path in sorted(folder.rglob("*")) if path.is_file()]
    originals = [ds for ds in originals if "PixelData" in ds]
    for number in range(count):
        yield [_under_its_own_name(ds, f"chaos-{seed}-{number}") for ds in originals]


def _under_its_own_name(original: pydicom.Dataset, name: str) -> tuple[str, bytes]:
    def renamed(uid: str) -> str:
        return generate_uid(entropy_srcs=[name, uid])

    ds = original.copy()
    ds.file_meta = pydicom.dataset.FileMetaDataset(original.file_meta)
    ds.PatientID = name
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(ds, keyword, renamed(original[keyword].value))
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    buffer = io.BytesIO()
    ds.save_as(buffer)
    return str(ds.SOPInstanceUID), buffer.getvalue()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
