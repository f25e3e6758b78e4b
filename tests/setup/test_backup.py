"""What is backed up comes back, all of it, and nothing else is believed."""

from __future__ import annotations

import io
import json
import os
import stat
import tarfile

import psycopg
import pytest
from django.db import connections

from qperfweb.core.rls import site_scope
from qperfweb.reviews.models import Reading
from qperfweb.reviews.services import reading_open
from qperfweb.reviews.verify import verify_reading
from qperfweb.runs.bundles import verify_bundle
from qperfweb.setup import backups
from qperfweb.setup.cluster import ADMIN
from qperfweb.setup.commands import backup, restore, upgrade
from qperfweb.setup.console import SetupError
from qperfweb.setup.databases import Database, query
from qperfweb.studies import storage
from qperfweb.studies.models import Instance
from tests import database as databases
from tests.reading import acknowledge, sign
from tests.runs.examples import a_finished_run, a_study

CONTENT = """
    SELECT format('SELECT %L, count(*), coalesce(md5(string_agg(row::text, chr(10) ORDER BY '
                  'row::text)), %L) FROM %I row', tablename, '', tablename)
    FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename
"""


def addresses(own: databases.TestDatabase) -> Database:
    return Database(
        web=own.url("qperf_web"),
        worker=own.url("qperf_worker"),
        owner=own.url("qperf_owner"),
        everything=own.url(ADMIN),
    )


def everything_in(database: Database) -> list[str]:
    """Name, number of rows and digest of every table."""
    statements = query(database.everything, CONTENT).splitlines()
    return query(database.everything, ";\n".join(statements)).splitlines()


@pytest.fixture
def installation(own_database, settings, monkeypatch, tmp_path, site, user_of, as_worker, as_owner):
    """A site with a signed reading, its files, and a state folder; its database."""
    monkeypatch.setenv("QPERF_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("QPERF_STORE", str(settings.STORE_DIR))
    for name in ("IDENTITY_KEY", "TRAIL_KEY", "SECRET_KEY"):
        monkeypatch.setenv(f"QPERF_{name}", getattr(settings, name))
    reader = user_of("reader", site)
    with site_scope([site.pk]):
        study = a_study(site)
        kept = storage.store_bytes([b"an object"])
        with as_owner():
            Instance.objects.update(sha256=kept.sha256, size_bytes=kept.size_bytes)
        with as_worker():
            a_finished_run(study)
        reading = reading_open(study, reader)
        sign(acknowledge(reading, reader), reader)
    return addresses(own_database)


@pytest.fixture
def empty(database_server):
    with databases.clone(database_server, "template0") as own:
        yield addresses(own)


def test_a_restored_installation_is_the_same_row_for_row_and_byte_for_byte(
    installation, empty, settings, monkeypatch, tmp_path
):
    file = tmp_path / "hospital.tar"
    storage.store_bytes([b"nobody names this"])
    assert backup.back_up(installation, file) == []
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads((tmp_path / "state" / backup.LAST).read_text())["complete"] == "True"
    manifest = backups.verified_manifest(file)
    assert sum(name.startswith("store/objects/") for name in manifest.sha256) == 1
    monkeypatch.setenv("QPERF_STORE", str(tmp_path / "restored"))
    restore.restore(empty, file, replace=False)
    assert everything_in(empty) == everything_in(installation)
    assert len(everything_in(empty)) > 30
    for name in manifest.sha256:
        if name.startswith("store/"):
            there = tmp_path / "restored" / name.removeprefix("store/")
            assert (
                there.read_bytes()
                == (settings.STORE_DIR / name.removeprefix("store/")).read_bytes()
            )
    with pytest.raises(SetupError, match="the database is not empty"):
        restore.restore(empty, file, replace=False)


def test_a_restored_signature_and_its_bundle_verify(
    installation, empty, settings, monkeypatch, tmp_path, site
):
    backup.back_up(installation, tmp_path / "hospital.tar")
    monkeypatch.setenv("QPERF_STORE", str(tmp_path / "restored"))
    restore.restore(empty, tmp_path / "hospital.tar", replace=False)
    settings.STORE_DIR = tmp_path / "restored"
    connections.close_all()
    before = connections["default"].settings_dict["NAME"]
    connections["default"].settings_dict["NAME"] = empty.web.rpartition("/")[2]
    try:
        with site_scope([site.pk]):
            reading = Reading.objects.get()
            assert verify_reading(reading) == []
            assert verify_bundle(settings.STORE_DIR, reading.run.bundle_sha256) == []
    finally:
        connections.close_all()
        connections["default"].settings_dict["NAME"] = before


def test_a_backup_that_lacks_a_file_says_so(installation, settings, tmp_path):
    next((settings.STORE_DIR / "objects").glob("*/*/*")).write_bytes(b"rotten")
    assert len(backup.back_up(installation, tmp_path / "hospital.tar")) == 1


def test_a_byte_that_was_changed_or_an_end_that_was_cut_off_is_noticed(installation, tmp_path):
    file = tmp_path / "hospital.tar"
    backup.back_up(installation, file, with_files=False)
    whole = file.read_bytes()
    damaged = bytearray(whole)
    damaged[len(whole) // 3] ^= 1
    file.write_bytes(damaged)
    with pytest.raises(SetupError, match="damaged: database.dump is not what was backed up"):
        backups.verified_manifest(file)
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SetupError, match="cut off|cannot be read"):
        backups.verified_manifest(file)
    file.write_bytes(whole)
    with pytest.raises(SetupError, match="a backup replaces nothing"):
        backup.back_up(installation, file)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "store/objects/x"])
def test_a_tar_that_is_no_backup_is_not_unpacked(tmp_path, name):
    file = tmp_path / "stranger.tar"
    with tarfile.open(file, "w") as tar:
        information = tarfile.TarInfo(name)
        information.size = 1
        tar.addfile(information, io.BytesIO(b"x"))
    with pytest.raises(SetupError, match="is no backup"):
        backups.verified_manifest(file)


def test_keys_travel_apart_and_the_wrong_ones_are_refused(installation, monkeypatch, tmp_path):
    file, keys = tmp_path / "hospital.tar", tmp_path / "keys.json"
    backup.back_up(installation, file, with_files=False)
    backup.write_keys(keys)
    assert os.environ["QPERF_IDENTITY_KEY"].encode() not in file.read_bytes()
    manifest = backups.verified_manifest(file)
    monkeypatch.setenv("QPERF_STATE", str(tmp_path / "elsewhere"))
    monkeypatch.delenv("QPERF_IDENTITY_KEY")
    monkeypatch.delenv("QPERF_TRAIL_KEY")
    with pytest.raises(SetupError, match="needs the identity_key"):
        restore.take_keys(manifest, None)
    restore.take_keys(manifest, keys)
    assert stat.S_IMODE((tmp_path / "elsewhere" / "identity_key").stat().st_mode) == 0o600
    monkeypatch.setenv("QPERF_IDENTITY_KEY", "another")
    with pytest.raises(SetupError, match="is not that of the backup"):
        restore.take_keys(manifest, keys)


def test_a_backup_of_a_newer_release_is_refused(installation, tmp_path):
    file = tmp_path / "hospital.tar"
    backup.back_up(installation, file, with_files=False)
    manifest = backups.verified_manifest(file)
    backups.require_older_or_same(manifest)
    manifest.migrations.append("runs.9999_from_the_future")
    with pytest.raises(SetupError, match="newer release .* runs.9999_from_the_future"):
        backups.require_older_or_same(manifest)


def test_an_upgrade_waits_until_nothing_uses_the_database(installation, tmp_path, monkeypatch):
    assert upgrade.upgrade(installation) == 0
    monkeypatch.setattr(upgrade, "is_current", lambda database: False)
    with psycopg.connect(installation.web), pytest.raises(SetupError, match="something uses"):
        upgrade.upgrade(installation)
    assert upgrade.upgrade(installation, tmp_path / "before.tar") == 0
    assert backups.verified_manifest(tmp_path / "before.tar").with_files is False
