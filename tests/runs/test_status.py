"""The status page: for administrators, without patient data."""

from __future__ import annotations

import json

import pytest

from qperfweb.runs import services
from qperfweb.runs.models import RunPurpose, SelfTestResult
from tests.runs.examples import a_finished_run, a_study

DOCUMENT = {
    "pipeline_version": "0.1.0",
    "generator_version": "1",
    "models": {"segmentation": "0.1.0"},
    "seconds": 12.0,
    "passed": False,
    "checks": [
        {"name": "global flow bias", "value": 0.31, "unit": "1", "limit": 0.15, "passed": False}
    ],
}


def test_administrators_see_queue_and_a_failed_self_test_plainly(client_of, in_site, as_worker):
    study = a_study(in_site)
    with as_worker():
        services.run_request(study, purpose=RunPurpose.FIRST)
        SelfTestResult.objects.create(passed=False, document=DOCUMENT)
    page = client_of("administrator").get("/status/").content.decode()
    assert "do not use this installation for reading" in page
    assert "0.310" in page
    assert "analysis" in page
    assert "No worker is running" in page
    assert "Simulated" not in page


def test_the_status_page_tells_of_runs_and_of_an_old_backup(
    client_of, in_site, as_worker, settings, tmp_path
):
    settings.STATE_DIR = tmp_path
    study = a_study(in_site)
    with as_worker():
        a_finished_run(study)
    client = client_of("administrator")
    page = client.get("/status/").content.decode()
    assert "<td>succeeded</td>" in page
    assert "<td>load</td>" in page
    assert "Never made on this machine" in page
    noted = {"at": "2026-01-02T03:04:05Z", "bytes": "3145728", "with_files": "True"}
    (tmp_path / "last-backup.json").write_text(json.dumps(noted | {"complete": "True"}))
    page = client.get("/status/").content.decode()
    assert "2026-01-02 03:04, 3 MiB; older than two days" in page


@pytest.mark.parametrize("role", ["reader", "technologist", "auditor"])
def test_others_do_not_see_the_status_page(client_of, in_site, role):
    assert client_of(role, in_site).get("/status/").status_code == 403
