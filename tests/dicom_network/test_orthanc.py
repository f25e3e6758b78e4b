"""Orthanc, a PACS that others wrote: it sends us an exam and gets our results back."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import requests
from pydicom import dcmread

from qperfweb.core.rls import site_scope
from qperfweb.dicom_network.destinations import parse_destinations
from qperfweb.dicom_network.models import ResultObject
from qperfweb.dicom_network.sending import Sender
from qperfweb.studies.models import Instance, Study
from qperfweb.studies.storage import object_path
from tests.dicom import make
from tests.dicom_network.conftest import free_port, process, wait_for, wait_for_delivery
from tests.reports.exports import analysed, images

ORTHANC = shutil.which("Orthanc") or "/usr/sbin/Orthanc"

pytestmark = pytest.mark.skipif(
    not Path(ORTHANC).exists(), reason="Orthanc is missing: apt-get install orthanc"
)


@pytest.fixture
def pacs(listener: int, tmp_path: Path) -> Any:
    """Addresses (REST, DICOM port) of a running Orthanc that knows us."""
    rest, dicom = free_port(), free_port()
    configuration = {
        "Name": "PACS",
        "StorageDirectory": str(tmp_path / "orthanc"),
        "IndexDirectory": str(tmp_path / "orthanc"),
        "HttpPort": rest,
        "DicomPort": dicom,
        "DicomAet": "SCANNER",
        "AuthenticationEnabled": False,
        "RemoteAccessAllowed": False,
        "Plugins": [],
        "DicomModalities": {"qperf": ["QPERF", "127.0.0.1", listener]},
        "DicomAlwaysAllowStore": True,
    }
    path = tmp_path / "orthanc.json"
    path.write_text(json.dumps(configuration))
    address = f"http://127.0.0.1:{rest}"
    with process([ORTHANC, str(path)], {}, tmp_path / "orthanc.log"):
        wait_for(lambda: requests.get(f"{address}/system", timeout=5).ok)
        yield address, dicom


def test_orthanc_sends_an_exam_and_holds_the_results_as_we_made_them(
    pacs, site, as_worker, settings
):
    address, port = pacs
    sent = images()[::3]
    for ds in sent:
        assert requests.post(f"{address}/instances", data=make.to_bytes(ds)).ok
    (study_there,) = requests.get(f"{address}/studies").json()
    assert requests.post(f"{address}/modalities/qperf/store", data=study_there).ok
    wait_for_delivery(site)
    settings.DICOM_SEND = "analysed"
    with site_scope([site.pk]):
        assert Instance.objects.count() == len(sent)
        study = Study.objects.get()
        run = study.runs.get()
        with as_worker():
            analysed(study, run=run)
    there = parse_destinations([f"{site.slug}/PACS=dicom://SCANNER@127.0.0.1:{port}"])
    assert Sender(there).work() == 1
    with site_scope([site.pk]):
        rows = {row.sop_instance_uid: row for row in ResultObject.objects.all()}
    assert len(rows) == 21
    ids = requests.get(f"{address}/instances").json()
    held = [dcmread(io.BytesIO(requests.get(f"{address}/instances/{i}/file").content)) for i in ids]
    results = {ds.SOPInstanceUID: ds for ds in held if ds.SOPInstanceUID in rows}
    assert results.keys() == rows.keys()
    assert len(held) == len(sent) + len(rows)
    assert requests.get(f"{address}/studies").json() == [study_there]  # all in the one study
    for uid, ds in results.items():
        assert ds == dcmread(object_path(rows[uid].sha256))
