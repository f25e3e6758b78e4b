"""Deciding about what was set aside: groups, what can be decided, files, the pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analysis.dicom.reading import walk
from qperfweb.core.errors import Invalid
from qperfweb.core.models import TrailEvent
from qperfweb.studies.cleaning import delete_unnamed
from qperfweb.studies.intake import batch_begin, receive_all
from qperfweb.studies.models import Instance, IntakeProblem, IntakeSource, Patient, Study
from qperfweb.studies.problems import group_resolve, open_groups, resolutions_of
from qperfweb.studies.storage import object_path
from tests.dicom import make

OTHER_STUDY = "1.2.826.0.1.3680043.10.999.5.5"


@pytest.fixture
def send(in_site: Any, tmp_path: Path) -> Any:
    def deliver(*images: Any) -> list[Any]:
        batch = batch_begin(in_site, IntakeSource.COMMAND)
        folder = tmp_path / f"d{batch.pk}"
        return receive_all(batch, walk([make.write(folder, list(images))]))

    return deliver


def of_somebody_else(number: int, **changes: Any) -> Any:
    fields = {"PatientName": "Somebody^Else", "PatientBirthDate": "19701231"} | changes
    return make.image(study=OTHER_STUDY, number=number, SeriesInstanceUID="1.2.3.4.5", **fields)


@pytest.fixture
def conflict(send: Any) -> IntakeProblem:
    send(make.image())
    send(*[of_somebody_else(n) for n in (11, 12, 13)])
    problem = IntakeProblem.objects.order_by("id").first()
    assert problem is not None
    return problem


def test_what_names_one_study_and_person_is_one_group(conflict: Any, in_site: Any) -> None:
    (group,) = open_groups([in_site.pk])
    assert (group["count"], group["code"]) == (3, "identity-conflict")


def test_the_same_person_after_all_joins_the_known_patient(
    conflict: Any, user_of: Any, in_site: Any
) -> None:
    user = user_of("technologist", in_site)
    assert len(group_resolve(conflict, user=user, resolution="take", reason="married")) == 3
    assert Patient.objects.count() == 1
    assert Study.objects.count() == 2
    assert open_groups([in_site.pk]) == []
    assert TrailEvent.objects.filter(action="intake.decided", reason="married").count() == 3


def test_another_person_gets_a_record_of_their_own_and_later_images_follow(
    conflict: Any, send: Any, user_of: Any, in_site: Any
) -> None:
    group_resolve(
        conflict, user=user_of("reader", in_site), resolution="other", reason="two people"
    )
    assert Patient.objects.count() == 2
    study = Study.objects.get(study_instance_uid=OTHER_STUDY)
    assert study.patient != Study.objects.exclude(pk=study.pk).get().patient
    (outcome,) = send(of_somebody_else(14))
    assert (outcome.status, outcome.study_id) == ("accepted", study.pk)
    (outcome,) = send(of_somebody_else(15, PatientName="Third^Person"))
    assert outcome.code == "identity-conflict"


def test_an_object_of_a_known_study_cannot_be_another_persons(
    send: Any, user_of: Any, in_site: Any
) -> None:
    send(make.image())
    send(make.image(number=2, PatientName="Somebody^Else"))
    problem = IntakeProblem.objects.get()
    assert resolutions_of(problem) == ("take", "leave", "reject")
    with pytest.raises(Invalid):
        group_resolve(problem, user=user_of("reader", in_site), resolution="other", reason="x")


def test_rejected_files_are_deleted_and_files_that_others_need_stay(
    conflict: Any, user_of: Any, in_site: Any, django_capture_on_commit_callbacks: Any
) -> None:
    hashes = set(IntakeProblem.objects.values_list("sha256", flat=True))
    kept = set(Instance.objects.values_list("sha256", flat=True))
    with django_capture_on_commit_callbacks(execute=True):
        group_resolve(
            conflict, user=user_of("reader", in_site), resolution="reject", reason="wrong"
        )
    assert not any(object_path(one).exists() for one in hashes)
    assert delete_unnamed(kept) == 0
    assert all(object_path(one).exists() for one in kept)


def test_the_pages_show_both_sides_and_take_a_decision(
    conflict: Any, client_of: Any, in_site: Any
) -> None:
    client = client_of("technologist", in_site)
    assert "Set aside" in client.get("/upload/").content.decode()
    page = client.get("/set-aside/").content.decode()
    assert "Same patient ID, different person?" in page
    address = f"/set-aside/{conflict.pk}/"
    page = client.get(address).content.decode()
    assert "Somebody, Else" in page
    assert "Test, Person" in page
    assert "It is another person" in page
    assert page.count("chip-warn") >= 2
    assert TrailEvent.objects.filter(action="intake.problem_viewed", actor=client.user).exists()
    assert client.post(address, {"resolution": "take"}).status_code == 400
    done = client.post(address, {"resolution": "leave", "reason": "asked back"}, follow=True)
    assert "Decided about 3 objects." in done.content.decode()
    assert "Nothing waits for a decision." in done.content.decode()
    assert client.post(address, {"resolution": "take", "reason": "x"}).status_code == 409
    assert "Decided already" in client.get(address).content.decode()


def test_who_may_only_look_does_not_decide(conflict: Any, client_of: Any, in_site: Any) -> None:
    client = client_of("auditor", in_site)
    page = client.get(f"/set-aside/{conflict.pk}/").content.decode()
    assert "Technologists, readers and site administrators decide." in page
    form = {"resolution": "take", "reason": "x"}
    assert client.post(f"/set-aside/{conflict.pk}/", form).status_code == 403
