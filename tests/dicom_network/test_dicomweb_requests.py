"""DICOMweb without a client: sessions, several sites, and requests that make no sense."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from qperfweb.accounts.models import Membership
from tests.dicom import make
from tests.reports.exports import received


@pytest.fixture
def study(in_site, tmp_path):
    shades = np.arange(192, dtype=np.uint16).reshape(16, 12)
    objects = [
        make.image(number=1, pixels=shades, WindowCenter=96, WindowWidth=192),
        make.image(number=2, WindowCenter="1.5", BitsStored=99, PatientComments="x" * 3000),
        make.enhanced("multi", frames=4, slices=2),
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
        answer = client.get(f"{address()}/rendered{query}")
        assert answer["Content-Type"] == "image/png"
        return np.asarray(Image.open(io.BytesIO(answer.content)))

    assert np.abs(shown().ravel() - np.arange(192) / 192 * 255).max() <= 1
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
    assert len(whole) == 3


@pytest.mark.parametrize(
    "path",
    [
        "/dicom-web/studies?limit=many",
        "/dicom-web/studies?offset=-1",
        "/dicom-web/studies?StudyDate=yesterday",
        "/dicom-web/studies?AccessionNumber=%00",
        "/dicom-web/series",
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
    assert len(page) == 1 and page[0]["00280008"]["Value"] == [8]
