"""A client that others wrote, against a live server: send, search, fetch, see nothing foreign."""

from __future__ import annotations

import io
from urllib.parse import urlsplit

import numpy as np
import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from pydicom import dcmread

from qperfweb.core.rls import site_scope
from qperfweb.studies.models import Study
from tests.dicom import make
from tests.reports.exports import analysed, images


def client_for(server, token, site=None):
    where = f"sites/{site.slug}/" if site else ""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    return DICOMwebClient(f"{server.address}/dicom-web/{where}".rstrip("/"), session=session)


def test_an_exam_is_stored_searched_fetched_and_its_results_with_it(
    server, site, other_site, token_of, as_worker
):
    client = client_for(server, token_of(site))
    sent = images()[::3]
    answer = client.store_instances(sent)
    assert len(answer.ReferencedSOPSequence) == len(sent)
    assert "FailedSOPSequence" not in answer

    (study,) = client.search_for_studies(search_filters={"PatientID": "P1"})
    assert study["0020000D"]["Value"] == [make.STUDY]
    assert study["00100010"]["Value"] == [{"Alphabetic": "Test^Person"}]
    assert client.search_for_studies(search_filters={"PatientName": "te*"}) == [study]
    assert client.search_for_studies(search_filters={"PatientID": "P2"}) == []
    assert client.search_for_studies(search_filters={"StudyDate": "20270101-"}) == []
    assert len(client.search_for_series(make.STUDY)) == 6
    assert len(client.search_for_instances(make.STUDY)) == len(sent)

    one = sent[5]
    uids = (one.StudyInstanceUID, one.SeriesInstanceUID, one.SOPInstanceUID)
    fetched = client.retrieve_instance(*uids)
    assert np.array_equal(fetched.pixel_array, one.pixel_array)
    assert fetched.PatientName == one.PatientName
    (frame,) = client.retrieve_instance_frames(*uids, frame_numbers=[1])
    assert frame == one.PixelData
    picture = client.retrieve_instance_rendered(*uids, media_types=("image/png",))
    assert picture[:4] == b"\x89PNG"
    header = client.retrieve_instance_metadata(*uids)
    assert header["00100020"]["Value"] == ["P1"]
    # The client names the host without its port, so the server cannot know it.
    place = urlsplit(header["7FE00010"]["BulkDataURI"]).path
    (pixels,) = client.retrieve_bulkdata(server.address + place)
    assert pixels == one.PixelData

    with site_scope([site.pk]), as_worker():
        run = analysed(Study.objects.get(study_instance_uid=make.STUDY))
        assert run.state == "succeeded"
    series = client.search_for_series(make.STUDY)
    assert {s["00080060"]["Value"][0] for s in series} == {"MR", "SEG", "OT", "SR", "KO"}
    number = next(s for s in series if s["00080060"]["Value"] == ["SEG"])
    (segmentation,) = client.retrieve_series(make.STUDY, number["0020000E"]["Value"][0])
    assert len(segmentation.SegmentSequence) == 19
    uids = (make.STUDY, segmentation.SeriesInstanceUID, segmentation.SOPInstanceUID)
    frames = client.retrieve_instance_frames(*uids, frame_numbers=[2])
    packed = np.packbits(segmentation.pixel_array[1].ravel(), bitorder="little").tobytes()
    assert frames == [packed]

    foreign = client_for(server, token_of(other_site))
    assert foreign.search_for_studies() == []
    with pytest.raises(requests.HTTPError, match="404"):
        foreign.retrieve_study(make.STUDY)
    with pytest.raises(requests.HTTPError, match="404"):
        client_for(server, token_of(site), other_site).search_for_studies()
    with pytest.raises(requests.HTTPError, match="403"):
        client_for(server, token_of(site, scope="read")).store_instances(sent[:1])


def test_each_object_of_a_store_request_has_its_status(server, site, token_of):
    good = make.image(number=1)
    changed = make.image(number=1, PatientComments="x", pixels=np.ones((16, 12), np.uint16))
    other = make.image(number=2, PatientName="Other^Person")
    parts = [make.to_bytes(good), b"this is no DICOM", make.to_bytes(changed), make.to_bytes(other)]
    body = b"".join(
        b"--frontier\r\nContent-Type: application/dicom\r\n\r\n" + part + b"\r\n" for part in parts
    )
    address = f"{server.address}/dicom-web/sites/{site.slug}/studies"
    headers = {
        "Authorization": f"Bearer {token_of(site, 'technologist')}",
        "Content-Type": 'multipart/related; type="application/dicom"; boundary=frontier',
    }
    answer = requests.post(address, data=body + b"--frontier--\r\n", headers=headers)
    assert answer.status_code == 202
    stored, failed = answer.json()["00081199"]["Value"], answer.json()["00081198"]["Value"]
    assert [s["00081155"]["Value"] for s in stored] == [[good.SOPInstanceUID]]
    assert [f["00081197"]["Value"] for f in failed] == [[0x0111], [0x0124], [0xC000]]
    back = requests.get(
        stored[0]["00081190"]["Value"][0],
        headers={**headers, "Accept": "application/dicom"},
    )
    assert dcmread(io.BytesIO(back.content)).SOPInstanceUID == good.SOPInstanceUID
    assert requests.post(address, data=body, headers=headers).status_code == 400
    assert requests.post(address, data=b"", headers={**headers, "Content-Type": "text/plain"}) \
        .status_code == 400  # fmt: skip
    assert requests.get(address).status_code in (401, 403)
