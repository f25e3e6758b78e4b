"""DICOMweb without a client: sessions, several sites, and requests that make no sense."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from qperfweb.accounts.models import Membership
from qperfweb.dicom_network.negotiation import accepted, fits
from tests.dicom import make
from tests.reports.exports import received


def compressed(shades):
    ds = make.image(series="rle", number=1, pixels=shades, WindowCenter=96, WindowWidth=192)
    ds.compress("1.2.840.10008.1.2.5", generate_instance_uid=False)
    return ds


@pytest.fixture
def study(in_site, tmp_path):
    shades = np.arange(192, dtype=np.uint16).reshape(16, 12)
    objects = [
        make.image(number=1, pixels=shades, WindowCenter=96, WindowWidth=192),
        make.image(number=2, WindowCenter="1.5", BitsStored=99, PatientComments="x" * 3000),
        make.enhanced("multi", frames=4, slices=2),
        compressed(shades),
    ]
    return received(in_site, tmp_path / "exam", objects)


def address(number=1, series="series"):
    uid = make.uid(make.STUDY, series)
    return (
        f"/dicom-web/studies/{make.STUDY}/series/{uid}"
        f"/instances/{make.uid(make.STUDY, series, number)}"
    )


def test_who_belongs_to_several_sites_says_which(client_of, in_site, other_site, study):
    client = client_of("reader", in_site)
    assert len(client.get("/dicom-web/studies").json()) == 1
    Membership.objects.create(user=client.user, site=other_site, role="reader")
    assert client.get("/dicom-web/studies").status_code == 400
    assert len(client.get(f"/dicom-web/sites/{in_site.slug}/studies").json()) == 1
    assert client.get(f"/dicom-web/sites/{other_site.slug}/studies").json() == []
    assert client.get("/dicom-web/sites/nowhere/studies").status_code == 404


def test_a_frame_is_rendered_in_its_window_or_in_the_one_that_is_asked_for(
    client_of, in_site, study
):
    client = client_of("reader", in_site)

    def shown(query=""):
        answer = client.get(f"{address()}/rendered{query}", headers={"Accept": "image/png"})
        assert answer["Content-Type"] == "image/png"
        return np.asarray(Image.open(io.BytesIO(answer.content)))

    assert np.abs(shown().ravel() - np.arange(192) / 191 * 255).max() <= 1
    narrow = shown("?window=10,2,linear").ravel()
    assert narrow[8] == 0 and narrow[12] == 255
    jpeg = client.get(f"{address()}/frames/1/rendered", headers={"Accept": "image/jpeg"})
    assert jpeg.content[:2] == b"\xff\xd8"


def test_frames_of_a_multi_frame_object_come_in_the_order_asked_for(client_of, in_site, study):
    client = client_of("reader", in_site)
    answer = client.get(f"{address(series='multi')}/frames/8,1")
    assert answer["Content-Type"].startswith('multipart/related; type="application/octet-stream"')
    body = b"".join(answer.streaming_content)
    pixels = np.arange(8 * 16 * 12, dtype=np.uint16).reshape(8, 16, 12)
    assert body.find(pixels[7].tobytes()) < body.find(pixels[0].tobytes())
    assert body.count(b"transfer-syntax=1.2.840.10008.1.2.1") == 2


def test_metadata_names_long_values_by_address(client_of, in_site, study):
    client = client_of("reader", in_site)
    (header,) = client.get(f"{address(2)}/metadata").json()
    assert header["0020000D"]["Value"] == [make.STUDY]
    assert header["7FE00010"]["BulkDataURI"].endswith(f"{address(2)}/bulkdata/7FE00010")
    whole = client.get(f"/dicom-web/studies/{make.STUDY}/metadata").json()
    assert len(whole) == 4


@pytest.mark.parametrize(
    "path",
    [
        "/dicom-web/studies?limit=many",
        "/dicom-web/studies?offset=-1",
        "/dicom-web/studies?StudyDate=yesterday",
        "/dicom-web/studies?AccessionNumber=%00",
        "/dicom-web/studies?StudyTime=noon",
        "/dicom-web/studies?PatientBirthDate=1970",
        "/dicom-web/series?limit=-1",
        f"{address()}/rendered?window=1,2,cubic",
        f"{address()}/rendered?viewport=0,5",
        f"{address()}/rendered?viewport=5,5,900,0,3,3",
        f"{address()}/rendered?quality=101",
        f"{address()}/bulkdata/00081140/1/00081155",
        f"{address()}/frames/9",
        f"{address()}/frames/0",
        f"{address()}/frames/one",
        f"{address()}/rendered?window=wide",
        f"{address()}/bulkdata/00100010x",
        f"{address()}/bulkdata/00091001",
        f"{address(7)}",
        "/dicom-web/studies/1.2.3/metadata",
    ],
)
def test_nonsense_gets_an_answer_that_says_so(client_of, in_site, study, path):
    answer = client_of("reader", in_site).get(path)
    assert answer.status_code in (400, 404, 406)
    assert answer.json()["error"]["message"]


def test_what_the_query_does_not_match_on_is_named(client_of, in_site, study):
    client = client_of("reader", in_site)
    answer = client.get("/dicom-web/studies?PatientAge=7&00080050=*&00100020=P1")
    assert len(answer.json()) == 1
    assert "PatientAge" in answer["Warning"]
    page = client.get(f"/dicom-web/studies/{make.STUDY}/instances?limit=1&offset=2").json()
    assert len(page) == 1


def test_compressed_frames_are_rendered_and_served_as_the_client_accepts_them(
    client_of, in_site, study
):
    client = client_of("reader", in_site)
    place = address(series="rle")
    shades = np.arange(192, dtype=np.uint16)

    def asked(path, accept):
        return client.get(f"{place}{path}", headers={"Accept": accept})

    shown = np.asarray(Image.open(io.BytesIO(asked("/rendered", "image/png").content)))
    assert np.abs(shown.ravel() - shades / 191 * 255).max() <= 1
    stored = asked("/frames/1", 'multipart/related; type="image/dicom-rle"')
    assert 'type="image/dicom-rle"' in stored["Content-Type"]
    whatever = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
    assert "image/dicom-rle" in asked("/frames/1", whatever)["Content-Type"]
    plain = asked("/frames/1", "application/octet-stream")
    assert plain["Content-Type"].endswith("transfer-syntax=1.2.840.10008.1.2.1")
    assert b"".join(plain.streaming_content) == shades.astype("<u2").tobytes()
    bulk = asked("/bulkdata/7FE00010", "*/*")
    assert 'type="image/dicom-rle"' in bulk["Content-Type"]
    for accept in ("image/jpeg", 'multipart/related; type="video/mp4"'):
        assert asked("/frames/1", accept).status_code == 406
    whole = 'multipart/related; type="application/dicom"; transfer-syntax='
    assert asked("", whole + "1.2.840.10008.1.2.4.90").status_code == 406
    assert asked("", whole + "1.2.840.10008.1.2.5").status_code == 200
    assert asked("", "application/pdf").status_code == 406


def test_accept_is_read_with_its_weights_and_quotes():
    def of(text):
        request = APIRequestFactory().get("/", HTTP_ACCEPT=text)
        return accepted(Request(request))

    first, second = of('image/png;q=0.3, multipart/related; type="image/jls, x";q=0.9, a/b;q=0')
    assert (first.media_type, first.multipart) == ("image/jls, x", True)
    assert second.quality == 0.3
    assert of("")[0].media_type == "*/*"
    assert of("nonsense") == [] and not fits(of("nonsense"), "image/png")
    assert fits(of("image/*"), "image/png")


def test_names_are_found_by_the_beginnings_of_their_words(client_of, in_site, study):
    client = client_of("reader", in_site)

    def count(query):
        return len(client.get(f"/dicom-web/studies?{query}").json())

    assert count("PatientName=person&fuzzymatching=true") == 1
    assert count("PatientName=per%20te&fuzzymatching=true") == 1
    assert count("PatientName=person") == 0
    assert count("PatientName=nobody&fuzzymatching=true") == 0


def test_further_attributes_come_when_they_are_asked_for(client_of, in_site, study):
    client = client_of("reader", in_site)
    place = f"/dicom-web/studies/{make.STUDY}"
    (plain, *_) = client.get(f"{place}/instances").json()
    assert "00180050" not in plain
    query = "includefield=SliceThickness,00181030&includefield=00200037"
    for found in client.get(f"{place}/instances?{query}").json():
        if found["0020000E"]["Value"] == [make.uid(make.STUDY, "series")]:
            assert found["00180050"]["Value"] == [8.0]
            assert "00200037" in found and "00080008" not in found
    (one, *_) = client.get(f"{place}/series?includefield=all").json()
    assert one["00200052"]["Value"] and "00080008" not in one  # a series has no image type
    (study_,) = client.get("/dicom-web/studies?includefield=PatientAge,00080020").json()
    assert "00101010" not in study_
    (whole, *_) = client.get(f"{place}/instances?includefield=all&limit=1").json()
    assert "00080008" in whole and "7FE00010" not in whole


def test_a_viewer_of_another_server_is_let_in_where_the_operator_names_it(
    client_of, in_site, study, settings
):
    settings.DICOMWEB_ORIGINS = ["https://viewer.example"]
    client = client_of("reader", in_site)
    known, unknown = {"Origin": "https://viewer.example"}, {"Origin": "https://evil.example"}
    client.logout()
    asked = client.options("/dicom-web/studies", headers=known)
    assert asked.status_code == 204  # a browser asks before it shows its token
    assert "Authorization" in asked["Access-Control-Allow-Headers"]
    assert client.options("/dicom-web/studies", headers=unknown).status_code in (401, 403)
    refused = client.get("/dicom-web/studies", headers=known)
    assert refused.status_code in (401, 403)
    client.force_login(client.user)
    found = client.get("/dicom-web/studies", headers=known)
    assert found["Access-Control-Allow-Origin"] == "https://viewer.example"
    assert "Origin" in found["Vary"]
    assert "Access-Control-Allow-Credentials" not in found
    for headers in (unknown, {}):
        assert "Access-Control-Allow-Origin" not in client.get(
            "/dicom-web/studies", headers=headers
        )
