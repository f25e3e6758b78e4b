"""The migrations and the roles work on the server that Debian ships, too."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from qperfweb.setup import databases
from qperfweb.setup.cluster import free_port
from qperfweb.setup.console import SetupError
from qperfweb.setup.system_user import database_user
from tests.database import ROOT

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))

pytestmark = pytest.mark.skipif(
    not PROGRAMS, reason="needs Debian's PostgreSQL (apt-get install postgresql)"
)


@pytest.fixture
def superuser_url() -> Iterator[str]:
    """Address of a fresh server of Debian's newest version, as its superuser."""
    programs, run_as, port = PROGRAMS[-1].parent, database_user(None), free_port()
    with tempfile.TemporaryDirectory() as folder:
        run_as.own(Path(folder))
        data = Path(folder) / "data"

        def call(*command: str) -> None:
            subprocess.run(
                command,
                check=True,
                cwd="/",
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                **run_as.popen_options(),
            )

        call(str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= "
        options += "-c fsync=off"
        call(str(programs / "pg_ctl"), "start", "-w", "-D", str(data), "-o", options)
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            call(str(programs / "pg_ctl"), "stop", "-w", "-m", "immediate", "-D", str(data))


def manage(database: databases.Database, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **database.variables()},
        capture_output=True,
        text=True,
    )


def test_a_superusers_address_is_enough_to_set_up_a_server(superuser_url, tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_OWNER_URL", raising=False)
    monkeypatch.delenv("DATABASE_WORKER_URL", raising=False)
    monkeypatch.setenv("QPERF_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DATABASE_URL", superuser_url)
    with databases.open_database() as database:
        migrated = manage(database, "migrate", "-v", "0")
        assert migrated.returncode == 0, migrated.stderr
        checked = manage(database, "check_database")
        assert checked.returncode == 0, checked.stderr
        with psycopg.connect(database.web) as connection:
            user = connection.execute("SELECT current_user").fetchone()
            assert user == ("qperf_web",)
    with databases.open_database() as again:
        assert again == database
    monkeypatch.setenv("QPERF_STATE", str(tmp_path / "another"))
    with pytest.raises(SetupError, match="exist already"), databases.open_database():
        pass
    monkeypatch.setenv("DATABASE_OWNER_URL", database.owner)
    with pytest.raises(SetupError, match="superuser postgres"), databases.open_database():
        pass


def test_a_server_that_is_not_there_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("QPERF_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DATABASE_URL", f"postgresql://qperf_web:x@127.0.0.1:{free_port()}/qperf")
    opening = databases.open_database()
    with pytest.raises(SetupError, match="cannot be used: .*refused") as caught:
        opening.__enter__()
    assert "\n" not in str(caught.value)
