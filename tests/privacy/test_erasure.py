"""After an erasure the store holds nothing of the patient; what must stay still verifies."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from qperfweb.core.errors import Conflict
from qperfweb.core.models import TrailEvent
from qperfweb.core.rls import site_scope
from qperfweb.dicom_network.models import ResultObject
from qperfweb.dicom_network.results import results_of
from qperfweb.privacy.erasure import patient_erase, preview, site_erase
from qperfweb.privacy.models import Erasure
from qperfweb.reports.services import report_pdf
from qperfweb.reviews.models import Reading, ReportDocument
from qperfweb.reviews.verify import verify_reading
from qperfweb.runs.bundles import bundle_folder, open_bundle
from qperfweb.runs.doctor import examine
from qperfweb.runs.named_files import bundles_named, objects_named
from qperfweb.studies.identity import open_identity
from qperfweb.studies.models import Patient, Study
from qperfweb.studies.storage import store_bytes
from tests.reading import acknowledge, sign
from tests.runs.examples import a_finished_run, a_study


@pytest.fixture
def signed(reading, reader):
    """A signed reading whose report was made, and whose result was published."""
    sign(acknowledge(reading, reader), reader)
    signed = Reading.objects.select_related("run", "study__patient").get()
    report_pdf(signed)
    stored = store_bytes([b"a published object"])
    ResultObject.objects.create(
        site_id=signed.site_id, study=signed.study, run=signed.run, reading=signed,
        publication="test", series_instance_uid="1.2", series_number=1, series_description="x",
        modality="SR", sop_instance_uid="1.2.3", sop_class_uid="1.2.4", instance_number=1,
        sha256=stored.sha256, size_bytes=stored.size_bytes,
    )  # fmt: skip
    return signed


def files_left():
    """Everything in the store but folders."""
    return [path for path in settings.STORE_DIR.rglob("*") if path.is_file()]


def test_nothing_is_left_in_the_store_and_the_signed_reading_still_verifies(
    signed, user_of, in_site, django_capture_on_commit_callbacks
):
    assert len(files_left()) > 10  # arrays, a report, a published object
    assert preview(signed.study.patient).results == 1
    with django_capture_on_commit_callbacks(execute=True):
        patient_erase(signed.study.patient, user_of("site_admin", in_site), reason="asked for it")
    assert files_left() == []
    assert not ResultObject.objects.exists()
    assert ReportDocument.objects.count() == 1  # nobody can delete its row, but it names no file
    assert (list(objects_named()), list(bundles_named())) == ([], [])
    assert list(examine(age_s=0)) == []
    reading = Reading.objects.get()
    assert verify_reading(reading) == []
    with pytest.raises(Conflict, match="was erased"):
        report_pdf(reading)
    with pytest.raises(Conflict, match="was erased"):
        open_bundle(settings.STORE_DIR, signed.run.bundle_sha256)
    assert results_of(Study.objects.get()) == []


def test_arrays_that_go_without_an_erasure_are_still_missed(signed):
    Patient.objects.update(identity_digest="erased-by-hand")
    for path in bundle_folder(settings.STORE_DIR, signed.run.bundle_sha256).iterdir():
        path.unlink()
    assert verify_reading(Reading.objects.get()) != []


def test_the_addresses_of_an_erased_patient_answer_in_words(
    signed, client_of, in_site, django_capture_on_commit_callbacks
):
    client = client_of("site_admin", in_site)
    with django_capture_on_commit_callbacks(execute=True):
        patient_erase(signed.study.patient, client.user, reason="asked for it")
    reader = client_of("reader", in_site)
    for address in (
        f"/api/runs/{signed.run.pk}/arrays/stress_mid.mbf",
        f"/api/readings/{signed.pk}/report.pdf",
        f"/api/readings/{signed.pk}/export.zip",
    ):
        answer = reader.get(address)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "erased"), address


def test_a_result_that_another_patient_shares_stays(
    run, user_of, in_site, as_worker, django_capture_on_commit_callbacks
):
    study = a_study(in_site, 2)
    with as_worker():
        twin = a_finished_run(study)  # the same arrays, so the same bundle
    assert twin.bundle_sha256 == run.bundle_sha256
    with django_capture_on_commit_callbacks(execute=True):
        patient_erase(run.study.patient, user_of("site_admin", in_site), reason="asked")
    assert "stress_mid.mbf" in open_bundle(settings.STORE_DIR, twin.bundle_sha256)


def test_a_whole_site_goes_by_command_after_saying_what_would_go(
    run, in_site, other_site, capsys, django_capture_on_commit_callbacks
):
    a_study(in_site, 2)
    with site_scope([other_site.pk]):
        a_study(other_site, 3)
    Study.objects.filter(state="receiving").update(state="nothing_to_analyse")
    call_command("erase_site", in_site.slug)
    assert "2 patients, 2 studies" in capsys.readouterr().out
    with pytest.raises(CommandError, match="--reason"):
        call_command("erase_site", in_site.slug, "--yes")
    assert not any(patient.is_erased for patient in Patient.objects.all())
    with django_capture_on_commit_callbacks(execute=True):
        call_command("erase_site", in_site.slug, "--yes", "--reason", "the site left")
    assert all(patient.is_erased for patient in Patient.objects.all())
    assert files_left() == []
    assert Erasure.objects.count() == 2
    actions = list(TrailEvent.objects.order_by("pk").values_list("action", flat=True))
    assert actions[-4:] == ["site.erasing", "patient.erased", "patient.erased", "site.erased"]
    with site_scope([other_site.pk]):
        assert open_identity(Patient.objects.get().identity).name == "Simulated^Exam3"


def test_who_is_being_analysed_is_left_and_named_by_number(run, in_site):
    Study.objects.update(state="analysing")
    done, left = site_erase(in_site, None, reason="x")
    assert done == 0
    assert left == [
        f"patient {run.study.patient_id}: An analysis of this patient is running; wait for it or "
        "cancel it."
    ]
    assert not TrailEvent.objects.filter(action="site.erased").exists()
