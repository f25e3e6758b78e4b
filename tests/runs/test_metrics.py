"""What a scraper reads: figures of the installation, nothing of a patient or a site."""

from __future__ import annotations

import base64
import re

from qperfweb.runs import services
from qperfweb.runs.models import RunPurpose
from tests.runs.examples import a_finished_run, a_study

SAMPLE = re.compile(r"^(qperf_[a-z_]+)(\{[^}]*\})? ([0-9.eE+-]+)$")


def samples(client, **headers) -> dict[str, float]:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in answer.content.decode().splitlines() if line[0] != "#"]
    found = [SAMPLE.match(line) for line in lines]
    assert all(found)
    return {f"{m[1]}{m[2] or ''}": float(m[3]) for m in found if m}


def test_the_queue_the_stages_and_the_disk_are_in_figures(client, in_site, as_worker):
    first, second = a_study(in_site, 1), a_study(in_site, 2)
    with as_worker():
        a_finished_run(first)
        services.run_request(second, purpose=RunPurpose.FIRST)
    told = samples(client)
    assert told['qperf_jobs_waiting{queue="analysis"}'] == 2  # the finished one was never fetched
    assert told['qperf_runs_open{state="queued"}'] == 1
    assert told['qperf_runs_ended_hour{state="succeeded",reason=""}'] == 1
    assert told['qperf_stage_seconds{stage="load",quantile="0.5"}'] == 0.1
    assert told['qperf_studies{state="ready"}'] == 1
    assert 0 < told["qperf_disk_used_ratio"] < 1
    assert told["qperf_database_bytes"] > 1e6


def test_names_of_patients_and_sites_are_not_in_them(client, in_site, as_worker):
    study = a_study(in_site)
    with as_worker():
        run = a_finished_run(study)
    page = client.get("/metrics").content.decode()
    assert not any(
        word in page for word in ("Simulated", in_site.slug, run.study.study_instance_uid)
    )


def test_another_machine_needs_the_password(client, settings, db):
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.9").status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "10.0.0.9"}).status_code == 403
    settings.METRICS_TOKEN = "a-long-password"
    assert client.get("/metrics").status_code == 403
    basic = base64.b64encode(b"prometheus:a-long-password").decode()
    assert samples(client, Authorization=f"Basic {basic}")
    for wrong in ("Basic bm9ib2R5OndlbGw=", "Basic not base64", "Digest x"):
        assert client.get("/metrics", headers={"Authorization": wrong}).status_code == 403
