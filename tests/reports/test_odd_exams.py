"""Exams with odd patients, missing attributes and few slices: what we write of them stays valid."""

from __future__ import annotations

import io

import pytest
from fhir.resources.R4B.bundle import Bundle
from pydicom import dcmread

from qperfweb.reports.exports.archive import dicom_objects
from qperfweb.reports.exports.common import to_bytes
from qperfweb.reports.exports.fhir import fhir_bundle, fhir_transaction
from qperfweb.reports.exports.subject import subject_of, subject_of_run
from qperfweb.reviews.models import Reading
from qperfweb.reviews.services import reading_open
from tests.dicom.validator import complaints, needs_dciodvfy
from tests.reading import acknowledge, contour, edit, override, sign
from tests.reports.exports import analysed, images, received

EVERYTHING = (
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
    "StudyID", "AccessionNumber", "ReferringPhysicianName", "FrameOfReferenceUID",
)  # fmt: skip

PATIENTS = {
    "japanese": {
        "SpecificCharacterSet": ["", "ISO 2022 IR 87"],
        "PatientName": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    },
    "cyrillic": {
        "SpecificCharacterSet": "ISO_IR 144",
        "PatientName": "Люкceмбypг^Иван",
        "ReferringPhysicianName": "Иванов^Иван",
    },
    "nobody": dict.fromkeys(EVERYTHING),
    "long": {
        "PatientName": "A" * 70 + "^" + "B" * 70,
        "StudyDescription": "word " * 30,
        "ReferringPhysicianName": "C" * 90,
    },
    "senseless": {
        "PatientSex": "female",
        "PatientBirthDate": "1970-01-02",
        "StudyDate": "20261399",
        "StudyTime": "9:00",
        "PatientName": "A^B^C^D^E^F^G",
        "StudyID": "a\nb",
        "StudyDescription": "two\r\nlines\tand a tab",
        "ReferringPhysicianName": "=",
    },
}

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # what is odd is odd on purpose


@pytest.fixture
def written(in_site, as_worker, reader, tmp_path):
    """``written(elements, ...)``: an exam with these elements, analysed; its export by file name,
    once as the device's work and once edited and signed, each with its FHIR bundle.
    """

    def write(elements, **shape):
        objects = images(**({"AccessionNumber": "A1"} | elements))
        study = received(in_site, tmp_path / "exam", objects)
        with as_worker():
            run = analysed(study, **shape)
        yield subject_of_run(run)
        reading = reading_open(study, reader)
        first = run.document["acquisitions"][0]["slices"][0]
        number = first["segments"][0]["segment"]
        for change in (
            override(1.37, number, run.document["acquisitions"][0]["condition"]),
            contour(first["key"]),
        ):
            reading = edit(reading, reader, change)
        if ("stress", "mid") in shape.get("kept", [("stress", "mid")]):
            reading = acknowledge(reading, reader)
        sign(reading, reader)
        yield subject_of(Reading.objects.get(pk=reading.pk))

    return write


def check(subject, folder):
    """The objects as others read them; each without an error, and the bundle valid FHIR."""
    objects = {}
    for name, ds in dicom_objects(subject):
        path = folder / name
        path.write_bytes(to_bytes(ds))
        assert complaints(path) == [], name
        objects[name] = dcmread(io.BytesIO(path.read_bytes()))
    bundle = fhir_bundle(subject)
    for made in (bundle, fhir_transaction(bundle)):
        assert len(Bundle.model_validate(made).entry) == len(bundle["entry"])
    return objects


@needs_dciodvfy
@pytest.mark.parametrize("patient", PATIENTS)
def test_results_of_an_odd_patient_are_valid(written, tmp_path, patient):
    *_, signed = written(PATIENTS[patient])
    objects = check(signed, tmp_path)
    assert {"sr.dcm", "seg-1.dcm", "map-1.dcm", "palette-1.dcm", "report.dcm"} <= objects.keys()
    if patient in ("japanese", "cyrillic"):
        for name, ds in objects.items():
            assert ds.PatientName == PATIENTS[patient]["PatientName"], name


@needs_dciodvfy
@pytest.mark.parametrize("kept", [(("stress", "mid"),), (("rest", "basal"), ("rest", "apical"))])
def test_results_of_few_slices_are_valid_as_automated_and_as_edited_ones(written, tmp_path, kept):
    for number, subject in enumerate(written({}, kept=kept)):
        (folder := tmp_path / str(number)).mkdir()
        objects = check(subject, folder)
        assert sum(name.startswith("palette") for name in objects) == len(kept)
        assert ("report.dcm" in objects) == bool(number)


def test_identifiers_that_are_too_long_are_not_cut(written):
    *_, signed = written({"AccessionNumber": "A" * 20, "PatientID": "1" * 70})
    for name, ds in dicom_objects(signed):
        assert (ds.AccessionNumber, ds.PatientID) == ("A" * 20, "1" * 70), name
