"""Structured report, PDF, colour images, key objects and FHIR: equal values, valid, told apart."""

from __future__ import annotations

import io
import json
import zipfile

import highdicom as hd
import numpy as np
import pytest
from fhir.resources.R4B.bundle import Bundle
from pydicom import dcmread
from pydicom.pixels import apply_color_lut

from qperfweb.core.models import TrailEvent
from qperfweb.core.rls import site_scope
from qperfweb.reports.exports import codes
from qperfweb.reports.exports.archive import dicom_objects, export_zip
from qperfweb.reports.exports.common import to_bytes
from qperfweb.reports.exports.fhir import fhir_bundle, fhir_transaction
from qperfweb.reports.exports.segmentation import FIRST_AHA
from qperfweb.reports.exports.subject import subject_of, subject_of_run
from qperfweb.reports.palette import colours
from qperfweb.reports.services import report_pdf
from qperfweb.reviews.models import Reading
from qperfweb.reviews.ratios import ratio_of_row
from qperfweb.reviews.signing import addendum_add
from tests.dicom.validator import complaints, needs_dciodvfy
from tests.reading import acknowledge, contour, edit, override, proof, sign


@pytest.fixture
def edited(received_reading, reader):
    """Stress segment 4 typed, rest mid contour edited."""
    return edit(edit(received_reading, reader, override(1.37)), reader, contour("rest_mid"))


@pytest.fixture
def signed(edited, reader):
    sign(acknowledge(edited, reader), reader)
    return Reading.objects.get(pk=edited.pk)


def written(subject):
    """Every object as somebody else would read it, by file name."""
    return {name: dcmread(io.BytesIO(to_bytes(ds))) for name, ds in dicom_objects(subject)}


def groups_of(ds):
    report = hd.sr.Comprehensive3DSR.from_dataset(ds).content
    planar = report.get_planar_roi_measurement_groups()
    groups = [*planar, *report.get_image_measurement_groups()]
    return {group.tracking_identifier: group for group in groups}, report


def value_of(group, name):
    found = group.get_measurements(name=name)
    return None if not found else found[0].value


def origins(group):
    found = group.get_qualitative_evaluations(name=codes.ORIGIN)
    return {evaluation.value.value for evaluation in found}


def test_the_structured_report_gives_every_number_back_and_says_where_it_is_from(edited):
    subject = subject_of(edited)
    objects = written(subject)
    groups, report = groups_of(objects["sr.dcm"])
    assert len(groups) == 16 * 3
    sources = set()
    for acquired in subject.acquired:
        for number, value in acquired.segments.items():
            group = next(
                g for k, g in groups.items() if k.startswith(f"{acquired.key} AHA {number} ")
            )
            assert value_of(group, codes.BLOOD_FLOW) == pytest.approx(value.value, rel=1e-9)
            error = value_of(group, codes.FLOW_ERROR)
            assert error == (value.standard_error and pytest.approx(value.standard_error, rel=1e-9))
            assert group.finding_sites[0].value == codes.SEGMENTS[number]
            sources.add(value.source)
            assert origins(group) == {codes.ORIGINS[value.source].value}
            measurement = group.get_measurements(name=codes.BLOOD_FLOW)[0]
            assert measurement.unit == codes.FLOW_UNIT
    assert sources == {"automated", "contour", "typed"}
    for number in range(1, 17):
        group = next(g for k, g in groups.items() if k.startswith(f"reserve AHA {number} "))
        ratio = ratio_of_row(subject.document, list(subject.acquired), number)
        assert value_of(group, codes.RESERVE) == pytest.approx(ratio.value, rel=1e-9)


def test_a_typed_value_has_no_region_no_error_no_algorithm_and_keeps_the_automated_one(edited):
    groups, report = groups_of(written(subject_of(edited))["sr.dcm"])
    group = groups["stress AHA 4 BasInf"]
    assert origins(group) == {"ENTERED"}
    assert value_of(group, codes.BLOOD_FLOW) == 1.37
    assert value_of(group, codes.FLOW_ERROR) is None
    assert value_of(group, codes.AUTOMATED_FLOW) == pytest.approx(2.4, rel=1e-6)
    assert "AlgorithmName" not in str(group.get_measurements(name=codes.BLOOD_FLOW)[0])
    assert group not in report.get_planar_roi_measurement_groups()
    assert origins(groups["reserve AHA 4 BasInf"]) == {"FROM_ENTERED"}


def test_a_measured_value_refers_to_its_segment_in_the_segmentation(received_reading):
    objects = written(subject_of(received_reading))
    groups, report = groups_of(objects["sr.dcm"])
    segmentation = objects["seg-1.dcm"]
    group = groups["stress AHA 9 MidInfSep"]
    assert group in report.get_planar_roi_measurement_groups()
    (region,) = (
        item.ReferencedSOPSequence[0]
        for item in group[0].ContentSequence
        if item.ConceptNameCodeSequence[0].CodeMeaning == "Referenced Segmentation Frame"
    )
    assert region.ReferencedSOPInstanceUID == segmentation.SOPInstanceUID
    frame = segmentation.PerFrameFunctionalGroupsSequence[region.ReferencedFrameNumber - 1]
    number = frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber
    assert number == FIRST_AHA + 9


def test_only_a_signed_reading_is_verified_and_names_its_verifier(edited, reader):
    draft = written(subject_of(edited))
    sign(acknowledge(edited, reader), reader)
    signed = written(subject_of(Reading.objects.get(pk=edited.pk)))
    assert (draft["sr.dcm"].VerificationFlag, draft["sr.dcm"].PreliminaryFlag) == (
        "UNVERIFIED", "PRELIMINARY",
    )  # fmt: skip
    assert "VerifyingObserverSequence" not in draft["sr.dcm"]
    assert signed["sr.dcm"].VerificationFlag == "VERIFIED"
    assert signed["sr.dcm"].PreliminaryFlag == "FINAL"
    observer = signed["sr.dcm"].VerifyingObserverSequence[0]
    assert observer.VerifyingObserverName == "test^Reader of the"
    assert draft["report.dcm"].VerificationFlag == "UNVERIFIED"
    assert signed["report.dcm"].VerificationFlag == "VERIFIED"
    for name in draft.keys() & signed.keys():
        assert draft[name].SOPInstanceUID != signed[name].SOPInstanceUID
        assert "NOT REVIEWED" in draft[name].SeriesDescription
        assert "NOT REVIEWED" not in signed[name].SeriesDescription
        assert draft[name].StudyInstanceUID == signed[name].StudyInstanceUID


def test_colour_images_say_in_their_pixels_that_nobody_has_reviewed_them(edited, reader):
    def yellow(ds):
        return int((ds.pixel_array == (255, 255, 0)).all(axis=-1)[-20:].sum())

    assert yellow(written(subject_of(edited))["colour-1.dcm"]) > 50
    sign(acknowledge(edited, reader), reader)
    image = written(subject_of(Reading.objects.get(pk=edited.pk)))["colour-1.dcm"]
    assert yellow(image) == 0
    assert image.BurnedInAnnotation == "YES"
    # 2.4 ml/min/g in the palette, away from words and contours.
    assert np.abs(image.pixel_array[-30, 30].astype(int) - (183, 75, 154)).max() <= 1


def test_the_encapsulated_pdf_is_the_report_of_the_reading(signed):
    ds = written(subject_of(signed))["report.dcm"]
    assert ds.EncapsulatedDocument[: ds.EncapsulatedDocumentLength] == report_pdf(signed)


def test_key_objects_name_the_flagged_slices(received_reading):
    subject = subject_of(received_reading)
    ds = written(subject)["key.dcm"]
    flagged = next(s for s in subject.slices if s.key == "stress_mid")
    named = {
        reference.ReferencedSOPInstanceUID
        for study in ds.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for reference in series.ReferencedSOPSequence
    }
    assert named == {flagged.source.header.SOPInstanceUID}
    words, image = ds.ContentSequence
    assert words.TextValue == "stress mid: Look at the wall."
    assert "ConceptNameCodeSequence" not in image  # TID 2010 forbids a purpose of reference


def test_a_run_that_nobody_has_read_is_exported_as_the_devices_work(received_reading):
    objects = written(subject_of_run(received_reading.run))
    assert "report.dcm" not in objects
    assert objects["sr.dcm"].VerificationFlag == "UNVERIFIED"
    assert "automated, NOT REVIEWED" in objects["sr.dcm"].SeriesDescription
    assert "Person Observer Name" not in str(objects["sr.dcm"])


@needs_dciodvfy
def test_dciodvfy_finds_no_error_in_any_object(signed, tmp_path):
    for name, ds in dicom_objects(subject_of(signed)):
        path = tmp_path / name
        path.write_bytes(to_bytes(ds))
        assert complaints(path) == [], name


def test_fhir_holds_the_same_numbers_and_is_final_only_when_signed(edited, reader):
    subject = subject_of(edited)
    resources = [entry["resource"] for entry in fhir_bundle(subject)["entry"]]
    report = next(r for r in resources if r["resourceType"] == "DiagnosticReport")
    assert report["status"] == "preliminary"
    observations = {r["id"]: r for r in resources if r["resourceType"] == "Observation"}
    assert {r["reference"].removeprefix("urn:uuid:") for r in report["result"]} == set(observations)
    assert len(observations) == 17 * 3
    site = codes.SEGMENTS[4].value
    fourth = [o for o in observations.values() if o["bodySite"]["coding"][0]["code"] == site]
    typed = next(o for o in fourth if "ENTERED" in json.dumps(o) and "126390" in json.dumps(o))
    assert typed["valueQuantity"] == {
        "value": 1.37, "unit": "mL/min/g", "system": "http://unitsofmeasure.org",
        "code": "mL/min/g",
    }  # fmt: skip
    assert "MBF_SE" not in json.dumps(typed)
    sign(acknowledge(edited, reader), reader)
    signed = fhir_bundle(subject_of(Reading.objects.get(pk=edited.pk)))
    assert signed["entry"][0]["resource"]["status"] == "final"


def test_the_zip_is_for_those_who_may_export_is_noted_and_is_the_same_twice(
    client_of, in_site, other_site, received_reading
):
    address = f"/api/readings/{received_reading.pk}/export.zip"
    assert client_of("technologist", in_site).get(address).status_code == 403
    assert client_of("reader", other_site).get(address).status_code == 404
    answer = client_of("auditor", in_site).get(address)
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = set(archive.namelist())
    assert {"dicom/sr.dcm", "dicom/seg-1.dcm", "dicom/map-4.dcm", "fhir.json"} <= names
    assert export_zip(subject_of(received_reading)) == answer.content
    with site_scope([in_site.pk]):
        event = TrailEvent.objects.get(action="reading.exported")
    assert event.details == {"kind": "zip", "revision": received_reading.revision, "state": "draft"}
    assert client_of("auditor", in_site).get(address.replace("export.zip", "fhir.json")).json()


def test_scores_scar_and_burden_reach_the_structured_report_and_fhir(received_reading, reader):
    reading = received_reading
    for change in (
        {"kind": "visual", "condition": "stress", "segments": [4], "score": 2},
        {"kind": "scar", "segment": 4, "transmurality": "0"},
        {"kind": "clinical", "clinical": {"systolic_rest": 120, "adequacy": "adequate"}},
    ):
        reading = edit(reading, reader, change)
    subject = subject_of(reading)
    groups, _ = groups_of(written(subject)["sr.dcm"])
    scored = groups["stress AHA 4 BasInf"]
    (score,) = scored.get_qualitative_evaluations(name=codes.VISUAL_SCORE)
    assert score.value == codes.SCORES[2]
    assert not groups["rest AHA 4 BasInf"].get_qualitative_evaluations(name=codes.VISUAL_SCORE)
    heart = groups["whole heart"]
    assert value_of(heart, codes.BURDEN) == pytest.approx(6.25)
    assert value_of(heart, codes.SUMMED_STRESS) == 2
    (judged,) = heart.get_qualitative_evaluations(name=codes.STRESS_ADEQUACY)
    assert judged.value == codes.ADEQUACY["adequate"]
    found = {
        entry["resource"]["code"]["coding"][0]["code"]: entry["resource"]
        for entry in fhir_bundle(subject)["entry"]
        if entry["resource"]["resourceType"] == "Observation"
    }
    assert found["BURDEN"]["valueQuantity"] == {
        "value": 6.25, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%",
    }  # fmt: skip


def test_the_enhanced_report_says_what_the_newer_one_says(edited):
    objects = written(subject_of(edited))
    newer, older = objects["sr.dcm"], objects["sr-enhanced.dcm"]
    assert older.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.22"
    assert older.ContentSequence == newer.ContentSequence
    assert older.SeriesInstanceUID != newer.SeriesInstanceUID


def test_a_report_that_replaces_a_signed_one_names_it(signed, reader):
    first = written(subject_of(signed))
    assert "PredecessorDocumentsSequence" not in first["sr.dcm"]
    addendum_add(signed, reader, text="Seen again.", confirmation=proof(reader))
    second = written(subject_of(Reading.objects.get(pk=signed.pk)))
    for name in ("sr.dcm", "sr-enhanced.dcm"):
        (study,) = second[name].PredecessorDocumentsSequence
        (series,) = study.ReferencedSeriesSequence
        (named,) = series.ReferencedSOPSequence
        assert study.StudyInstanceUID == first[name].StudyInstanceUID
        assert series.SeriesInstanceUID == first[name].SeriesInstanceUID
        assert named.ReferencedSOPInstanceUID == first[name].SOPInstanceUID
        assert second[name].SOPInstanceUID != first[name].SOPInstanceUID


def test_palette_images_give_the_flow_back_and_show_it_in_its_colours(edited):
    subject = subject_of(edited)
    objects = written(subject)
    images = [ds for name, ds in objects.items() if name.startswith("palette")]
    assert len(images) == len(subject.slices) == 6
    for ds, piece in zip(images, subject.slices, strict=True):
        truth = subject.array(piece, "mbf")
        mapping = ds.RealWorldValueMappingSequence[0]
        back = ds.pixel_array * mapping.RealWorldValueSlope + mapping.RealWorldValueIntercept
        measured = np.isfinite(truth)
        assert np.array_equal(ds.pixel_array == 0, ~measured)
        assert np.abs(back - truth)[measured].max() <= 0.005 + 1e-6
        assert "NOT REVIEWED" in ds.SeriesDescription
        assert ds.PixelPresentation == "COLOR"
        del ds.PixelPresentation  # pydicom applies a supplemental palette only as if it were none
        shown = apply_color_lut(ds.pixel_array, ds) // 257
        assert np.abs(shown.astype(int) - colours(truth))[measured].max() <= 2


def test_the_bundle_is_valid_fhir_as_document_and_as_transaction(signed):
    """fhir.resources knows R4B; what we write means the same in R4."""
    bundle = fhir_bundle(subject_of(signed))
    for made in (bundle, fhir_transaction(bundle)):
        read = Bundle.model_validate(made)
        assert len(read.entry) == len(bundle["entry"])
        assert {entry.request is not None for entry in read.entry} == {made is not bundle}
