"""Exams as careless scanners and senders make them: used with a doubt in words, or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import FileDataset

from analysis.dicom import load_exam, read_objects
from analysis.domain import Acquisition, Exam
from analysis.errors import NothingToAnalyse
from analysis.quality import Flag, FrameStatus

from . import make

Made = Callable[[list[FileDataset]], Exam]


@pytest.fixture
def loaded(tmp_path: Path) -> Made:
    def load(objects: list[FileDataset]) -> Exam:
        found, refusals = read_objects([make.write(tmp_path / "exam", objects)])
        assert refusals == []
        return load_exam(found)

    return load


def stress() -> list[FileDataset]:
    return make.dual_sequence("stress", start_s=36_000)


def is_input(ds: FileDataset) -> bool:
    return "AIF" in ds.SeriesDescription


def beat(ds: FileDataset) -> int:
    return (int(ds.InstanceNumber) - 1) % 100


def said(flags: Iterable[Flag]) -> dict[str, str]:
    return {flag.code: flag.message for flag in flags}


def only(exam: Exam) -> Acquisition:
    (acquisition,) = exam.acquisitions
    return acquisition


def test_doubts_about_input_function_images_are_told_as_such(loaded: Made) -> None:
    objects = stress()
    for ds in objects:
        if is_input(ds) and beat(ds) in (7, 9):
            ds.PixelData = np.zeros((12, 12), np.uint16).tobytes()
    aif = only(loaded(objects)).aif
    assert aif is not None
    assert said(aif.flags) == {
        "frames-constant": "Input function images: 2 frames are empty (one single value) and are "
        "not used."
    }


def test_assumptions_about_input_function_images_are_named_beside_those_of_the_slices(
    loaded: Made,
) -> None:
    objects = stress()
    for ds in objects:
        ds.FlipAngle = 0
        del ds.RepetitionTime
    acquisition = only(loaded(objects))
    assert acquisition.aif is not None
    for assumptions in (acquisition.protocol.assumptions, acquisition.aif.protocol.assumptions):
        assert "is missing or not above zero" in said(assumptions)["flip-angle-assumed"]
        assert "is missing or not above zero" in said(assumptions)["echo-spacing-assumed"]
    assert acquisition.aif.protocol.flip_angle_deg == 8
    both = {*acquisition.protocol.assumptions} & {*acquisition.aif.protocol.assumptions}
    assert not both, "what holds for all images is said once"


@pytest.mark.parametrize(
    ("element", "value", "words"),
    [
        ("RepetitionTime", 250, "of 250 ms is that of a whole shot"),
        ("RepetitionTime", 0.2, "of 0.2 ms is not possible"),
        ("RepetitionTime", -2.5, "is missing or not above zero"),
        ("FlipAngle", 360, "of 360 degrees is not possible"),
        ("InversionTime", 100_000, "of 100000 ms is not possible"),
        ("MagneticFieldStrength", 0, "is missing or not above zero; 1.5 T"),
    ],
)
def test_an_impossible_protocol_fact_is_named_with_what_was_assumed(
    loaded: Made, element: str, value: float, words: str
) -> None:
    objects = stress()
    for ds in objects:
        setattr(ds, element, value)
    protocol = only(loaded(objects)).protocol
    assert words in " ".join(flag.message for flag in protocol.assumptions)
    assert 1 <= protocol.flip_angle_deg <= 90 and 1.5 <= protocol.echo_spacing_ms <= 6


def test_an_image_lost_from_one_echo_takes_its_beat_and_not_the_echo(loaded: Made) -> None:
    objects = [
        ds
        for ds in stress()
        if not (is_input(ds) and float(ds.EchoTime) > 1 and beat(ds) in (6, 11))
    ]
    aif = only(loaded(objects)).aif
    assert aif is not None
    assert aif.signal.shape[:2] == (2, 18)
    assert (aif.signal[1, :, 0, 1] - aif.signal[0, :, 0, 1] == 1).all(), "of the same beats"
    assert "2 images of one echo have no partner" in said(aif.flags)["aif-echo-incomplete"]


def test_echoes_that_share_too_few_beats_are_not_paired(loaded: Made) -> None:
    objects = [
        ds for ds in stress() if not (is_input(ds) and float(ds.EchoTime) > 1 and beat(ds) > 12)
    ]
    for ds in objects:
        if is_input(ds) and float(ds.EchoTime) > 1:
            ds.AcquisitionTime = make.clock_text(36_000.4 + 0.8 * beat(ds))
    aif = only(loaded(objects)).aif
    assert aif is not None
    assert aif.signal.shape[:2] == (1, 20)
    assert "of 2 echoes 1 could be used" in said(aif.flags)["aif-echo-left-out"]


def test_echoes_without_an_echo_time_are_told_apart_by_their_numbers(loaded: Made) -> None:
    objects = stress()
    for ds in objects:
        if is_input(ds):
            ds.EchoNumbers = 1 if float(ds.EchoTime) < 1 else 2
            ds.EchoTime = 0
    aif = only(loaded(objects)).aif
    assert aif is not None
    assert aif.signal.shape[:2] == (2, 20)
    assert "0.65 and 1.65 ms were assumed" in said(aif.protocol.assumptions)["echo-times-assumed"]


def test_frames_with_the_time_of_another_one_are_not_used(loaded: Made) -> None:
    objects = make.first_pass("perf rest")
    for at in (6, 13):
        # Not to the microsecond: a clock that was rounded on its way.
        late = 36_000 + 0.8 * (at - 1) + 0.0004
        objects[at].AcquisitionTime = make.clock_text(late)
    (found,) = only(loaded(objects)).slices
    assert np.flatnonzero(found.frame_status == FrameStatus.DUPLICATE_TIME).tolist() == [6, 13]
    assert np.diff(found.time_s[found.frame_status == FrameStatus.USED]).min() > 0.7
    assert said(found.flags)["times-repeated"].startswith("2 frames have the acquisition time")


def test_a_pause_within_a_series_leaves_its_clock_running_and_is_flagged(loaded: Made) -> None:
    objects = make.first_pass("perf rest")
    for i, ds in enumerate(objects[5:], start=5):
        ds.AcquisitionTime = make.clock_text(36_000 + 0.8 * i + 25)
    (found,) = only(loaded(objects)).slices
    assert found.time_s[5] - found.time_s[4] == pytest.approx(25.8)
    assert "a gap of 25.8 s" in said(found.flags)["time-gap"]


def test_input_function_images_of_another_time_are_named_with_their_series(loaded: Made) -> None:
    objects = stress()
    for ds in objects:
        if is_input(ds):
            ds.AcquisitionTime = make.clock_text(40_000 + 0.8 * beat(ds))
    exam = loaded(objects)
    assert only(exam).sequence == "single"
    assert said(exam.flags)["aif-without-slices"].startswith("Series 20: arterial input images")


def test_colour_images_are_no_perfusion_series_whatever_they_are_called(loaded: Made) -> None:
    objects = make.first_pass("stress perf", SeriesNumber=7)
    for ds in objects:
        ds.PhotometricInterpretation = "PALETTE COLOR"
    with pytest.raises(
        NothingToAnalyse, match=r"series 7: not a grey image \(PhotometricInterpretation PALETTE"
    ):
        loaded(objects)


def test_nothing_to_analyse_names_every_series_with_its_reason(loaded: Made) -> None:
    objects = make.first_pass("stress perf a", frames=3, SeriesNumber=4)
    objects += make.first_pass("stress perf b", frames=3, SeriesNumber=5)
    with pytest.raises(NothingToAnalyse, match="series 4, 5: only 3 images at a position"):
        loaded(objects)


def test_a_rescale_that_turns_signal_negative_is_flagged(loaded: Made) -> None:
    objects = make.first_pass("perf rest", RescaleSlope=1, RescaleIntercept=-1000)
    (found,) = only(loaded(objects)).slices
    assert "RescaleIntercept" in said(found.flags)["signal-below-zero"]


def test_a_negative_slope_does_not_make_dark_pixels_look_clipped(loaded: Made) -> None:
    pixels = np.zeros((16, 12), np.uint16)
    pixels[4:8] = 700
    objects = make.first_pass(
        "perf rest", pixels=pixels, BitsStored=12, HighBit=11, RescaleSlope=-1,
        RescaleIntercept=5000,
    )  # fmt: skip
    (found,) = only(loaded(objects)).slices
    assert "frames-saturated" in said(found.flags), "stored zeros are the largest value here"
    for ds in objects:
        ds.PixelData = (pixels + 10).astype(np.uint16).tobytes()
    (found,) = only(loaded(objects)).slices
    assert "frames-saturated" not in said(found.flags)


@pytest.mark.parametrize("spacing", [[0.001, 0.001], [1000.0, 1000.0]])
def test_an_impossible_pixel_spacing_is_replaced_by_name_before_it_costs_memory(
    loaded: Made, spacing: list[float]
) -> None:
    objects = stress()
    for ds in objects:
        ds.PixelSpacing = spacing
    acquisition = only(loaded(objects))
    assert acquisition.aif is not None
    for images in (*acquisition.slices, acquisition.aif):
        assert f"of {spacing[0]:g} mm is not possible" in said(images.flags)["spacing-assumed"]
        assert 1 < min(images.geometry.pixel_spacing_mm) < 50
