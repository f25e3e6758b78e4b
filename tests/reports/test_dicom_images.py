"""Segmentations, parametric maps and colour images: read back equal, valid, referring rightly."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from pydicom import dcmread

from analysis.constants import SEGMENT_NAMES
from qperfweb.reports.exports.common import to_bytes
from qperfweb.reports.exports.parametric_map import NO_VALUE, parametric_maps
from qperfweb.reports.exports.segmentation import FIRST_AHA, segment_masks, segmentations
from qperfweb.reports.exports.structured_report import structured_report
from qperfweb.reports.exports.subject import subject_of
from qperfweb.reviews.services import reading_open
from tests.dicom import make
from tests.reading import acknowledge, contour, edit, sign
from tests.reports.exports import analysed, received
from tests.runs.examples import FRAMES


@pytest.fixture
def subject(received_reading):
    return subject_of(received_reading)


def read_back(ds):
    return dcmread(BytesIO(to_bytes(ds)))


def frames_of(ds, number, plane):
    """The frame of one segment in one plane; zeros where it has none."""
    for frame, item in zip(ds.pixel_array, ds.PerFrameFunctionalGroupsSequence, strict=True):
        at = item.PlanePositionSequence[0].ImagePositionPatient
        segment = item.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        if segment == number and np.allclose(at, plane, atol=1e-3):
            return frame
    return np.zeros((ds.Rows, ds.Columns), np.uint8)


def test_a_segmentation_holds_exactly_the_measured_pixels(subject):
    objects = [read_back(ds) for ds in segmentations(subject)]
    assert len(objects) == 2
    for ds, condition in zip(objects, ("stress", "rest"), strict=True):
        assert len(ds.SegmentSequence) == 3 + len(SEGMENT_NAMES)
        for piece in (s for s in subject.slices if s.condition == condition):
            masks = segment_masks(subject, piece)
            assert masks[..., 0].any() and masks[..., 1].any() and masks[..., 2].any()
            assert np.array_equal(masks[..., FIRST_AHA:].sum(axis=-1), masks[..., 1])
            for number in range(1, FIRST_AHA + 17):
                frame = frames_of(ds, number, piece.geometry.position_mm)
                assert np.array_equal(frame, masks[..., number - 1]), (piece.key, number)


def test_a_segmentation_names_its_anatomy_and_how_it_came_about(received_reading, reader):
    automated = segmentations(subject_of(received_reading))[0]
    assert {s.SegmentAlgorithmType for s in automated.SegmentSequence} == {"AUTOMATIC"}
    fourth = automated.SegmentSequence[FIRST_AHA + 3]
    assert fourth.SegmentedPropertyTypeCodeSequence[0].CodeValue == "264846001"
    stress, rest = segmentations(subject_of(edit(received_reading, reader, contour("stress_mid"))))
    assert {s.SegmentAlgorithmType for s in stress.SegmentSequence} == {"SEMIAUTOMATIC"}
    assert {s.SegmentAlgorithmType for s in rest.SegmentSequence} == {"AUTOMATIC"}


def test_derived_images_refer_to_the_received_ones(subject):
    known = {s.source.header.SOPInstanceUID for s in subject.slices}
    assert len(known) == 6
    for ds in [*segmentations(subject), *parametric_maps(subject)]:
        named = {
            reference.ReferencedSOPInstanceUID
            for frame in ds.PerFrameFunctionalGroupsSequence
            for derivation in frame.DerivationImageSequence
            for reference in derivation.SourceImageSequence
        }
        assert named <= known and len(named) == 3
        series = {item.SeriesInstanceUID for item in ds.ReferencedSeriesSequence}
        assert len(series) == 3
        assert ds.StudyInstanceUID == make.STUDY
        assert ds.FrameOfReferenceUID == make.FRAME_OF_REFERENCE
        assert str(ds.PatientName) == "Test^Person"


def test_a_parametric_map_gives_the_flow_back_bit_by_bit(subject):
    objects = [read_back(ds) for ds in parametric_maps(subject)]
    assert [o.ContentLabel for o in objects] == ["MBF", "MBF_SE"] * 2
    for ds, condition in ((objects[0], "stress"), (objects[2], "rest")):
        shared = ds.SharedFunctionalGroupsSequence[0]
        mapping = shared.RealWorldValueMappingSequence[0]
        quantity = mapping.QuantityDefinitionSequence[0].ConceptCodeSequence[0]
        assert (quantity.CodeValue, quantity.CodingSchemeDesignator) == ("126390", "DCM")
        unit = mapping.MeasurementUnitsCodeSequence[0]
        assert (unit.CodeValue, unit.CodingSchemeDesignator) == ("mL/min/g", "UCUM")
        assert (mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept) == (1, 0)
        pieces = {s.geometry.position_mm: s for s in subject.slices if s.condition == condition}
        for frame, item in zip(ds.pixel_array, ds.PerFrameFunctionalGroupsSequence, strict=True):
            at = item.PlanePositionSequence[0].ImagePositionPatient
            piece = next(s for p, s in pieces.items() if np.allclose(p, at, atol=1e-3))
            truth = subject.array(piece, "mbf")
            assert frame.dtype == np.float32
            assert np.array_equal(frame, np.where(np.isnan(truth), NO_VALUE, truth))


def test_signed_and_preliminary_objects_differ_in_words_and_uid(received_reading, reader):
    draft = segmentations(subject_of(received_reading))[0]
    assert "NOT REVIEWED" in draft.SeriesDescription
    ready = acknowledge(received_reading, reader)
    sign(ready, reader)
    signed = segmentations(subject_of(type(ready).objects.get(pk=ready.pk)))[0]
    assert "NOT REVIEWED" not in signed.SeriesDescription
    assert "signed" in signed.SeriesDescription
    assert signed.SOPInstanceUID != draft.SOPInstanceUID


def test_exporting_twice_gives_the_same_bytes(received_reading):
    first, second = subject_of(received_reading), subject_of(received_reading)
    for build in (segmentations, parametric_maps):
        assert [to_bytes(d) for d in build(first)] == [to_bytes(d) for d in build(second)]


def test_slices_of_one_multi_frame_object_are_told_apart_by_frame(
    in_site, as_worker, reader, tmp_path
):
    whole = {c: make.enhanced(f"perf {c}", frames=FRAMES, slices=3) for c in ("stress", "rest")}
    study = received(in_site, tmp_path / "exam", list(whole.values()))
    with as_worker():
        run = analysed(study, uid_of=lambda c, p, n: whole[c].SOPInstanceUID)
    subject = subject_of(reading_open(study, reader))
    assert run.state == "succeeded"
    for ds in (segmentations(subject)[0], parametric_maps(subject)[0]):
        named = set()
        for item in ds.PerFrameFunctionalGroupsSequence:
            reference = item.DerivationImageSequence[0].SourceImageSequence[0]
            assert reference.ReferencedSOPInstanceUID == whole["stress"].SOPInstanceUID
            plane = whole["stress"].PerFrameFunctionalGroupsSequence[
                reference.ReferencedFrameNumber - 1
            ].PlanePositionSequence[0]  # fmt: skip
            at = item.PlanePositionSequence[0].ImagePositionPatient
            assert np.allclose(plane.ImagePositionPatient, at, atol=1e-3)
            named.add(reference.ReferencedFrameNumber)
        assert len(named) == 3
    report = structured_report(subject, segmentations(subject))
    assert report.VerificationFlag == "UNVERIFIED"
