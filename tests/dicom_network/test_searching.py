"""QIDO-RS as foreign clients use it: across studies, by lists, ranges, wildcards, page by page."""

from __future__ import annotations

import pytest

from qperfweb.studies.models import Study
from tests.dicom import make
from tests.reports.exports import analysed, images, received

OTHER = make.uid("another study")


@pytest.fixture
def client(client_of, in_site, tmp_path):
    received(in_site, tmp_path / "a", images()[::3])
    received(
        in_site,
        tmp_path / "b",
        [
            make.image(
                study=OTHER, series="scout", number=n, PatientID="P22", PatientName="Other^Anna",
                PatientBirthDate="19601231", PatientSex="M", StudyDate="20251130",
                StudyTime="143000", StudyDescription="Heart (MR)", PatientWeight=71.5,
                ReferringPhysicianName="House^Gregory", StudyID="77",
            )
            for n in (1, 2, 3)
        ],
    )  # fmt: skip
    return client_of("reader", in_site)


def found(client, query, level="studies"):
    """Study UIDs of the answers, in their order."""
    answer = client.get(f"/dicom-web/{level}?{query}")
    assert answer.status_code == 200, answer.content
    return [one["0020000D"]["Value"][0] for one in answer.json()]


@pytest.mark.parametrize(
    "query",
    [
        "StudyDate=20251130",
        "StudyDate=-20251231",
        "StudyDate=20251101-20251201",
        "StudyTime=1400-1430",
        "StudyTime=100000-",
        "PatientBirthDate=19601231",
        "PatientBirthDate=-19651231",
        "PatientSex=M",
        "PatientID=P2*",
        "PatientID=P?2",
        "PatientName=Ot?er*",
        "PatientName=*anna",
        "PatientName=anna&fuzzymatching=true",
        "StudyDescription=heart%20(*",
        f"StudyInstanceUID={OTHER}",
        f"0020000D={OTHER}&00100020=P22",
        f"SeriesInstanceUID={make.uid(OTHER, 'scout')}",
        f"SOPInstanceUID={make.uid(OTHER, 'scout', 2)}",
    ],
)
def test_a_query_finds_the_one_study_that_it_means(client, query):
    assert found(client, query) == [OTHER]


def test_lists_universal_matches_and_nothing(client):
    both = {OTHER, make.STUDY}
    assert set(found(client, f"StudyInstanceUID={OTHER},{make.STUDY}")) == both
    assert set(found(client, f"StudyInstanceUID={OTHER}&StudyInstanceUID={make.STUDY}")) == both
    assert set(found(client, f"StudyInstanceUID={OTHER}%5C{make.STUDY}")) == both
    assert set(found(client, "PatientName=*&StudyDate=")) == both
    assert found(client, "ModalitiesInStudy=CT,US") == []
    assert set(found(client, "ModalitiesInStudy=CT,MR")) == both


def test_series_and_instances_are_found_across_studies(client, in_site):
    assert set(found(client, "", "series")) == {OTHER, make.STUDY}
    assert found(client, "SeriesDescription=scout", "series") == [OTHER]
    assert found(client, f"SOPInstanceUID={make.uid(OTHER, 'scout', 2)}", "instances") == [OTHER]
    assert found(client, "Modality=MR&PatientID=P22", "instances") == [OTHER] * 3
    assert found(client, "InstanceNumber=3&Modality=MR&PatientID=P22", "instances") == [OTHER]


def test_results_count_once_they_are_made(client, in_site, as_worker):
    study = Study.objects.get(study_instance_uid=make.STUDY)
    (before,) = client.get(f"/dicom-web/studies?StudyInstanceUID={make.STUDY}").json()
    assert before["00080061"]["Value"] == ["MR"]
    with as_worker():
        analysed(study)
    # Nobody has asked for this study's series yet: searching all must not make all results.
    assert found(client, "Modality=SEG", "series") == []
    series = client.get(f"/dicom-web/studies/{make.STUDY}/series").json()
    instances = client.get(f"/dicom-web/studies/{make.STUDY}/instances").json()
    (after,) = client.get("/dicom-web/studies?ModalitiesInStudy=SEG&PatientID=P1").json()
    assert {"MR", "SEG", "SR"} <= set(after["00080061"]["Value"])
    assert after["00201206"]["Value"] == [len(series)]
    assert after["00201208"]["Value"] == [len(instances)]
    assert set(found(client, "Modality=SEG", "series")) == {make.STUDY}


def test_pages_say_that_there_is_more_and_together_are_everything(client):
    whole = client.get(f"/dicom-web/studies/{make.STUDY}/instances").json()
    assert len(whole) > 5
    paged, offset = [], 0
    while True:
        answer = client.get(f"/dicom-web/studies/{make.STUDY}/instances?limit=5&offset={offset}")
        paged += answer.json()
        offset += 5
        if "additional results" not in answer.get("Warning", ""):
            break
    assert paged == whole
    assert client.get("/dicom-web/studies?limit=0").json() == []
    past = client.get("/dicom-web/studies?offset=99")
    assert (past.status_code, past.json()) == (200, [])  # CP-2473: no 204
    assert "Warning" not in client.get("/dicom-web/studies?offset=1")


def test_fields_come_at_every_level_when_they_are_asked_for(client):
    def one(level, fields):
        answer = client.get(f"/dicom-web/{level}?StudyInstanceUID={OTHER}&includefield={fields}")
        return answer.json()[0]

    assert "00101030" not in one("studies", "")
    named = one("studies", "PatientWeight,00200010,NoSuchThing")
    assert named["00101030"]["Value"] == [71.5]
    assert named["00200010"]["Value"] == ["77"]
    for level in ("studies", "series", "instances"):
        whole = one(level, "all")
        assert whole["00101030"]["Value"] == [71.5], level
        assert ("00280030" in whole) == (level == "instances")
        assert "7FE00010" not in whole
    assert one("series", "all")["00200052"]["Value"]


def test_what_a_client_accepts_is_heeded(client):
    def status(accept, level="studies"):
        answer = client.get(f"/dicom-web/{level}", headers={"Accept": accept})
        return answer.status_code

    for accept in ("*/*", "application/*", "application/json", "text/html, application/dicom+json"):
        assert status(accept) == 200
        assert status(accept, f"studies/{OTHER}/metadata") == 200
    for accept in ("text/html", "application/pdf, image/*", "application/dicom+json;q=0"):
        assert status(accept) == 406
        assert status(accept, f"studies/{OTHER}/metadata") == 406
    answer = client.get("/dicom-web/studies", headers={"Accept": "text/html"})
    assert answer.json()["error"]["message"] == "Answers to queries are application/dicom+json."
    assert client.get("/dicom-web/studies?accept=image/png").status_code == 406
