"""Reader against reader, version against version, and readings blinded from scratch."""

from __future__ import annotations

import csv
import io

import pytest

from qperfweb.projects.locking import project_lock
from qperfweb.runs import services
from qperfweb.runs.bundles import write_bundle
from qperfweb.runs.models import AnalysisRun, RunPurpose
from tests.projects.examples import a_world, all_slices, lower_everything, read_all
from tests.runs import examples

STUDIES = 3


@pytest.fixture
def auditor(client_of, in_site):
    return client_of("auditor", in_site)


@pytest.fixture
def world(in_site, user_of, as_worker):
    def make(**choices):
        made = a_world(in_site, user_of, as_worker, studies=STUDIES, limits=[], **choices)
        made.open()
        return made

    return make


def test_two_readers_are_compared_once_their_project_is_locked(world, auditor):
    made = world(blinding="none")
    read_all(made.project, made.first, *lower_everything(0.6))
    read_all(made.project, made.second)
    query = {"comparison": "readers", "measure": "stress"}
    assert auditor.get("/api/agreement/", query).json()["pairs"] == 0
    project_lock(made.project, made.manager)
    answer = auditor.get("/api/agreement/", query).json()
    found = answer["bland_altman"]
    assert (answer["pairs"], found["patients"]) == (STUDIES * 16, STUDIES)
    assert abs(found["bias"]["value"]) == pytest.approx(0.6)
    assert found["upper_limit"]["value"] == pytest.approx(found["lower_limit"]["value"])
    text = auditor.get("/api/agreement.csv", query).content.decode()
    lines = list(csv.DictReader(io.StringIO(text)))
    assert len(lines) == answer["pairs"]
    apart = {
        round(abs(float(line["first_reader"]) - float(line["second_reader"])), 6) for line in lines
    }
    assert apart == {0.6}


def test_readings_from_scratch_are_a_subset_of_their_own(world, auditor):
    made = world(blinding="scratch")
    for user in (made.first, made.second):
        read_all(made.project, user, *all_slices())
    project_lock(made.project, made.manager)
    scratch = auditor.get("/api/agreement/", {"subset": "scratch"}).json()
    assert scratch["pairs"] == 2 * STUDIES * 16
    assert scratch["bland_altman"]["patients"] == STUDIES
    assert scratch["bland_altman"]["bias"]["value"] == pytest.approx(0, abs=1e-6)


def test_two_versions_are_compared_on_the_studies_that_both_analysed(
    world, auditor, as_worker, settings, monkeypatch
):
    made = world(blinding="none")
    monkeypatch.setitem(examples.FLOW, "stress", 2.7)
    for run in made.runs:
        again = services.run_request(run.study, purpose=RunPurpose.REPEATED)
        arrays, document = examples.a_result()
        document["models"] = {"segmentation": "next"}
        with as_worker():
            begun = services.run_begin(again.pk)
            assert services.run_succeed(begun, document, write_bundle(settings.STORE_DIR, arrays))
    versions = auditor.get("/api/agreement/").json()["choices"]["version"]
    old, new = sorted(versions, key=lambda version: "next" in version)
    assert AnalysisRun.objects.count() == 2 * STUDIES
    query = {"comparison": "versions", "first_version": old, "second_version": new}
    answer = auditor.get("/api/agreement/", query).json()
    assert answer["pairs"] == STUDIES * 16
    assert answer["bland_altman"]["bias"]["value"] == pytest.approx(0.3, abs=0.01)
