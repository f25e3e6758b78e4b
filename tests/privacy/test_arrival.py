"""At a site that keeps no identity, nothing that arrives leaves a trace of who the patient is."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from analysis.dicom import load_exam, read_objects
from analysis.dicom.reading import Candidate, walk
from analysis.phantom import simulate_exam, write_dicom
from analysis.phantom.styles import STYLES
from qperfweb.core.models import TrailEvent
from qperfweb.privacy.models import Policy, Pseudonym
from qperfweb.privacy.pseudonyms import person_for, reidentify
from qperfweb.privacy.taking_out import write_deidentified
from qperfweb.studies.identity import open_identity
from qperfweb.studies.intake import batch_begin, receive_all
from qperfweb.studies.models import (
    Instance,
    IntakeProblem,
    IntakeSource,
    Patient,
    PatientIdentity,
    Study,
)
from qperfweb.studies.storage import object_path
from qperfweb.studies.uploads import UploadedSource
from tests.dicom import make
from tests.privacy.naming import WORDS, naming_image, traces


@pytest.fixture(scope="module")
def exam():
    return simulate_exam(3, slices=1, beats=16, tier="easy", defects=(), conditions=("stress",))


@pytest.fixture
def policy(in_site):
    return Policy.objects.create(site=in_site, clean_on_arrival=True)


def delivered(site, *objects):
    batch = batch_begin(site, IntakeSource.COMMAND)
    folder = [(f"Hidden Agatha/{n}.dcm", ds) for n, ds in enumerate(objects)]
    return receive_all(batch, found(folder))


def found(files):
    for name, ds in files:
        yield Candidate(name, UploadedSource(SimpleUploadedFile("x", make.to_bytes(ds))))


def test_an_upload_in_the_browser_keeps_nothing_that_names_the_patient(
    policy, in_site, client_of, settings
):
    client = client_of("technologist", in_site)
    upload = client.post("/api/uploads/", {"site": ""}, content_type="application/json").json()
    files = [
        SimpleUploadedFile("Hidden_Agatha.dcm", make.to_bytes(naming_image())),
        SimpleUploadedFile("Hidden_Agatha.txt", b"no image of Agatha"),
    ]
    answer = client.post(f"/api/uploads/{upload['id']}/objects/", {"files": files}).json()
    statuses = [(one["name"], one["status"]) for one in answer["outcomes"]]
    assert statuses == [("Hidden_Agatha.dcm", "accepted"), ("Hidden_Agatha.txt", "refused")]
    assert traces(settings.STORE_DIR) == []
    (name,) = Pseudonym.objects.values_list("name", flat=True)
    identity = open_identity(PatientIdentity.objects.get())
    assert (identity.name, identity.patient_id, identity.birth_date) == (name, name, "")
    kept = pydicom.dcmread(object_path(Instance.objects.get().sha256))
    assert (kept.PatientID, kept.PatientIdentityRemoved) == (name, "YES")
    assert [e for e in kept.iterall() if e.tag.is_private] == []
    actions = set(TrailEvent.objects.values_list("action", flat=True))
    assert {"patient.pseudonymised", "intake.deidentified"} <= actions


def test_what_comes_over_stow_names_nobody_either(policy, in_site, client_of, settings):
    client = client_of("technologist", in_site)
    part = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + make.to_bytes(naming_image())
    answer = client.post(
        "/dicom-web/studies", part + b"\r\n--b--\r\n",
        content_type='multipart/related; type="application/dicom"; boundary=b',
    )  # fmt: skip
    assert answer.status_code == 200, answer.content
    assert not any(word.encode() in answer.content for word in WORDS)
    assert Instance.objects.count() == 1
    assert traces(settings.STORE_DIR) == []


def test_a_patient_keeps_name_and_move_of_dates_and_the_study_its_uids(policy, in_site):
    delivered(in_site, naming_image(1))
    delivered(in_site, naming_image(2), naming_image(1, series="later", study=make.uid("second")))
    assert Patient.objects.count() == Pseudonym.objects.count() == 1
    first, second = Study.objects.order_by("id")
    assert Instance.objects.filter(series__study=first).count() == 2
    assert first.study_date == second.study_date != make.image().StudyDate
    assert first.study_instance_uid != make.STUDY
    assert [one.status for one in delivered(in_site, naming_image(1))] == ["duplicate"]


def test_two_people_under_one_id_do_not_become_one(policy, in_site, settings):
    delivered(in_site, naming_image(1))
    other = naming_image(2)
    other.PatientName = "Else^Somebody"
    (outcome,) = delivered(in_site, other)
    assert (outcome.status, outcome.code) == ("refused", "identity-conflict")
    problem = IntakeProblem.objects.get()
    assert (problem.sha256, problem.file_name) == ("", "")
    assert "another name" in problem.message
    assert traces(settings.STORE_DIR) == []


def test_pictures_that_may_show_a_name_are_refused_in_words(policy, in_site):
    burned = naming_image(1, BurnedInAnnotation="YES")
    screen = naming_image(2, ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"])
    outcomes = delivered(in_site, burned, screen)
    assert [(one.status, one.code) for one in outcomes] == [("refused", "may-name-patient")] * 2
    assert "burned into the image" in outcomes[0].message
    assert "picture of a screen" in outcomes[1].message
    assert not Instance.objects.exists()


def test_who_it_was_is_told_with_permission_and_taking_out_keeps_the_name(policy, in_site, user_of):
    delivered(in_site, naming_image(1))
    name = Pseudonym.objects.get().name
    who, shift = reidentify(user_of("site_admin", in_site), in_site, name, reason="finding")
    assert (who.name, who.patient_id, shift < 0) == ("Hidden^Agatha", "MRN-7731", True)
    study = Study.objects.select_related("patient").get()
    assert (person_for(study.patient).name, person_for(study.patient).shift_days) == (name, 0)
    assert write_deidentified(study, None, io.BytesIO()).objects == 1


def test_a_patient_without_an_id_is_cleaned_too(policy, in_site):
    nameless = naming_image(1, StudyDescription="Study of the heart", PatientComments=None)
    nameless.PatientID = ""
    (outcome,) = delivered(in_site, nameless)
    assert outcome.status == "accepted", outcome.message


def test_a_site_without_the_rule_keeps_what_it_gets(in_site):
    delivered(in_site, naming_image(1))
    assert open_identity(PatientIdentity.objects.get()).name == "Hidden^Agatha"
    assert not Pseudonym.objects.exists()


@pytest.mark.parametrize("style", STYLES)
def test_an_exam_of_every_scanner_is_read_alike_without_its_identity(
    style, exam, policy, in_site, tmp_path
):
    sent = tmp_path / "exam"
    write_dicom(replace(exam, style=style), sent)
    batch = batch_begin(in_site, IntakeSource.COMMAND)
    outcomes = receive_all(batch, walk([sent]))
    assert {one.status for one in outcomes} == {"accepted"}, outcomes[0]
    kept = [object_path(sha) for sha in Instance.objects.values_list("sha256", flat=True)]
    before, after = (load_exam(read_objects(paths)[0]) for paths in ([sent], kept))
    assert [one.condition for one in before.acquisitions] == [
        one.condition for one in after.acquisitions
    ]
    for known, cleaned in zip(before.acquisitions, after.acquisitions, strict=True):
        assert (known.aif is None) == (cleaned.aif is None)
        for one, other in zip(known.slices, cleaned.slices, strict=True):
            assert one.position == other.position
            np.testing.assert_array_equal(one.signal, other.signal)
            np.testing.assert_allclose(one.time_s, other.time_s, atol=1e-3)
