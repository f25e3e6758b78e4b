"""Databases for tests: one embedded server, one migrated template, clones in 0.1 s.

The server lies beside the state folder (``QPERF_STATE`` + ``-tests``) and stays between sessions,
and so does the template as long as migrations and requirements are the same.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qperfweb.setup.locks import exclusive
from qperfweb.setup.postgres import EmbeddedPostgres
from qperfweb.setup.state import state_folder

ROOT = Path(__file__).resolve().parent.parent
TEST_LOGIN = "qperf_test"
KEPT_TEMPLATES = 5

# A test database may be lost in a power cut; nothing else about the server differs.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
}


@dataclass(frozen=True, kw_only=True)
class TestDatabase:
    """One database and the addresses that web, worker and owner have for it."""

    __test__ = False

    name: str
    server: EmbeddedPostgres

    def url(self, role: str) -> str:
        return self.server.url(role, self.name)

    @property
    def environment(self) -> dict[str, str]:
        """For processes that a test starts: ``subprocess.run(..., env={**os.environ, **this})``."""
        return {
            "DATABASE_URL": self.url("qperf_web"),
            "DATABASE_WORKER_URL": self.url("qperf_worker"),
            "DATABASE_OWNER_URL": self.url("qperf_owner"),
        }


def start_server() -> EmbeddedPostgres:
    """The tests' own server, shared by all test sessions of this user."""
    state = state_folder()
    # ./run test names a folder of its own already.
    apart = state if state.name.endswith("-tests") else state.with_name(f"{state.name}-tests")
    server = EmbeddedPostgres(apart, Path(sysconfig.get_path("purelib")), FAST)
    server.start()
    _sql(
        server,
        f"""
        DO $$ BEGIN CREATE ROLE {TEST_LOGIN} LOGIN NOINHERIT;
        EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        ALTER ROLE {TEST_LOGIN} PASSWORD '{test_password(server)}';
        GRANT qperf_owner, qperf_web, qperf_worker TO {TEST_LOGIN};
        """,
    )
    _drop_what_dead_sessions_left(server)
    return server


def test_password(server: EmbeddedPostgres) -> str:
    """The test login may become web, worker or owner, so its password is as good a secret."""
    return hashlib.sha256(server.cluster.passwords["qperf_owner"].encode()).hexdigest()


def migrated_template(server: EmbeddedPostgres) -> str:
    """Name of a database with today's migrations; made when there is none yet."""
    name = f"template_{_fingerprint()}"
    with exclusive(server.state / "template.lock"):
        if name in _databases(server, "template_%"):
            return name
        draft = f"test_{os.getpid()}_template"
        _sql(server, f"DROP DATABASE IF EXISTS {draft};")
        _sql(server, f"CREATE DATABASE {draft} OWNER qperf_owner TEMPLATE template0;")
        _allow_logins(server, draft)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "manage.py", "migrate", "-v", "0"],
            cwd=ROOT,
            env={**os.environ, **TestDatabase(name=draft, server=server).environment},
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise RuntimeError(f"the migrations do not apply:\n{done.stdout}{done.stderr}")
        _sql(server, f"ALTER DATABASE {draft} RENAME TO {name};")
        for old in _databases(server, "template_%")[KEPT_TEMPLATES:]:
            _sql(server, f"DROP DATABASE IF EXISTS {old};")
    return name


@contextmanager
def clone(server: EmbeddedPostgres, template: str) -> Iterator[TestDatabase]:
    """A fresh database with the template's content, dropped afterwards."""
    name = f"test_{os.getpid()}_{secrets.token_hex(4)}"
    _sql(server, f"CREATE DATABASE {name} OWNER qperf_owner TEMPLATE {template};")
    _allow_logins(server, name)
    try:
        yield TestDatabase(name=name, server=server)
    finally:
        _sql(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE);")


def _allow_logins(server: EmbeddedPostgres, name: str) -> None:
    _sql(server, f"REVOKE ALL ON DATABASE {name} FROM PUBLIC;")
    roles = f"qperf_owner, qperf_web, qperf_worker, {TEST_LOGIN}"
    _sql(server, f"GRANT CONNECT ON DATABASE {name} TO {roles};")


def _drop_what_dead_sessions_left(server: EmbeddedPostgres) -> None:
    for name in _databases(server, "test_%"):
        pid = name.split("_")[1]
        if not Path(f"/proc/{pid}").exists():
            _sql(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE);")


def _databases(server: EmbeddedPostgres, pattern: str) -> list[str]:
    query = f"SELECT datname FROM pg_database WHERE datname LIKE '{pattern}' "
    rows = _sql(server, query + "AND NOT datistemplate ORDER BY oid DESC;")
    return rows.split()


def _sql(server: EmbeddedPostgres, script: str) -> str:
    done = server.psql(script)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return done.stdout


def _fingerprint() -> str:
    """Changes whenever a migration, a migration helper or a pinned package does."""
    sources = [*ROOT.glob("qperfweb/*/migrations/*.py"), *ROOT.glob("qperfweb/core/*.py")]
    sources += [ROOT / "requirements.txt", ROOT / "qperfweb" / "setup" / "roles.sql"]
    digest = hashlib.sha256()
    for source in sorted(sources):
        digest.update(str(source.relative_to(ROOT)).encode() + source.read_bytes())
    return digest.hexdigest()[:16]
