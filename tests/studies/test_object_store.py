"""Machines share their files through a real S3 server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from qperfweb.core.rls import site_scope
from qperfweb.runs.bundles import BundleDamaged, open_bundle, verify_bundle, write_bundle
from qperfweb.runs.models import AnalysisRun
from qperfweb.runs.shared_bundles import share_bundle
from qperfweb.studies import object_store, storage
from qperfweb.studies.object_store import StoreUnreachable
from tests.database import ROOT
from tests.runs.examples import MBF_ONLY
from tests.s3 import s3_server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3(server, settings):
    settings.STORAGES = server.storages(settings.STORAGES)
    return server


def on_another_machine(settings) -> None:
    """The same object store, a store folder that has seen nothing yet."""
    settings.STORE_DIR = settings.STORE_DIR.with_name(f"{settings.STORE_DIR.name}-elsewhere")


def test_an_object_that_one_machine_keeps_is_read_on_another(s3, settings):
    kept = storage.store_bytes([b"pixels"])
    on_another_machine(settings)
    assert not storage.local_path(kept.sha256).exists()
    assert storage.object_path(kept.sha256).read_bytes() == b"pixels"
    assert list((settings.STORE_DIR / "tmp").iterdir()) == []
    assert not storage.object_path("0" * 64).exists()


def test_what_is_here_but_not_there_is_sent_with_the_next_delivery(s3, settings):
    shared, settings.STORAGES = (
        settings.STORAGES,
        {name: one for name, one in settings.STORAGES.items() if name != "objects"},
    )
    kept = storage.store_bytes([b"from before the object store"])
    settings.STORAGES = shared
    storage.store_bytes([b"from before the object store"])
    on_another_machine(settings)
    assert storage.object_path(kept.sha256).exists()


@pytest.mark.django_db
def test_a_bundle_of_one_machine_is_opened_on_another(s3, settings):
    digest = write_bundle(settings.STORE_DIR, MBF_ONLY)
    share_bundle(digest)
    on_another_machine(settings)
    assert np.array_equal(
        open_bundle(settings.STORE_DIR, digest).values("stress_mid.mbf"), np.ones((4, 4))
    )
    assert verify_bundle(settings.STORE_DIR, digest) == []
    with pytest.raises(BundleDamaged):
        open_bundle(settings.STORE_DIR, "0" * 64)


def test_names_are_listed_and_taken_away(s3, settings):
    kept = storage.store_bytes([b"listed"])
    digest = write_bundle(settings.STORE_DIR, {"rest_mid": MBF_ONLY["stress_mid"]})
    share_bundle(digest)
    assert storage.object_name(kept.sha256) in set(object_store.names_under("objects"))
    name = f"bundles/{digest[:2]}/{digest}"
    assert len(list(object_store.names_under(name))) == 2
    object_store.delete(name)
    assert list(object_store.names_under(name)) == []


def test_a_server_that_is_gone_is_one_sentence_without_its_address(settings, tmp_path):
    with s3_server(tmp_path) as gone:
        settings.STORAGES = gone.storages(settings.STORAGES)
    with pytest.raises(StoreUnreachable, match="does not answer") as told:
        storage.store_bytes([b"pixels"])
    assert "127.0.0.1" not in str(told.value)
    from qperfweb.core.views import _object_store_problem

    assert _object_store_problem() == "the object store does not answer"


def test_a_worker_on_another_machine_analyses_what_this_one_received(
    server, own_database, settings, tmp_path, site
):
    """The real pipeline on a small exam; two machines that share database and object store only."""
    from analysis.phantom import simulate_exam, write_dicom

    exam = simulate_exam(
        5, sequence="single", conditions=("rest",), slices=1, beats=24, tier="easy",
        breathing="held",
    )  # fmt: skip
    write_dicom(exam, tmp_path / "exam")
    base = {
        **os.environ, **own_database.environment, **server.environment, "OMP_NUM_THREADS": "1",
        "QPERF_STUDY_QUIET_SECONDS": "0", "QPERF_STATE": str(tmp_path / "state"),
        "QPERF_IDENTITY_KEY": settings.IDENTITY_KEY,
    }  # fmt: skip

    def manage(machine, *arguments):
        environment = base | {"QPERF_STORE": str(tmp_path / machine)}
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]

    manage("web", "import_dicom", "--site", site.slug, str(tmp_path / "exam"))
    shutil.rmtree(tmp_path / "web")
    manage("worker", "run_worker", "--until-empty")
    with site_scope([site.pk]):
        run = AnalysisRun.objects.get()
    assert (run.state, run.failure_message) == ("succeeded", "")
    assert (tmp_path / "worker" / "bundles").is_dir()
    settings.STORAGES, settings.STORE_DIR = server.storages(settings.STORAGES), tmp_path / "web"
    assert "rest_mid.corrected" in open_bundle(settings.STORE_DIR, run.bundle_sha256)
