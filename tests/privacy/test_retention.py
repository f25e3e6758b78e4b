"""Images go when their site keeps them no longer; a copy of everything is taken out before."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from qperfweb.core.errors import Invalid, NotAllowed
from qperfweb.core.models import TrailEvent
from qperfweb.privacy.copies import write_patient_copy
from qperfweb.privacy.models import Policy
from qperfweb.privacy.retention import SOON, images_due
from qperfweb.privacy.tasks import retain_images
from qperfweb.studies.models import Instance, Study
from qperfweb.studies.storage import object_path
from tests.reading import acknowledge, sign


@pytest.fixture
def policy(in_site):
    return Policy.objects.create(site=in_site, images_kept_days=30)


def received(study, days_ago):
    at = timezone.now() - timedelta(days=days_ago)
    Study.objects.filter(pk=study.pk).update(last_received_at=at)


def test_images_that_are_due_are_foretold_and_then_go_by_the_worker(
    study, policy, in_site, client_of, as_worker, django_capture_on_commit_callbacks
):
    received(study, days_ago=20)
    assert images_due(in_site.pk) == []
    (soon,) = images_due(in_site.pk, within=SOON)
    assert (soon.study, soon.objects) == (study, 2)
    page = client_of("site_admin", in_site).get("/privacy/").content.decode()
    assert f"Study {study.pk}" in page
    with as_worker():
        retain_images(0)
    assert Instance.objects.count() == 2

    received(study, days_ago=31)
    hashes = list(Instance.objects.values_list("sha256", flat=True))
    with as_worker(), django_capture_on_commit_callbacks(execute=True):
        retain_images(0)
    assert not Instance.objects.exists()
    assert not any(object_path(sha256).exists() for sha256 in hashes)
    event = TrailEvent.objects.get(action="study.images_removed")
    assert (event.object_id, event.details["objects"]) == (str(study.pk), 2)
    assert event.reason == "The site keeps images 30 days."


def test_a_study_that_is_being_analysed_waits_and_a_site_without_a_rule_keeps_all(
    study, in_site, as_worker
):
    received(study, days_ago=10_000)
    assert images_due(in_site.pk) == []
    Policy.objects.create(site=in_site, images_kept_days=30)
    Study.objects.update(state="analysing")
    assert images_due(in_site.pk) == []


def test_the_command_lists_and_removes(
    study, policy, in_site, capsys, django_capture_on_commit_callbacks
):
    received(study, days_ago=31)
    call_command("retention")
    assert f"{in_site.slug}, study {study.pk}, 2 objects" in capsys.readouterr().out
    assert Instance.objects.count() == 2
    with django_capture_on_commit_callbacks(execute=True):
        call_command("retention", "--remove")
    assert "removed" in capsys.readouterr().out
    assert not Instance.objects.exists()


def test_a_patient_gets_a_copy_of_everything(reading, reader, in_site, user_of):
    sign(acknowledge(reading, reader), reader)
    patient = reading.study.patient
    with pytest.raises(NotAllowed):
        write_patient_copy(patient, reader, io.BytesIO(), reason="x")
    admin, zipped = user_of("site_admin", in_site), io.BytesIO()
    with pytest.raises(Invalid):
        write_patient_copy(patient, admin, zipped, reason=" ")
    write_patient_copy(patient, admin, zipped, reason="right of access")
    with zipfile.ZipFile(zipped) as archive:
        about = json.loads(archive.read("about.json"))
        signed = json.loads(archive.read(f"study-01/reading-{reading.pk}.json"))
        report = archive.read(f"study-01/reading-{reading.pk}.pdf")
        access = archive.read("access.csv").decode()
    assert about["patient"]["name"] == "Simulated^Exam1"
    assert signed["signatures"][0]["name"] == reader.full_name
    assert report.startswith(b"%PDF")
    assert "reading.signed" in access
    assert TrailEvent.objects.get(action="patient.exported").reason == "right of access"


def test_images_of_a_patient_are_in_the_copy_by_page_and_by_command(
    study, in_site, client_of, tmp_path
):
    client = client_of("site_admin", in_site)
    address = f"/studies/{study.pk}/patient.zip"
    assert client.post(address, {"reason": ""}).status_code == 400
    answer = client.post(address, {"reason": "asked"})
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as archive:
        images = [name for name in archive.namelist() if name.endswith(".dcm")]
    assert len(images) == 2
    out = tmp_path / "out"
    call_command("export_patients", in_site.slug, "--out", str(out), "--reason", "moving")
    assert [path.name for path in out.iterdir()] == [f"patient-{study.patient_id}.zip"]
