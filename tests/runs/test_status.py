"""The status page: for administrators, without patient data."""

from __future__ import annotations

import pytest

from qperfweb.runs import services
from qperfweb.runs.models import RunPurpose, SelfTestResult
from tests.runs.examples import a_study

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


@pytest.mark.parametrize("role", ["reader", "technologist", "auditor"])
def test_others_do_not_see_the_status_page(client_of, in_site, role):
    assert client_of(role, in_site).get("/status/").status_code == 403
