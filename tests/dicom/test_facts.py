"""Header facts are read tolerantly from classic and enhanced objects of several vendors."""

from __future__ import annotations

import json
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from analysis.dicom import HeaderFacts, header_facts
from analysis.dicom import values as v

from . import make


def reread(ds: object) -> HeaderFacts:
    import io

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return header_facts(dcmread(io.BytesIO(make.to_bytes(ds))))


def test_gauss_become_tesla() -> None:
    assert reread(make.image(MagneticFieldStrength=15000)).field_strength_t == 1.5
    assert reread(make.image(MagneticFieldStrength=3)).field_strength_t == 3
    assert reread(make.image(MagneticFieldStrength=-1)).field_strength_t is None


def test_a_classic_object_gives_its_one_frame() -> None:
    facts = reread(
        make.image(
            AcquisitionDate="20260102",
            AcquisitionTime="100000.500000",
            TriggerTime=1234.5,
            TemporalPositionIdentifier=7,
            NominalInterval=850,
            EchoTime=1.04,
            FlipAngle=50,
            InversionTime=100,
            ImageComments="PD",
        )
    )
    frame = facts.frames[0]
    assert v.iso(frame.acquisition_moment_s) == "2026-01-02T10:00:00.500"
    assert (frame.trigger_ms, frame.temporal_index, frame.interval_ms) == (1234.5, 7, 850)
    assert (frame.echo_ms, frame.flip_deg, frame.inversion_ms) == (1.04, 50, 100)
    assert facts.patient_name == "Test^Person"
    assert frame.comments == "PD"


def test_an_interval_that_is_a_count_gives_way_to_the_heart_rate() -> None:
    frame = reread(make.image(NominalInterval=6, HeartRate=86)).frames[0]
    assert frame.interval_ms == pytest.approx(60_000 / 86)


def test_an_enhanced_object_gives_every_frame_with_its_place_and_time() -> None:
    facts = reread(make.enhanced("perf", frames=4, slices=2))
    assert len(facts.frames) == facts.frame_count == 8
    last = facts.frames[-1]
    assert (last.stack_id, last.in_stack, last.temporal_index) == ("1", 2, 4)
    assert v.iso(last.frame_moment_s) == "2026-01-02T10:00:02.500"
    assert last.spacing_mm == (2.0, 2.0)
    assert last.flip_deg == 12.0
    assert last.position_mm == pytest.approx(make.slice_position(1))


def test_a_legacy_converted_object_keeps_its_classic_elements() -> None:
    ds = make.enhanced("perf", frames=3)
    del ds.SharedFunctionalGroupsSequence[0].MRTimingAndRelatedParametersSequence
    for i, item in enumerate(ds.PerFrameFunctionalGroupsSequence):
        classic = Dataset()
        classic.FlipAngle, classic.EchoTime, classic.TriggerTime = 5 + i, 1.1, 700.0 * (i + 1)
        item.UnassignedPerFrameConvertedAttributesSequence = Sequence([classic])
    frame = reread(ds).frames[2]
    assert (frame.flip_deg, frame.echo_ms, frame.trigger_ms) == (7, 1.1, 2100)


def test_the_private_scale_of_philips_is_read() -> None:
    facts = reread(
        make.image(x2005100E=(0.0042, "FL"), x20050010=("Philips MR Imaging DD 001", "LO"))
    )
    assert facts.frames[0].scale_slope == pytest.approx(0.0042, rel=1e-6)


def test_names_in_other_character_sets_are_decoded() -> None:
    facts = reread(make.image(SpecificCharacterSet="ISO_IR 192", PatientName="Åström^Jörg"))
    assert facts.patient_name == "Åström^Jörg"
    japanese = make.image(
        SpecificCharacterSet=["", "ISO 2022 IR 87"], PatientName="Yamada^Tarou=山田^太郎"
    )
    assert "山田" in reread(japanese).patient_name


def test_an_unknown_character_set_does_not_stop_the_reading() -> None:
    data = make.to_bytes(make.image(SpecificCharacterSet="ISO_IR 100", PatientName="J\xf6rg"))
    import io

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = dcmread(io.BytesIO(data.replace(b"ISO_IR 100", b"ISO_IR 999")))
    assert header_facts(ds).patient_name.endswith("rg")


def test_skewed_orientations_are_not_taken() -> None:
    assert (
        reread(make.image(ImageOrientationPatient=[1, 0, 0, 1, 0, 0])).frames[0].orientation is None
    )
    assert reread(make.image(ImageOrientationPatient=None)).frames[0].orientation is None


def test_facts_survive_json() -> None:
    for ds in (make.image(HeartRate=70), make.enhanced("perf", frames=3)):
        facts = reread(ds)
        assert HeaderFacts.from_json(json.loads(json.dumps(facts.to_json()))) == facts


@given(st.text(max_size=80))
def test_cleaned_text_fits_a_database_and_json(text: str) -> None:
    cleaned = v.clean(text)
    assert "\x00" not in cleaned
    json.dumps(cleaned).encode()
    cleaned.encode("utf-8")


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_date_or_time_text_raises(date: str, time: str) -> None:
    moment = v.moment(date, time)
    assert moment is None or moment >= -1e12
    v.datetime_moment(date + time)
    v.iso(moment)


@given(
    st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999_999)
)  # fmt: skip
def test_times_keep_their_microseconds(hour: int, minute: int, second: int, micro: int) -> None:
    text = f"{hour:02d}{minute:02d}{second:02d}.{micro:06d}"
    expected = hour * 3600 + minute * 60 + second + micro / 1e6
    assert v.seconds_of_day(text) == pytest.approx(expected, abs=1e-9)


@given(st.floats() | st.text(max_size=10) | st.binary(max_size=10) | st.none())
def test_numbers_are_finite_or_none(value: object) -> None:
    number = v.as_number(value)
    assert number is None or abs(number) < 1e15
