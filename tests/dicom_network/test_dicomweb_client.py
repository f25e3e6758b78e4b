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

    the_rest_of_the_client_works(client, server, sent)
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


def the_rest_of_the_client_works(client, server, sent):
    """Every other method of the client, on the exam that was stored."""
    one = sent[5]
    series = (one.StudyInstanceUID, one.SeriesInstanceUID)
    uids = (*series, one.SOPInstanceUID)
    alike = {ds.SOPInstanceUID for ds in sent if ds.SeriesInstanceUID == one.SeriesInstanceUID}
    everything = {ds.SOPInstanceUID for ds in sent}

    for whole in (client.retrieve_study(make.STUDY), client.iter_study(make.STUDY)):
        assert {ds.SOPInstanceUID for ds in whole} == everything
    for part in (client.retrieve_series(*series), client.iter_series(*series)):
        assert {ds.SOPInstanceUID for ds in part} == alike
    assert len(client.retrieve_study_metadata(make.STUDY)) == len(sent)
    assert len(client.retrieve_series_metadata(*series)) == len(alike)
    explicit = (("application/dicom", "1.2.840.10008.1.2.1"),)
    assert client.retrieve_instance(*uids, media_types=explicit).PixelData == one.PixelData
    rle = (("application/dicom", "1.2.840.10008.1.2.5"),)
    compressed = client.retrieve_instance(*uids, media_types=rle)
    assert compressed.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.5"
    assert np.array_equal(compressed.pixel_array, one.pixel_array)

    (frame,) = client.iter_instance_frames(*uids, frame_numbers=[1])
    assert frame == one.PixelData
    for media in (None, ("application/octet-stream",), (("image/dicom-rle", rle[0][1]),)):
        (frame,) = client.retrieve_instance_frames(*uids, frame_numbers=[1], media_types=media)
        assert frame
    for media, mark in (("image/png", b"\x89PNG"), ("image/jpeg", b"\xff\xd8")):
        asked = {"media_types": (media,), "params": {"viewport": "32,32"}}
        assert client.retrieve_instance_rendered(*uids, **asked).startswith(mark)
        frames = client.retrieve_instance_frames_rendered(*uids, frame_numbers=[1], **asked)
        assert frames.startswith(mark)
        assert mark in client.retrieve_series_rendered(*series, **asked)
    header = client.retrieve_instance_metadata(*uids)
    place = server.address + urlsplit(header["7FE00010"]["BulkDataURI"]).path
    assert b"".join(client.iter_bulkdata(place)) == one.PixelData

    fields = {"fields": ["PatientSex", "00180050"], "limit": 2}
    assert len(client.search_for_instances(**fields)) == 2
    (found, _) = client.search_for_series(search_filters={"Modality": "MR"}, **fields)
    assert found["00180050"]["Value"] == [8.0]
    named = {"PatientName": "person"}
    assert len(client.search_for_studies(search_filters=named, fuzzymatching=True)) == 1
    assert client.search_for_studies(search_filters=named, offset=0) == []
    with pytest.raises(requests.HTTPError, match="40[35]"):
        client.delete_instance(*uids)
    assert len(client.search_for_instances(make.STUDY)) == len(sent)


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
    for kind in ("text/plain", 'multipart/related; type="application/dicom+json"; boundary=x'):
        refused = requests.post(address, data=b"x", headers={**headers, "Content-Type": kind})
        assert refused.status_code == 415
    bare = {**headers, "Content-Type": "application/dicom"}
    alone = requests.post(address, data=make.to_bytes(make.image(number=3)), headers=bare)
    assert alone.status_code == 200 and len(alone.json()["00081199"]["Value"]) == 1
    elsewhere = requests.post(
        f"{address}/1.2.3", data=make.to_bytes(make.image(number=4)), headers=bare
    )
    assert elsewhere.status_code == 202  # kept, in the study that it names itself
    assert elsewhere.json()["00081199"]["Value"][0]["00081196"]["Value"] == [0xB006]
    assert requests.get(address).status_code in (401, 403)
