"""Which PostgreSQL this installation uses, and the addresses of its three logins.

Without DATABASE_URL the embedded server is started. With DATABASE_URL that server is used:

* DATABASE_URL (qperf_web), DATABASE_WORKER_URL (qperf_worker) and DATABASE_OWNER_URL (qperf_owner,
  migrations), made beforehand with roles.sql; or
* DATABASE_URL of a superuser: then database and roles are made here, their passwords are kept in
  the state folder, and nothing is served with the superuser's login.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from qperfweb.setup import cluster as clusters
from qperfweb.setup.cluster import ADMIN
from qperfweb.setup.console import SetupError, say, step
from qperfweb.setup.environment import require_disk, site_packages
from qperfweb.setup.postgres import DATABASE, EmbeddedPostgres
from qperfweb.setup.roles import ROLES, roles_script
from qperfweb.setup.state import make_state_folder, write_private
from qperfweb.setup.system_user import RunAs

NEEDED_BYTES = 512 * 1024**2


@dataclass(frozen=True, kw_only=True)
class Database:
    """Addresses for web, worker and owner; ``embedded`` when the server is ours to look after.

    everything: a login that reads the rows of every site, for backups; empty when none is known.
    """

    web: str
    worker: str
    owner: str
    everything: str = ""
    embedded: EmbeddedPostgres | None = None

    def variables(self) -> dict[str, str]:
        """Environment of the processes that use it; settings.py reads these."""
        named = {
            "DATABASE_URL": self.web,
            "DATABASE_WORKER_URL": self.worker,
            "DATABASE_OWNER_URL": self.owner,
        }
        return {name: value for name, value in named.items() if value}


@contextmanager
def open_database(*, quiet: bool = False) -> Iterator[Database]:
    """The installation's database, ready to connect to, for the length of the block."""
    state = make_state_folder()
    require_disk(state, NEEDED_BYTES, "the state folder")
    given = os.environ.get("DATABASE_URL")
    if given:
        yield _external(state, given)
        return
    server = EmbeddedPostgres(state, site_packages())
    with nullcontext() if quiet else step("PostgreSQL"):
        server.start()
    try:
        yield Database(
            web=server.url("qperf_web"),
            worker=server.url("qperf_worker"),
            owner=server.url("qperf_owner"),
            everything=server.url(ADMIN),
            embedded=server,
        )
    finally:
        server.stop()


def _external(state: Path, given: str) -> Database:
    worker = os.environ.get("DATABASE_WORKER_URL", "")
    owner = os.environ.get("DATABASE_OWNER_URL", "")
    role, is_superuser = _who_is(given)
    if not is_superuser:
        backup = os.environ.get("DATABASE_BACKUP_URL", "")
        return Database(web=given, worker=worker, owner=owner, everything=backup)
    if owner or worker:
        raise SetupError(f"DATABASE_URL connects as the superuser {role}; use the role qperf_web")
    return _prepare(state, given)


def _prepare(state: Path, admin_url: str) -> Database:
    """Make database and roles with a superuser's login, once; later only read the passwords."""
    parts = urlsplit(admin_url)
    named = unquote(parts.path.lstrip("/"))
    name = DATABASE if named in ("", "postgres") else named
    server = f"{parts.hostname or ''}:{parts.port or 5432}/{name}"
    record = state / "server.json"
    kept = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    passwords = kept.get(server)
    if passwords is None:
        taken = query(admin_url, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'qperf\\_%'")
        if taken != "0":
            raise SetupError(
                f"roles of QPerf Web exist already on {server} and their passwords are not in "
                f"{state}: set DATABASE_URL, DATABASE_WORKER_URL and DATABASE_OWNER_URL"
            )
        passwords = {role: secrets.token_urlsafe(24) for role in ROLES}
        # Kept first: a password that was set and then lost would lock us out.
        write_private(record, json.dumps(kept | {server: passwords}, indent=2) + "\n")
    if query(admin_url, f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == "0":
        say(f"  -- making database {name} and its roles on {server}")
    psql(admin_url, roles_script(passwords, name))
    urls = {"everything": urlunsplit(parts._replace(path=f"/{name}"))}
    for role in ROLES:
        host = parts.netloc.rpartition("@")[2]
        login = f"{role}:{quote(passwords[role], safe='')}@{host}"
        urls[role] = urlunsplit(parts._replace(netloc=login, path=f"/{name}"))
    return Database(
        web=urls["qperf_web"],
        worker=urls["qperf_worker"],
        owner=urls["qperf_owner"],
        everything=urls["everything"],
    )


def _who_is(url: str) -> tuple[str, bool]:
    answer = query(
        url, "SELECT current_user || ' ' || rolsuper FROM pg_roles WHERE rolname = current_user"
    )
    role, _, is_superuser = answer.rpartition(" ")
    return role, is_superuser == "true"


def query(url: str, sql: str) -> str:
    """What the server says to one statement: rows as lines, columns apart by |."""
    return psql(url, sql + ";").strip()


def psql(url: str, script: str) -> str:
    """Run a script, stopping at its first error; what it printed.

    Raises SetupError with the server's own words.
    """
    options = ["-X", "-A", "-t", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-f", "-"]
    done = client_program("psql", url, *options, stdin=script)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise SetupError(f"the server of DATABASE_URL cannot be used: {lines[0]}")
    return done.stdout


def client_program(
    name: str, url: str, *arguments: str, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run psql, pg_dump or pg_restore against that database; no password on the command line."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise SetupError("DATABASE_URL must begin with postgresql://")
    password = unquote(parts.password or "")
    login, _, host = parts.netloc.rpartition("@")
    user = login.partition(":")[0]
    bare = urlunsplit(parts._replace(netloc=f"{user}@{host}" if user else host))
    programs = clusters.find_programs(site_packages(), RunAs())
    variables = os.environ | {"PGCONNECT_TIMEOUT": "10"}
    if password:
        variables["PGPASSWORD"] = password
    command = [str(programs / name), "-d", bare, *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, env=variables)
