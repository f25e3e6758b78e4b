"""A study without identity, the way back, and erasing a patient."""

from __future__ import annotations

import io
import json
import zipfile

import pydicom
import pytest
from django.core.management import call_command

from qperfweb.core.errors import Conflict, Invalid, NotAllowed
from qperfweb.core.models import TrailEvent
from qperfweb.privacy.erasure import patient_erase, preview
from qperfweb.privacy.models import Erasure, Policy, Pseudonym
from qperfweb.privacy.pseudonyms import person_for, reidentify
from qperfweb.reviews.models import Reading
from qperfweb.reviews.verify import verify_reading
from qperfweb.studies.identity import open_identity
from qperfweb.studies.models import Instance, Patient, PatientIdentity
from qperfweb.studies.storage import object_path
from tests.reading import acknowledge, sign


def test_a_zip_names_nobody_says_what_was_left_out_and_is_recorded(study, client_of, in_site):
    client = client_of("reader", in_site)
    answer = client.get(f"/studies/{study.pk}/deidentified.zip")
    content = answer.getvalue()
    name = Pseudonym.objects.get().name
    assert f"{name}-{study.pk}.zip" in answer["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        about = json.loads(archive.read("about.json"))
        (file,) = [entry for entry in archive.namelist() if entry.endswith(".dcm")]
        found = pydicom.dcmread(io.BytesIO(archive.read(file)))
    assert (found.PatientName, found.PatientID) == (name, name)
    assert found.StudyInstanceUID != study.study_instance_uid
    assert b"Person" not in content
    assert about["objects"] == 1
    assert "burned into the image" in about["left_out"][0]
    assert TrailEvent.objects.get(action="study.exported").details["deidentified"] is True


def test_the_command_writes_one_zip_per_study(study, tmp_path, capsys):
    out = tmp_path / "out"
    call_command("export_deidentified", str(study.pk), "--out", str(out))
    (file,) = out.iterdir()
    assert file.name == f"{Pseudonym.objects.get().name}-{study.pk}.zip"
    assert "left out" in capsys.readouterr().err


def test_a_pseudonym_stays_is_encrypted_and_is_opened_only_with_permission_and_reason(
    study, user_of, in_site
):
    first, second = person_for(study.patient), person_for(study.patient)
    assert (first.name, first.shift_days) == (second.name, second.shift_days)
    assert -3650 <= first.shift_days < 0
    assert b"Person" not in bytes(Pseudonym.objects.get().sealed)
    with pytest.raises(NotAllowed):
        reidentify(user_of("reader", in_site), in_site, first.name, reason="curious")
    admin = user_of("site_admin", in_site)
    with pytest.raises(Invalid):
        reidentify(admin, in_site, first.name, reason=" ")
    identity, shift = reidentify(admin, in_site, first.name.lower(), reason="incidental finding")
    assert (identity.display_name, shift) == ("Test, Person", first.shift_days)
    assert TrailEvent.objects.get(action="identity.revealed").reason == "incidental finding"


def test_erasing_takes_identity_rows_and_files_and_leaves_the_fact(
    study, user_of, in_site, django_capture_on_commit_callbacks
):
    admin = user_of("site_admin", in_site)
    hashes = list(Instance.objects.values_list("sha256", flat=True))
    person_for(study.patient)
    assert preview(study.patient).objects == 2
    with pytest.raises(NotAllowed):
        patient_erase(study.patient, user_of("reader", in_site), reason="x")
    with django_capture_on_commit_callbacks(execute=True):
        patient_erase(study.patient, admin, reason="asked for it")
    assert not Instance.objects.exists()
    assert not any(object_path(sha256).exists() for sha256 in hashes)
    assert not Pseudonym.objects.exists()
    patient = Patient.objects.get()
    assert open_identity(PatientIdentity.objects.get()).display_name == "Erased"
    assert (patient.search_tokens, patient.identity_digest[:7]) == ([], "erased-")
    assert Erasure.objects.get().document["objects"] == 2
    event = TrailEvent.objects.get(action="patient.erased")
    assert event.reason == "asked for it"
    assert "Person" not in json.dumps(event.details)
    with pytest.raises(Conflict):
        patient_erase(patient, admin, reason="again")


def test_a_signed_reading_stays_under_its_pseudonym_and_still_verifies(
    reading, reader, user_of, in_site
):
    sign(acknowledge(reading, reader), reader)
    Policy.objects.create(site=in_site, readings_kept_years=10)
    before = preview(reading.study.patient)
    assert before.signed == 1
    assert before.kept_until.year - Reading.objects.get().signed_at.year == 10
    row = patient_erase(reading.study.patient, user_of("site_admin", in_site), reason="asked")
    assert row.rest_due_at == before.kept_until
    assert verify_reading(Reading.objects.get()) == []


def test_the_pages_show_rules_what_would_go_and_ask_twice(study, client_of, in_site):
    client = client_of("site_admin", in_site)
    form = {"images_kept_days": 30, "readings_kept_years": 12, "keep": ["device"]}
    client.post(f"/privacy/{in_site.slug}/policy/", form)
    policy = Policy.objects.get()
    assert (policy.images_kept_days, policy.readings_kept_years) == (30, 12)
    assert policy.keep == ["device"]
    assert "Nothing is older than 30 days" in client.get("/privacy/").content.decode()
    page = client.get(f"/studies/{study.pk}/erase/").content.decode()
    assert "Erase Test, Person" in page
    assert "2 image objects" in page
    halfway = client.post(f"/studies/{study.pk}/erase/", {"reason": "asked", "confirmation": "yes"})
    assert halfway.status_code == 400
    assert Instance.objects.count() == 2
    done = {"reason": "asked", "confirmation": "Erase"}
    assert client.post(f"/studies/{study.pk}/erase/", done).status_code == 302
    assert not Instance.objects.exists()
    name = {"name": "QP-0000000000", "reason": "x"}
    assert client.post(f"/privacy/{in_site.slug}/reveal/", name).status_code == 404
