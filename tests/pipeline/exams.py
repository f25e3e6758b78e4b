"""Simulated exams, through DICOM and back, as the pipeline meets them."""

from __future__ import annotations

from pathlib import Path

from analysis.dicom import classify, load_exam, read_objects
from analysis.domain import Exam
from analysis.phantom import SimulatedExam, simulate_exam, write_dicom


def load(folder: Path) -> Exam:
    objects, refusals = read_objects([folder])
    assert not refusals
    return load_exam(objects, classify([found.facts for found in objects]))


def simulated(folder: Path, seed: int, **options: object) -> tuple[SimulatedExam, Exam]:
    """A simulated exam and what the pipeline makes of its DICOM objects."""
    truth = simulate_exam(seed, **options)
    write_dicom(truth, folder)
    return truth, load(folder)
