"""Rows and files that do not fit are found, and mended where that is safe."""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from qperfweb.runs import queries, services
from qperfweb.runs.bundles import bundle_folder, write_bundle
from qperfweb.runs.models import AnalysisRun
from qperfweb.studies import storage
from qperfweb.studies.models import Instance, Study
from tests.runs.examples import MBF_ONLY, a_finished_run, a_study
from tests.runs.test_runs import waiting_jobs


def doctor(*options: str) -> list[tuple[str, bool]]:
    """Kind and whether it was mended, of every finding."""
    said = StringIO()
    try:
        call_command("doctor", "--json", "--minutes", "0", *options, stdout=said)
    except CommandError as error:
        assert "mend" in str(error)
    return [(one["kind"], one["mended"]) for one in json.loads(said.getvalue())["findings"]]


def stored(study: Study) -> storage.StoredObject:
    """The study's one object with bytes of its own in the store."""
    kept = storage.store_bytes([b"bytes of an object"])
    Instance.objects.filter(series__study=study).update(
        sha256=kept.sha256, size_bytes=kept.size_bytes
    )
    return kept


@pytest.fixture
def study(in_site, as_owner):
    study = a_study(in_site)
    with as_owner():
        stored(study)
    return study


@pytest.fixture
def run(study, as_worker):
    with as_worker():
        return a_finished_run(study)


def an_old_file(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half")
    os.utime(path, (time.time() - 2 * 86400,) * 2)
    return path


def test_what_fits_is_left_in_peace(run):
    assert doctor() == []
    assert doctor("--verify") == []


def test_files_that_no_row_names_are_taken_away(run):
    orphan = storage.store_bytes([b"a delivery that was cut off"])
    bundle = write_bundle(settings.STORE_DIR, MBF_ONLY)
    half = an_old_file(storage.staging_folder() / "half-done")
    folder = storage.staging_folder() / "bundle-of-a-killed-run"
    folder.mkdir()
    found = sorted(kind for kind, _ in doctor())
    assert found == ["file-without-row", "file-without-row", "unfinished", "unfinished"]
    assert orphan.path.exists()
    assert all(mended for _, mended in doctor("--mend"))
    assert doctor() == []
    assert not any(
        p.exists() for p in (orphan.path, half, folder, bundle_folder(settings.STORE_DIR, bundle))
    )


def test_files_of_a_delivery_under_way_are_left_alone(run):
    fresh = storage.store_bytes([b"rows are about to follow"])
    call_command("doctor", "--mend", stdout=StringIO())
    assert fresh.path.exists()


def test_an_object_that_is_gone_needs_a_backup_or_its_sender(study, tmp_path):
    (instance,) = Instance.objects.filter(series__study=study)
    path = storage.local_path(instance.sha256)
    copy = tmp_path / "backup" / storage.object_name(instance.sha256)
    copy.parent.mkdir(parents=True)
    path.rename(copy)
    assert ("object-missing", False) in doctor("--mend")
    assert ("object-missing", True) in doctor("--mend", "--from", str(tmp_path / "backup"))
    assert path.read_bytes() == b"bytes of an object"


def test_damaged_bytes_are_set_aside_and_brought_back(run, tmp_path):
    (instance,) = Instance.objects.filter(series__study=run.study)
    path = storage.local_path(instance.sha256)
    copy = tmp_path / "backup" / storage.object_name(instance.sha256)
    copy.parent.mkdir(parents=True)
    copy.write_bytes(path.read_bytes())
    path.write_bytes(b"bytes of an 0bject")
    array = next(bundle_folder(settings.STORE_DIR, run.bundle_sha256).glob("*.npy"))
    array.write_bytes(b"not an array")
    assert doctor() == []
    found = doctor("--verify", "--mend", "--from", str(tmp_path / "backup"))
    assert found == [("damaged", True), ("damaged", True)]
    assert path.read_bytes() == b"bytes of an object"
    assert len(list((settings.STORE_DIR / "damaged").iterdir())) == 2


def test_a_bundle_that_is_gone_is_computed_again(run):
    storage.remove(bundle_folder(settings.STORE_DIR, run.bundle_sha256))
    assert doctor("--mend") == [("bundle-missing", True)]
    newest = AnalysisRun.objects.order_by("-id").first()
    assert (newest.state, newest.purpose) == ("queued", "repeated")
    assert ("bundle-missing", False) in doctor("--mend")


def test_runs_and_studies_that_nobody_works_on_are_taken_up_again(study, as_worker):
    lost = timezone.now() - 2 * queries.STALLED_AFTER
    Study.objects.filter(pk=study.pk).update(last_received_at=timezone.now() - timedelta(hours=1))
    assert doctor("--mend") == [("study-unsettled", True)]
    assert waiting_jobs("settle_study") == 1
    run = services.run_request(study, purpose="first")
    with as_worker():
        services.run_begin(run.pk)
        AnalysisRun.objects.filter(pk=run.pk).update(heartbeat_at=lost)
    assert doctor("--mend") == [("run-stalled", True)]
    assert waiting_jobs("analyse_run") == 1
