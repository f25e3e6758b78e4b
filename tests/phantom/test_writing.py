import argparse
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pydicom
import pytest

from analysis.commands import simulate
from analysis.dicom import classify, read_objects
from analysis.errors import BadInput
from analysis.phantom import SimulatedExam, simulate_exam, write_dicom, write_truth


@cache
def exam() -> SimulatedExam:
    return simulate_exam(8, beats=22, slices=2)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exam")
    write_dicom(exam(), folder)
    return folder


def test_every_frame_is_written_once(written: Path) -> None:
    files = list(written.rglob("*.dcm"))
    assert len(files) == 2 * 22 * (2 + 2)
    uids = {pydicom.dcmread(f, stop_before_pixels=True).SOPInstanceUID for f in files}
    assert len(uids) == len(files)


def test_pixels_come_back_as_they_were(written: Path) -> None:
    one = exam().acquisitions[0].slices[1]
    files = sorted(written.glob("012_*/*.dcm"))
    back = np.stack([pydicom.dcmread(f).pixel_array for f in files])
    assert np.array_equal(back, one.signal)


def test_objects_say_that_they_are_simulated(written: Path) -> None:
    ds = pydicom.dcmread(next(written.rglob("*.dcm")), stop_before_pixels=True)
    assert str(ds.PatientName) == "Simulated^Exam 8"
    assert ds.PatientID == "SIM-0008"
    assert ds.InstitutionName == "Simulated Hospital"


def test_intake_understands_what_is_written(written: Path) -> None:
    objects, refusals = read_objects([written])
    assert not refusals
    study = classify([o.facts for o in objects])
    found = {
        (s.condition, p, s.sequence, s.clock)
        for s in study.series
        if "aif" not in s.roles
        for p in s.positions
    }
    assert {(c, q) for c, _, q, _ in found} == {("stress", "dual"), ("rest", "dual")}
    assert {clock for *_, clock in found} == {"acquisition-time"}
    assert sum("aif" in s.roles for s in study.series) == 2
    assert sum("pd" in s.roles for s in study.series) == 6


@pytest.mark.parametrize(
    ("style", "clock"),
    [
        ("siemens-enhanced", "frame-datetime"),
        ("philips", "trigger-time"),
        ("ge", "trigger-time"),
        ("philips-enhanced", "frame-datetime"),
    ],
)
def test_every_style_is_understood(tmp_path: Path, style: str, clock: str) -> None:
    write_dicom(replace(exam(), style=style), tmp_path)
    objects, refusals = read_objects([tmp_path])
    assert not refusals
    study = classify([o.facts for o in objects])
    slices = [s for s in study.series if "sr" in s.roles]
    assert sorted((s.condition, p) for s in slices for p in s.positions) == [
        ("rest", "basal"),
        ("rest", "mid"),
        ("stress", "basal"),
        ("stress", "mid"),
    ]
    assert all(s.time_points == 22 and s.clock == clock for s in study.series)
    assert sum("aif" in s.roles for s in study.series) == 2


def test_the_truth_names_the_study_and_holds_the_arrays(tmp_path: Path) -> None:
    write_truth(exam(), tmp_path)
    document = json.loads((tmp_path / "truth.json").read_text())
    assert document["study_instance_uid"] == exam().study_instance_uid
    with np.load(tmp_path / "stress_basal.npz") as arrays:
        assert arrays["displacement_px"].shape == (22, 2, 144, 192)
        assert arrays["labels"].shape == arrays["mbf"].shape == (144, 192)
    with np.load(tmp_path / "rest_aif.npz") as arrays:
        assert arrays["aif_mmol_per_l"].max() > 0.5


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    simulate.add_parser(parser.add_subparsers())
    return parser.parse_args(["simulate", *words])


def test_the_command_writes_patient_and_truth_apart(tmp_path: Path) -> None:
    words = ("--out", str(tmp_path), "--seed", "3", "--beats", "20", "--conditions", "rest")
    args = arguments(*words, "--sequence", "single")
    assert args.run(args) == 0
    assert len(list((tmp_path / "SIM-0003" / "dicom").rglob("*.dcm"))) == 60
    assert (tmp_path / "truth" / "SIM-0003" / "truth.json").is_file()


@pytest.mark.parametrize(
    "words", [("--patients", "0"), ("--style", "nobody"), ("--conditions", "x")]
)
def test_the_command_refuses_what_it_cannot_do(tmp_path: Path, words: tuple[str, str]) -> None:
    args = arguments("--out", str(tmp_path), "--seed", "3", *words)
    with pytest.raises(BadInput):
        args.run(args)
