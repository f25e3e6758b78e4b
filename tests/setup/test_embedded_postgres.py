"""The embedded server comes up again after everything that can happen to it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from qperfweb.setup import cluster as clusters
from qperfweb.setup.console import SetupError
from qperfweb.setup.postgres import DATABASE, EmbeddedPostgres
from qperfweb.setup.roles import ROLES
from tests.database import FAST, ROOT

PACKAGES = Path(sysconfig.get_path("purelib"))


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """One state folder for all tests here: each leaves its server stopped and able to start."""
    folder = tmp_path_factory.mktemp("embedded") / "state"
    yield folder
    cluster = clusters.load(folder).folder
    for left in cluster.parent.glob(f"{cluster.name}*"):
        shutil.rmtree(left)


@contextmanager
def running(state: Path):
    server = EmbeddedPostgres(state, PACKAGES, FAST)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def postmaster_pid(server: EmbeddedPostgres) -> int:
    return int((server.cluster.folder / "postmaster.pid").read_text().split()[0])


def answers(server: EmbeddedPostgres) -> bool:
    try:
        psycopg.connect(server.url("qperf_web"), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_three_roles_can_sign_in_and_none_is_privileged(state):
    with running(state) as server:
        for role in ROLES:
            with psycopg.connect(server.url(role)) as connection:
                row = connection.execute(
                    "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb "
                    "FROM pg_roles WHERE rolname = current_user"
                ).fetchone()
                assert row == (False, False, False, False)


def test_only_loopback_only_scram_and_checksums(state):
    with running(state) as server:
        assert server.psql("SHOW listen_addresses;").stdout.strip() == "127.0.0.1"
        assert server.psql("SHOW unix_socket_directories;").stdout.strip() == ""
        assert server.psql("SHOW data_checksums;").stdout.strip() == "on"
        methods = server.psql(
            "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules;"
        )
        assert methods.stdout.strip() == "scram-sha-256"
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.url("qperf_web").replace("qperf_web:", "qperf_web:x"))


def test_files_are_private_and_parents_keep_their_permissions(state):
    state.parent.chmod(0o750)
    with running(state) as server:
        assert mode(state) == 0o700
        assert mode(state / "database.json") == 0o600
        assert mode(server.cluster.folder) == 0o700
        assert mode(server.log) == 0o600
    assert mode(state.parent) == 0o750


def test_two_users_share_and_the_last_one_stops_it(state):
    first, second = EmbeddedPostgres(state, PACKAGES, FAST), EmbeddedPostgres(state, PACKAGES, FAST)
    first.start()
    second.start()
    assert postmaster_pid(first) == postmaster_pid(second)
    first.stop()
    assert answers(second)
    second.stop()
    assert not answers(second)


def test_a_warm_start_makes_no_new_cluster_and_keeps_what_was_stored(state):
    with running(state) as server:
        server.psql("CREATE TABLE kept (a int); INSERT INTO kept VALUES (7);", database=DATABASE)
        made = (server.cluster.folder / "PG_VERSION").stat()
    with running(state) as server:
        same = (server.cluster.folder / "PG_VERSION").stat()
        assert (same.st_ino, same.st_mtime_ns) == (made.st_ino, made.st_mtime_ns)
        assert server.psql("SELECT a FROM kept;", database=DATABASE).stdout.strip() == "7"


def test_it_comes_back_after_kill_9(state):
    with running(state) as server:
        os.kill(postmaster_pid(server), signal.SIGKILL)
        deadline = time.monotonic() + 60
        while server.is_listening() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert server.restart_if_gone()
        assert answers(server)
        assert not server.restart_if_gone()


def test_a_killed_user_leaves_a_server_that_the_next_one_finds_and_stops(state):
    code = (
        "import sys, time; from pathlib import Path\n"
        "from qperfweb.setup.postgres import EmbeddedPostgres\n"
        "EmbeddedPostgres(Path(sys.argv[1]), Path(sys.argv[2])).start()\n"
        "print('up', flush=True); time.sleep(600)"
    )
    user = subprocess.Popen(
        [sys.executable, "-c", code, str(state), str(PACKAGES)], cwd=ROOT, stdout=subprocess.PIPE
    )
    with user:
        assert user.stdout.readline() == b"up\n"
        user.kill()
    with running(state) as server:
        assert answers(server)
    assert not answers(server)


def test_a_recycled_pid_does_not_keep_it_from_starting(state):
    with running(state) as server:
        pid_file = server.cluster.folder / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    with running(state) as server:
        assert answers(server)


def test_a_port_that_somebody_took_is_exchanged(state):
    with running(state) as server:
        port = server.cluster.port
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with running(state) as server:
            assert server.cluster.port != port
            assert answers(server)


def test_a_cluster_without_its_passwords_is_set_aside_not_deleted(state, capsys):
    with running(state) as server:
        folder = server.cluster.folder
    (state / "database.json").unlink()
    with running(state) as server:
        assert answers(server)
    aside = list(folder.parent.glob(f"{folder.name}.set-aside-*"))
    assert len(aside) == 1
    assert str(aside[0]) in capsys.readouterr().out


def test_a_server_that_cannot_start_says_why_in_one_line(state, monkeypatch):
    with running(state) as server:
        configuration = server.cluster.folder / "postgresql.conf"
        good = configuration.read_text()
    configuration.write_text(good + "\nno_such_setting = 1\n")
    monkeypatch.setattr("qperfweb.setup.postgres.ATTEMPTS", 1)
    with pytest.raises(SetupError, match="PostgreSQL cannot start: .*postgresql.log") as caught:
        EmbeddedPostgres(state, PACKAGES, FAST).start()
    assert "\n" not in str(caught.value)
    configuration.write_text(good)


def test_a_cluster_of_another_major_version_is_refused(state):
    with running(state) as server:
        version = server.cluster.folder / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(SetupError, match="made by PostgreSQL 17, this release has 18"):
        EmbeddedPostgres(state, PACKAGES, FAST).start()
    version.write_text("18\n")
