"""Pixels become signal in time order, whatever their depth, sign, scale and compression."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import FileDataset
from pydicom.pixels.decoders.base import get_decoder

from analysis.dicom import SeriesOverride, classify, load_exam, read_objects
from analysis.dicom.inspection import ENCAPSULATED, NATIVE
from analysis.domain import Exam
from analysis.errors import BadInput, NothingToAnalyse
from analysis.quality import FrameStatus

from . import make

Made = Callable[[list[FileDataset]], Exam]


@pytest.fixture
def loaded(tmp_path: Path) -> Made:
    def load(objects: list[FileDataset], **options: object) -> Exam:
        found, refusals = read_objects([make.write(tmp_path / "exam", objects)])
        assert refusals == []
        return load_exam(found, **options)

    return load


def test_an_exam_of_a_dual_sequence_study(loaded: Made) -> None:
    exam = loaded(make.dual_sequence("stress", start_s=36_000))
    (acquisition,) = exam.acquisitions
    assert [s.signal.shape for s in acquisition.slices] == [(20, 24, 24)] * 3
    first = acquisition.slices[0]
    assert first.signal[:, 0, 1] == pytest.approx(100 + np.arange(20))
    assert first.is_pd.tolist() == [True] * 3 + [False] * 17
    assert first.frame_status.tolist() == [FrameStatus.PROTON_DENSITY] * 3 + [0] * 17
    assert acquisition.aif is not None
    assert acquisition.aif.signal.shape == (2, 20, 12, 12)
    assert acquisition.aif.signal[1, 4, 0, 1] == 55
    assert acquisition.aif.protocol.echo_times_ms == (0.65, 1.65)
    assert acquisition.protocol.saturation_delay_ms == pytest.approx(39.5)
    assert acquisition.protocol.pd_flip_angle_deg == 5
    assert acquisition.protocol.field_strength_t == 1.5


def test_geometry_is_the_header_s(loaded: Made) -> None:
    exam = loaded(make.first_pass("perf rest", position=2, PixelSpacing=[1.5, 2.5]))
    geometry = exam.acquisitions[0].slices[0].geometry
    assert geometry.position_mm == pytest.approx(make.slice_position(2))
    assert geometry.row_direction + geometry.column_direction == pytest.approx(make.SHORT_AXIS)
    assert geometry.pixel_spacing_mm == (1.5, 2.5)
    assert not geometry.assumed


def test_missing_geometry_gets_a_synthetic_plane_with_a_flag(loaded: Made) -> None:
    exam = loaded(make.first_pass("perf rest", ImageOrientationPatient=None, PixelSpacing=None))
    slice_ = exam.acquisitions[0].slices[0]
    assert slice_.geometry.assumed
    assert np.cross(slice_.geometry.row_direction, slice_.geometry.column_direction) @ np.array(
        [0.62, -0.60, -0.51]
    ) == pytest.approx(-1, abs=0.05)
    assert {f.code for f in slice_.flags} == {"orientation-assumed", "spacing-assumed"}


def test_mixed_frames_of_reference_are_named_within_a_slice_and_between_conditions(
    loaded: Made, tmp_path: Path
) -> None:
    moved = make.first_pass("perf rest")
    for ds in moved[12:]:
        ds.FrameOfReferenceUID = make.uid("moved")
    (slice_,) = loaded(moved).acquisitions[0].slices
    assert "mixed-frames-of-reference" in {f.code for f in slice_.flags}
    assert len(slice_.frame_status) == len(moved)  # none is dropped for it

    stress = make.first_pass("perf stress", start_s=30_000, FrameOfReferenceUID=make.uid("before"))
    rest = make.first_pass("perf rest", start_s=36_000)
    objects, _ = read_objects([make.write(tmp_path / "both", stress + rest)])
    assert "frames-of-reference-differ" in {f.code for f in load_exam(objects).flags}


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16])
def test_depth_sign_and_rescale_are_applied(loaded: Made, dtype: type) -> None:
    pixels = np.arange(16, dtype=dtype).reshape(4, 4) - dtype(3 if dtype is np.int16 else 0)
    exam = loaded(
        make.first_pass("perf rest", pixels=pixels, RescaleSlope=2.0, RescaleIntercept=-1.0)
    )
    expected = pixels.astype(float) * 2 - 1
    assert exam.acquisitions[0].slices[0].signal[7] == pytest.approx(expected)


def test_the_private_scale_of_philips_makes_frames_comparable(loaded: Made) -> None:
    # displayed = stored RS + RI; the floating-point signal is displayed / (RS SS)
    objects = make.first_pass(
        "perf rest", pixels=np.eye(8, dtype=np.uint16) * 100, BitsStored=12, HighBit=11
    )
    for i, ds in enumerate(objects):
        ds.RescaleSlope, ds.RescaleIntercept = (1.75, 0.0) if i < 10 else (3.5, 0.0)
        ds.add_new(0x20050010, "LO", "Philips MR Imaging DD 001")
        ds.add_new(0x2005100E, "FL", 0.25 if i < 10 else 0.5)
    slice_ = loaded(objects).acquisitions[0].slices[0]
    assert slice_.signal[0, 0, 0] == pytest.approx(400)
    assert slice_.signal[15, 0, 0] == pytest.approx(200)
    assert not slice_.frame_status.any()


@pytest.mark.parametrize(
    "syntax",
    ["1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90"],
    ids=["RLE", "JPEG-LS", "JPEG 2000"],
)
def test_lossless_compression_gives_equal_pixels(loaded: Made, syntax: str) -> None:
    pixels = np.random.default_rng(3).integers(0, 4000, (64, 48)).astype(np.uint16)
    objects = make.first_pass("perf rest", pixels=pixels)
    for ds in objects:
        ds.compress(syntax, generate_instance_uid=False)
    assert (loaded(objects).acquisitions[0].slices[0].signal == pixels).all()


def test_every_accepted_syntax_has_a_decoder() -> None:
    for uid in ENCAPSULATED | (NATIVE - {"1.2.840.10008.1.2.2"}):
        assert get_decoder(uid).is_available, uid


def test_frames_of_a_multi_frame_object_are_told_apart(loaded: Made) -> None:
    exam = loaded([make.enhanced("perf rest", slices=3, scale=(0.5, 10.0))])
    (acquisition,) = exam.acquisitions
    raw = np.arange(60 * 16 * 12).reshape(20, 3, 16, 12)
    for i, slice_ in enumerate(acquisition.slices):
        assert slice_.signal == pytest.approx(raw[:, i] * 0.5 + 10)
    assert len(set(acquisition.slices[0].instance_uids)) == 1


def test_frames_that_cannot_be_used_are_kept_with_their_reason(loaded: Made) -> None:
    objects = make.first_pass("perf rest", frames=24, pixels=np.eye(16, dtype=np.uint16) * 9)
    objects[4].PixelData = bytes(16 * 16 * 2)
    objects[6].PixelData = b"\xff\xff" * 256
    np_clipped = np.eye(16, dtype=np.uint16)
    np_clipped[:4] = 65_535
    objects[8].PixelData = np_clipped.tobytes()
    small = make.image(
        series="perf rest", number=10, pixels=np.eye(8, dtype=np.uint16),
        AcquisitionDate="20260102", AcquisitionTime=objects[9].AcquisitionTime,
    )  # fmt: skip
    objects[9] = small
    slice_ = loaded(objects).acquisitions[0].slices[0]
    assert slice_.signal.shape == (24, 16, 16)
    assert slice_.frame_status[[4, 6, 8, 9]].tolist() == [
        FrameStatus.CONSTANT,
        FrameStatus.CONSTANT,
        FrameStatus.SATURATED,
        FrameStatus.OTHER_SIZE,
    ]
    assert slice_.frame_status.astype(bool).sum() == 4
    assert {f.code for f in slice_.flags} >= {
        "frames-constant",
        "frames-saturated",
        "frames-of-other-size",
    }


def test_values_that_are_no_numbers_take_their_frame_out(loaded: Made) -> None:
    objects = make.first_pass("perf rest", RescaleSlope=1.0)
    for i, ds in enumerate(objects):
        values = np.eye(16, 12, dtype=np.float32) + i
        if i == 5:
            values[3, 3], values[4, 4] = np.nan, np.inf
        del ds.PixelData
        ds.FloatPixelData = values.tobytes()
        ds.BitsAllocated = 32
        for keyword in ("BitsStored", "HighBit", "PixelRepresentation"):
            del ds[keyword]
    slice_ = loaded(objects).acquisitions[0].slices[0]
    assert slice_.frame_status[5] == FrameStatus.NOT_FINITE
    assert np.isfinite(slice_.signal).all()
    assert slice_.signal[7, 0, 0] == 8


def test_leading_frames_of_another_brightness_are_proton_density(loaded: Made) -> None:
    grain = np.eye(8, dtype=np.uint16)
    objects = make.first_pass("perf rest", pixels=grain + np.uint16(50))
    for ds in objects[:3]:
        ds.PixelData = (grain + np.uint16(200)).tobytes()
    slice_ = loaded(objects).acquisitions[0].slices[0]
    assert slice_.is_pd.tolist() == [True] * 3 + [False] * 17
    assert [f.code for f in slice_.flags] == ["pd-by-signal-level"]


@pytest.mark.parametrize(("token", "scale"), [("", 0.01), (" scale=1000", 0.001)])
def test_concentrations_are_scaled_and_an_unwritten_scale_is_named(
    loaded: Made, token: str, scale: float
) -> None:
    exam = loaded(
        make.first_pass(
            "stress", SeriesDescription="stress perf", ImageComments="Perf_Gd" + token,
            pixels=np.eye(8, dtype=np.uint16) * 120,
        )
    )  # fmt: skip
    (acquisition,) = exam.acquisitions
    assert acquisition.sequence == "gd"
    assert acquisition.slices[0].signal[0, 0, 0] == pytest.approx(120 * scale)
    assert ("scale-assumed" in {f.code for f in acquisition.slices[0].flags}) == (token == "")


def test_nothing_to_analyse_says_why(loaded: Made) -> None:
    with pytest.raises(NothingToAnalyse, match="only 3 images"):
        loaded(make.first_pass("survey", frames=3))
    with pytest.raises(NothingToAnalyse, match="No readable MR images"):
        load_exam([])


def test_images_that_all_fail_to_decode_are_bad_input(tmp_path: Path) -> None:
    objects = make.first_pass("perf rest")
    for ds in objects:
        ds.compress("1.2.840.10008.1.2.4.80", generate_instance_uid=False)
    folder = make.write(tmp_path / "x", objects)
    for path in folder.iterdir():
        data = bytearray(path.read_bytes())
        data[-60:-12] = bytes(48)
        path.write_bytes(data)
    found, _ = read_objects([folder])
    with pytest.raises(BadInput, match="can be decoded"):
        load_exam(found)


def test_overrides_reach_the_loaded_exam(tmp_path: Path) -> None:
    found, _ = read_objects([make.write(tmp_path / "x", make.first_pass("perf"))])
    by_hand = {make.uid(make.STUDY, "perf"): SeriesOverride(condition="stress")}
    exam = load_exam(found, classify([o.facts for o in found]), series_overrides=by_hand)
    assert exam.acquisitions[0].condition == "stress"
