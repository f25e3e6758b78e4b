"""Exams that the reading room must lay out sensibly: a simulated one with parts left out.

Each variant gets its own patient, study and accession number, so that all may lie in one
installation. ``redated`` keeps the patient: that is how an earlier exam of the same person is made.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID, generate_uid

from tests.e2e.conftest import ROOT

Keep = Callable[[str], bool]
"""Whether the series with this description stays."""


def simulate(folder: Path, seed: int, *options: str) -> Path:
    """Simulate one exam; the folder of its DICOM."""
    subprocess.run(
        [sys.executable, "-m", "analysis", "simulate", "--out", str(folder), "--seed", str(seed),
         "--beats", "40", *options],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    return folder / f"SIM-{seed:04d}" / "dicom"


def variant(
    source: Path, folder: Path, name: str, *, keep: Keep = lambda _: True, syntax: UID | None = None
) -> Path:
    """A zip of the series that ``keep`` wants, as patient and study ``name``."""
    for number, dataset in enumerate(_kept(source, keep)):
        dataset.PatientID = name
        dataset.PatientName = f"Simulated^{name.title()}"
        dataset.AccessionNumber = name
        _renew_uids(dataset, name)
        _write(dataset, folder / name / f"{number:05d}.dcm", syntax)
    return Path(shutil.make_archive(str(folder / name), "zip", folder / name))


def redated(source: Path, folder: Path, date: str) -> Path:
    """A zip of the same patient's exam on another day (YYYYMMDD)."""
    name = f"on-{date}"
    for number, dataset in enumerate(_kept(source, lambda _: True)):
        for word in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
            setattr(dataset, word, date)
        dataset.AccessionNumber = f"ACC{date}"
        _renew_uids(dataset, date)
        _write(dataset, folder / name / f"{number:05d}.dcm", None)
    return Path(shutil.make_archive(str(folder / name), "zip", folder / name))


def _kept(source: Path, keep: Keep) -> Iterator[Dataset]:
    for path in sorted(p for p in source.rglob("*") if p.is_file()):
        dataset = pydicom.dcmread(path)
        if keep(str(dataset.SeriesDescription)):
            yield dataset


def _renew_uids(dataset: Dataset, name: str) -> None:
    """New identifiers that depend on the old ones: series and references stay together."""
    for word in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"):
        setattr(dataset, word, generate_uid(entropy_srcs=[str(dataset[word].value), name]))
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID


def _write(dataset: Dataset, path: Path, syntax: UID | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if syntax is not None:
        dataset.compress(syntax, generate_instance_uid=False)
    dataset.save_as(path, enforce_file_format=True)
