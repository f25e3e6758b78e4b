"""The worklist, a study, its series and decisions over HTTP: right rows, right people, recorded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.crypto import get_random_string

from analysis.dicom.reading import walk
from qperfweb.core.models import TrailEvent
from qperfweb.studies.identity import Identity, identity_digest, seal
from qperfweb.studies.intake import batch_begin, batch_finish, receive_all
from qperfweb.studies.models import IntakeProblem, IntakeSource, Patient, Series, Study
from qperfweb.studies.queries import WorklistFilter, worklist
from tests.dicom import make


def study_of(site: Any, name: str, number: int = 1, **fields: Any) -> Study:
    identity = Identity(patient_id=f"{name[:3]}-{number}", name=name)
    patient = Patient.objects.create(site=site, identity_digest=identity_digest(identity))
    seal(patient, identity)
    facts = {
        "study_instance_uid": make.uid(site.slug, name, number, get_random_string(8)),
        "last_received_at": timezone.now() - timedelta(minutes=number),
    }
    return Study.objects.create(site=site, patient=patient, **(facts | fields))


@pytest.fixture
def listed(in_site: Any) -> Iterator[Any]:
    study_of(in_site, "Müller^Anna", 1, conditions=["stress", "rest"], study_date="2026-01-05")
    study_of(in_site, "Smith^John", 2, state="ready", flag_count=2, accession_number="A77")
    study_of(in_site, "Smithers^Jane", 3, state="failed", study_date="2025-12-01")
    yield in_site


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Müller, Anna", "Smith, John", "Smithers, Jane"]),
        ("q=mul", ["Müller, Anna"]),
        ("q=smith", ["Smith, John", "Smithers, Jane"]),
        ("q=smith jo", ["Smith, John"]),
        ("q=Smi-2", ["Smith, John"]),
        ("q=A77", ["Smith, John"]),
        ("q=nobody", []),
        ("state=ready,failed", ["Smith, John", "Smithers, Jane"]),
        ("condition=stress", ["Müller, Anna"]),
        ("flagged=1", ["Smith, John"]),
        ("from=2026-01-01", ["Müller, Anna"]),
        ("to=2025-12-31", ["Smithers, Jane"]),
        ("ordering=received", ["Smithers, Jane", "Smith, John", "Müller, Anna"]),
        ("ordering=study_date", ["Smithers, Jane", "Müller, Anna", "Smith, John"]),
        ("page_size=1&page=2", ["Smith, John"]),
        ("site=north", ["Müller, Anna", "Smith, John", "Smithers, Jane"]),
        ("site=South Hospital", []),
    ],
)
def test_the_worklist_finds_and_orders(
    listed: Any, client_of: Any, query: str, names: list[str]
) -> None:
    asked = dict(parse_qsl(query))
    answer = client_of("reader", listed).post(
        "/api/studies/", asked, content_type="application/json"
    )
    assert answer.status_code == 200, answer.content
    assert [row["patient_name"] for row in answer.json()["results"]] == names


@pytest.mark.parametrize(
    "query", ["ordering=patient_name", "page=0", "from=soon", "condition=x", "q=Smith"]
)
def test_a_worklist_question_without_sense_is_refused(
    listed: Any, client_of: Any, query: str
) -> None:
    answer = client_of("reader", listed).get(f"/api/studies/?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["field"]


def test_the_worklist_shows_only_the_user_s_sites(
    listed: Any, other_site: Any, client_of: Any
) -> None:
    answer = client_of("reader", other_site).get("/api/studies/").json()
    assert (answer["count"], answer["results"]) == (0, [])
    assert Client().get("/api/studies/").status_code in (401, 403)


class TestReceivedStudy:
    @pytest.fixture
    def study(self, in_site: Any, tmp_path: Path) -> Study:
        batch = batch_begin(in_site, IntakeSource.COMMAND)
        folder = make.write(tmp_path / "x", make.first_pass("perf A"))
        outcomes = receive_all(batch, walk([folder]))
        batch_finish(batch, {o.study_id for o in outcomes if o.study_id}, complete=False)
        return Study.objects.get()

    def test_looking_at_a_study_is_recorded(
        self, study: Study, client_of: Any, in_site: Any
    ) -> None:
        client = client_of("reader", in_site)
        answer = client.get(f"/api/studies/{study.pk}/").json()
        assert answer["study"]["patient_name"] == "Test, Person"
        event = TrailEvent.objects.get(action="study.viewed")
        assert (event.actor, event.object_id) == (client.user, str(study.pk))

    def test_series_come_with_evidence_and_image_files(
        self, study: Study, client_of: Any, in_site: Any
    ) -> None:
        client = client_of("reader", in_site)
        (series,) = client.get(f"/api/studies/{study.pk}/series/").json()
        assert series["classification"]["kind"] == "perfusion"
        assert series["classification"]["evidence"]
        assert len(series["image_urls"]) == series["instance_count"] == 20
        file = client.get(series["image_urls"][0])
        content = b"".join(file.streaming_content)
        assert content[128:132] == b"DICM"
        again = client.get(series["image_urls"][0], headers={"If-None-Match": file["ETag"]})
        assert again.status_code == 304

    def test_a_correction_is_stored_with_its_author_and_classifies_anew(
        self, study: Study, client_of: Any, in_site: Any
    ) -> None:
        client = client_of("technologist", in_site)
        series = Series.objects.get()
        address = f"/api/series/{series.pk}/correction/"
        wrong = {"correction": {"condition": "lunch"}, "reason": "x"}
        answer = client.post(address, wrong, content_type="application/json")
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "correction")
        right = {"correction": {"condition": "stress", "position": "apical"}, "reason": "protocol"}
        answer = client.post(address, right, content_type="application/json").json()
        assert answer["classification"]["condition"] == "stress"
        assert answer["classification"]["positions"] == ["apical"]
        assert answer["correction"] == {"condition": "stress", "position": "apical"}
        study.refresh_from_db()
        assert study.conditions == ["stress"]
        event = TrailEvent.objects.get(action="series.reclassified")
        assert event.reason == "protocol"
        back = {"correction": None, "reason": "mistake"}
        answer = client.post(address, back, content_type="application/json").json()
        assert answer["correction"] is None
        assert answer["classification"]["condition"] == "unknown"

    def test_who_may_only_look_corrects_nothing(
        self, study: Study, client_of: Any, in_site: Any
    ) -> None:
        series = Series.objects.get()
        body = {"correction": None, "reason": "x"}
        answer = client_of("auditor", in_site).post(
            f"/api/series/{series.pk}/correction/", body, content_type="application/json"
        )
        assert answer.status_code == 403

    @pytest.mark.parametrize("path", ["studies/{s}/", "studies/{s}/series/", "instances/{i}/file"])
    def test_nothing_of_another_site_is_found(
        self, study: Study, client_of: Any, other_site: Any, path: str
    ) -> None:
        instance = study.series.get().instances.first()
        assert instance is not None
        client = client_of("reader", other_site)
        assert client.get("/api/" + path.format(s=study.pk, i=instance.pk)).status_code == 404

    def test_set_aside_objects_are_listed_and_decided(
        self, study: Study, client_of: Any, in_site: Any, tmp_path: Path
    ) -> None:
        batch = batch_begin(in_site, IntakeSource.COMMAND)
        other = make.image(number=99, PatientName="Somebody^Else")
        receive_all(batch, walk([make.write(tmp_path / "y", [other])]))
        client = client_of("technologist", in_site)
        (problem,) = client.get("/api/intake/problems/").json()
        assert problem["code"] == "identity-conflict"
        answer = client.post(
            f"/api/intake/problems/{problem['id']}/decision/",
            {"resolution": "take", "reason": "married"},
            content_type="application/json",
        )
        assert answer.status_code == 200, answer.content
        assert client.get("/api/intake/problems/").json() == []
        assert IntakeProblem.objects.get().resolution == "take"


def test_a_page_of_the_worklist_takes_two_queries_and_search_and_runs_one_more_each(
    listed: Any, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(2):
        worklist(WorklistFilter(site_ids=(listed.pk,), states=("ready",)))
    with django_assert_num_queries(3):  # one failed, and its reason is told
        worklist(WorklistFilter(site_ids=(listed.pk,)))
    with django_assert_num_queries(4):
        worklist(WorklistFilter(site_ids=(listed.pk,), text="smith"))
