"""Simulated exams are valid objects in every style, and stay so when their patient is taken out."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from analysis.phantom import SimulatedExam, simulate_exam
from analysis.phantom.styles import STYLES
from qperfweb.privacy.deidentification.engine import Person, deidentify
from qperfweb.privacy.deidentification.profile import Profile
from tests.dicom.validator import complaints, needs_dciodvfy

pytestmark = needs_dciodvfy


@pytest.fixture(scope="module")
def exam() -> SimulatedExam:
    return simulate_exam(5, beats=6, slices=1, conditions=("stress",))


def samples(exam: SimulatedExam, style: str) -> list[Dataset]:
    """One object of each series and kind of frame (proton density, saturation recovery, echo)."""
    found: dict[tuple[str, ...], Dataset] = {}
    for _, ds in STYLES[style](exam):
        kind = (ds.SeriesInstanceUID, str(ds.get("InversionTime")), str(ds.get("EchoNumbers")))
        found.setdefault(kind, ds)
    return list(found.values())


@pytest.mark.parametrize("style", sorted(STYLES))
def test_dciodvfy_finds_no_error_in_a_simulated_exam(
    style: str, exam: SimulatedExam, tmp_path: Path
) -> None:
    person = Person(name="QP-1", shift_days=-40, key=b"secret", known=("Simulated^Exam 5",))
    objects = samples(exam, style)
    assert len({ds.SeriesInstanceUID for ds in objects}) >= 2
    for number, ds in enumerate(objects):
        original, cleaned = tmp_path / f"{number}.dcm", tmp_path / f"{number}-clean.dcm"
        ds.save_as(original, enforce_file_format=True)
        assert complaints(original) == [], ds.SeriesDescription
        out = deidentify(dcmread(io.BytesIO(original.read_bytes())), person, Profile())
        out.save_as(cleaned, enforce_file_format=True)
        assert complaints(cleaned) == [], ds.SeriesDescription
        back = dcmread(cleaned)
        assert back.PixelData == ds.PixelData
        assert back.StudyInstanceUID != ds.StudyInstanceUID
