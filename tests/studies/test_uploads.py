"""The browser's upload: files, folders and zips in small requests, each object with its outcome."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from qperfweb.core.models import TrailEvent
from qperfweb.core.rls import site_scope
from qperfweb.privacy.models import Policy
from qperfweb.studies import uploads
from qperfweb.studies.models import Instance, IntakeProblem, Study
from tests.dicom import make


def opened(client: Client, site: str = "") -> int:
    answer = client.post("/api/uploads/", {"site": site}, content_type="application/json")
    assert answer.status_code == 201, answer.content
    return int(answer.json()["id"])


def sent(client: Client, upload: int, files: dict[str, bytes]) -> dict[str, Any]:
    answer = client.post(
        f"/api/uploads/{upload}/objects/",
        {
            "files": [SimpleUploadedFile(name, data) for name, data in files.items()],
            "paths": [f"exam/{name}" for name in files],
        },
    )
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.fixture
def client(client_of: Any, site: Any) -> Client:
    made: Client = client_of("technologist", site)
    return made


def test_files_are_received_with_an_outcome_each(client: Client, site: Any) -> None:
    upload = opened(client)
    files = {f"{i}.dcm": make.to_bytes(ds) for i, ds in enumerate(make.first_pass("perf rest"))}
    answer = sent(client, upload, files | {"notes.txt": b"hello", "zero": b""})
    statuses = {o["name"]: (o["status"], o["code"]) for o in answer["outcomes"]}
    assert statuses["exam/0.dcm"] == ("accepted", "")
    assert statuses["exam/notes.txt"] == ("refused", "not-dicom")
    assert statuses["exam/zero"] == ("refused", "empty")
    study = answer["outcomes"][0]["study_id"]
    done = client.post(
        f"/api/uploads/{upload}/done/", {"studies": [study]}, content_type="application/json"
    )
    assert done.json() == {"accepted": 20, "duplicates": 0}
    with site_scope([site.pk]):
        assert Study.objects.get(pk=study).conditions == ["rest"]
        assert Study.objects.get(pk=study).runs.count() == 1
        assert IntakeProblem.objects.count() == 2
        actions = set(TrailEvent.objects.values_list("action", flat=True))
    assert {"intake.opened", "intake.received", "run.requested"} <= actions


def test_a_zip_is_unpacked_in_steps(
    client: Client, site: Any, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(uploads, "MEMBERS_PER_STEP", 3)
    objects = make.first_pass("x", frames=5)
    members = {f"a/{i}.dcm": make.to_bytes(ds) for i, ds in enumerate(objects)}
    upload = opened(client)
    answer = sent(client, upload, {"exam.zip": zipped(members | {"../evil": b"x"})})
    assert answer["outcomes"] == []
    (archive,) = answer["archives"]
    assert archive["name"] == "exam/exam.zip"
    statuses, start = {}, 0
    while start is not None:
        step = client.post(
            f"/api/uploads/{upload}/archives/{archive['token']}/",
            {"start": start},
            content_type="application/json",
        ).json()
        statuses.update({o["name"]: o["status"] for o in step["outcomes"]})
        start = step["next"]
    assert statuses == {**dict.fromkeys(members, "accepted"), "../evil": "refused"}
    assert list((settings.STORE_DIR / "tmp").iterdir()) == []


def test_a_damaged_zip_is_refused(client: Client) -> None:
    upload = opened(client)
    answer = sent(client, upload, {"exam.zip": zipped({"a": b"x"})[:40]})
    (archive,) = answer["archives"]
    step = client.post(
        f"/api/uploads/{upload}/archives/{archive['token']}/", {}, content_type="application/json"
    ).json()
    assert [o["code"] for o in step["outcomes"]] == ["zip-damaged"]
    assert step["next"] is None


@pytest.mark.parametrize("token", ["0" * 32, "..", "..%2f..%2fx"])
def test_an_unknown_zip_is_not_found(client: Client, token: str) -> None:
    upload = opened(client)
    answer = client.post(
        f"/api/uploads/{upload}/archives/{token}/", {}, content_type="application/json"
    )
    assert answer.status_code == 404


def test_a_person_of_several_sites_says_which(client_of: Any, site: Any, other_site: Any) -> None:
    client = client_of("technologist", site, other_site)
    answer = client.post("/api/uploads/", {}, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "site")
    upload = opened(client, "south")
    sent(client, upload, {"a.dcm": make.to_bytes(make.image())})
    with site_scope([other_site.pk]):
        assert Instance.objects.count() == 1


def test_only_who_may_send_may_upload(client_of: Any, site: Any, client: Client) -> None:
    auditor = client_of("auditor", site)
    assert auditor.get("/upload/").status_code == 403
    assert auditor.post("/api/uploads/", {}, content_type="application/json").status_code == 403
    upload = opened(client)
    other = client_of("technologist", site)
    answer = other.post(
        f"/api/uploads/{upload}/done/", {"studies": []}, content_type="application/json"
    )
    assert answer.status_code == 403
    assert Client().post("/api/uploads/").status_code in (401, 403)


def test_a_delivery_of_another_site_is_not_found(
    client_of: Any, client: Client, other_site: Any
) -> None:
    upload = opened(client)
    answer = client_of("technologist", other_site).post(
        f"/api/uploads/{upload}/done/", {"studies": []}, content_type="application/json"
    )
    assert answer.status_code == 404


def test_a_closed_delivery_takes_nothing_more(client: Client) -> None:
    upload = opened(client)
    address = f"/api/uploads/{upload}/done/"
    client.post(address, {"studies": []}, content_type="application/json")
    assert client.post(address, {"studies": []}, content_type="application/json").status_code == 409


def test_the_page_names_the_site_that_receives(client: Client) -> None:
    page = client.get("/upload/")
    assert page.status_code == 200
    assert b"North Hospital" in page.content
    assert b"removed" not in page.content


def test_the_page_says_where_identities_are_removed(client: Client, in_site: Any) -> None:
    Policy.objects.create(site=in_site, clean_on_arrival=True)
    assert b"identity is removed from every file" in client.get("/upload/").content
