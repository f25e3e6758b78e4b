"""Hostile exams through the command line: a result with its doubts, or one sentence and nothing."""

import json
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest

from analysis.__main__ import main
from tests.pipeline.exams import simulated


@pytest.fixture(scope="module")
def stress(tmp_path_factory) -> Path:
    """One slice and its input function images, 30 beats."""
    folder = tmp_path_factory.mktemp("stress")
    simulated(
        folder, 13, conditions=("stress",), slices=1, beats=30, tier="easy", breathing="held",
        snr=25,
    )  # fmt: skip
    return folder


def is_input(ds):
    return "AIF" in ds.SeriesDescription


def constant(ds):
    ds.PixelData = np.full((ds.Rows, ds.Columns), 100, np.uint16).tobytes()
    return ds


def not_a_number(ds):
    pixels = np.full((ds.Rows, ds.Columns), np.nan, "<f4")
    for name in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
        del ds[name]
    ds.FloatPixelData, ds.BitsAllocated = pixels.tobytes(), 32
    return ds


def clipped(ds):
    pixels = np.full((ds.Rows, ds.Columns), 4095, np.uint16)
    pixels[0] = 0
    ds.PixelData = pixels.tobytes()
    return ds


def in_gauss(ds):
    ds.MagneticFieldStrength = float(ds.MagneticFieldStrength) * 10_000
    return ds


def below_zero(ds):
    """A signed image whose zero is wrong."""
    ds.PixelRepresentation, ds.BitsStored, ds.HighBit = 1, 16, 15
    ds.PixelData = (ds.pixel_array.astype(np.int16) - 3000).tobytes()
    return ds


def without_proton_density(ds):
    return None if ds.ImageComments == "PD" else ds


def without_second_echo(ds):
    return None if is_input(ds) and float(ds.EchoTime) > 1 else ds


def of_twelve_frames(ds):
    return ds if ds.AcquisitionNumber <= 12 else None


def of_eleven_frames(ds):
    return ds if ds.AcquisitionNumber <= 11 else None


def analysed(source: Path, folder: Path, change) -> tuple[int, Path]:
    (folder / "dicom").mkdir()
    for number, path in enumerate(sorted(source.rglob("*.dcm"))):
        changed = change(pydicom.dcmread(path))
        if changed is not None:
            changed.save_as(folder / "dicom" / f"{number}.dcm")
    out = folder / "out"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return main(["analyse", str(folder / "dicom"), "--out", str(out), "--quiet"]), out


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (constant, {"frames-constant", "slice-failed", "no-input-function"}),
        (not_a_number, {"frames-not-finite", "slice-failed", "no-input-function"}),
        (clipped, {"frames-saturated", "slice-failed", "no-input-function"}),
        (below_zero, {"signal-below-zero", "no-input-function"}),
        (without_proton_density, {"pd-missing", "aif-pd-missing"}),
        (without_second_echo, {"aif-one-echo"}),
        (of_twelve_frames, {"no-input-function"}),
        (in_gauss, set()),
    ],
)
def test_a_bad_exam_gives_a_result_that_says_what_is_wrong(
    stress, tmp_path, capsys, caplog, change, expected
):
    code, out = analysed(stress, tmp_path, change)
    shown = capsys.readouterr()
    assert code == 0
    assert shown.err == "" and not caplog.records
    text = (out / "result.json").read_text()
    document = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in result.json"))
    (found,) = document["acquisitions"]
    told = {
        flag["code"]
        for place in (found, found["aif"], *found["slices"])
        for flag in place["flags"]
        if flag["severity"] != "information"
    }
    assert expected <= told
    assert found["field_strength_t"] in (1.5, 3.0)
    missing = [
        s
        for piece in found["slices"]
        for s in piece["segments"]
        if s["mbf_ml_per_min_per_g"] is None
    ]
    assert all(segment["not_measured_reason"] for segment in missing)


def test_an_exam_that_is_too_short_is_refused_in_one_line_and_leaves_nothing(
    stress, tmp_path, capsys
):
    code, out = analysed(stress, tmp_path, of_eleven_frames)
    shown = capsys.readouterr().err
    assert code == 3
    assert shown.count("\n") == 1
    assert "series 10, 11: only 11 images at a position" in shown
    assert not out.exists()
