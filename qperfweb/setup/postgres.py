"""Start, share and stop the embedded PostgreSQL server.

Everyone who uses the server holds a shared lock; whoever leaves last stops it. Locks fall with
their process, so a killed ``./run`` leaves at worst a running server, which the next one finds by
connecting to it. Process ids in ``postmaster.pid`` are never trusted: they may have been recycled.
"""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO

from qperfweb.setup import cluster as clusters
from qperfweb.setup.cluster import ADMIN, Cluster
from qperfweb.setup.console import SetupError
from qperfweb.setup.locks import SharedUse, exclusive
from qperfweb.setup.roles import roles_script
from qperfweb.setup.system_user import database_user

DATABASE = "qperf"
START_LIMIT_S = 90
ATTEMPTS = 5
LEFTOVERS_LIMIT_S = 60.0

SERVER_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    # A socket path may not exceed 107 bytes; state folders can be deeper than that.
    "unix_socket_directories": "",
    "max_connections": "100",
    "jit": "off",
    # What a failing statement carries may name a patient.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "lc_messages": "C",
}


class EmbeddedPostgres:
    """The server of one state folder."""

    def __init__(
        self, state: Path, site_packages: Path, settings: Mapping[str, str] | None = None
    ) -> None:
        self.state = state
        self.log = state / "logs" / "postgresql.log"
        self._site_packages = site_packages
        self._settings = {**SERVER_SETTINGS, **(settings or {})}
        self._start_lock = state / "postgresql.lock"
        self._use: SharedUse | None = None

    def start(self) -> Cluster:
        """Make the cluster if needed, start the server unless it runs, and hold it in use."""
        with exclusive(self._start_lock):
            cluster = clusters.load(self.state)
            self._run_as = database_user(cluster.folder if cluster else None)
            self._programs = clusters.find_programs(self._site_packages, self._run_as)
            folder = clusters.place(self.state, self._run_as)
            if cluster is None or not (cluster.folder / "PG_VERSION").exists():
                cluster = clusters.create(self.state, folder, self._programs, self._run_as)
            clusters.check_version(cluster)
            self.cluster = self._ensure_running(cluster)
            self._prepare_roles()
            if self._use is None:
                self._use = SharedUse(self.state / "postgresql.users")
        return self.cluster

    def is_listening(self) -> bool:
        """Does anything accept connections there? Cheap enough to ask every second."""
        try:
            socket.create_connection(("127.0.0.1", self.cluster.port), timeout=2).close()
        except OSError:
            return False
        return True

    def restart_if_gone(self) -> bool:
        """Start the server again when it no longer answers; True when it had to be."""
        with exclusive(self._start_lock):
            if self._answers(self.cluster):
                return False
            self.cluster = self._ensure_running(self.cluster)
            return True

    def stop(self) -> None:
        """Leave the server; the last one to leave stops it."""
        if self._use is None:
            return
        with exclusive(self._start_lock):
            last = self._use.leave()
            self._use = None
            if last and self._answers(self.cluster):
                self._stop_server()

    def url(self, role: str, database: str = DATABASE) -> str:
        return self.cluster.url(role, database)

    def psql(
        self, script: str, *, database: str = "postgres", timeout_s: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run SQL as the cluster's administrator."""
        return self._psql(self.cluster, script, database=database, timeout_s=timeout_s)

    def _psql(
        self, cluster: Cluster, script: str, *, database: str, timeout_s: float
    ) -> subprocess.CompletedProcess[str]:
        command = [str(self._programs / "psql"), "-X", "-A", "-t", "-q", "-w"]
        command += ["-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(cluster.port)]
        command += ["-U", ADMIN, "-d", database, "-f", "-"]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        environment |= {"PGPASSWORD": cluster.passwords[ADMIN], "PGCONNECT_TIMEOUT": "3"}
        return subprocess.run(
            command,
            input=script,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            env=environment,
        )

    def _answers(self, cluster: Cluster) -> bool:
        """True when the server on the noted port takes our password and serves our folder."""
        try:
            done = self._psql(cluster, "SHOW data_directory;", database="postgres", timeout_s=15)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0 and done.stdout.strip() == str(cluster.folder)

    def _ensure_running(self, cluster: Cluster) -> Cluster:
        if self._answers(cluster):
            return cluster
        attempt = 0
        leftovers_until = time.monotonic() + LEFTOVERS_LIMIT_S
        while attempt < ATTEMPTS:
            if self._a_postmaster_was_on_its_way(cluster):
                return cluster
            problem = self._launch(cluster)
            if problem is None:
                return cluster
            if "Address already in use" in problem or "could not bind" in problem:
                cluster = replace(cluster, port=clusters.free_port())
                clusters.save(self.state, cluster)
                attempt += 1
            elif "shared memory block" in problem and time.monotonic() < leftovers_until:
                # A killed server's children hold its memory until they notice, which on a busy
                # machine or in the middle of a statement takes them a while.
                time.sleep(0.5)
            else:
                attempt += 1
                time.sleep(0.5 * attempt)
        raise SetupError(f"PostgreSQL cannot start: {problem} (see {self.log})")

    def _a_postmaster_was_on_its_way(self, cluster: Cluster) -> bool:
        """Wait for a server that is starting or stopping; True when there is one now."""
        pid_file = cluster.folder / "postmaster.pid"
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            pid = _read_pid(pid_file)
            if pid is None or not _is_alive(pid):
                return False
            if not _serves(pid, cluster.folder):
                pid_file.unlink(missing_ok=True)  # the pid was recycled by another program
                return False
            if self._answers(cluster):
                return True
            time.sleep(0.2)
        raise SetupError(f"PostgreSQL (process {pid}) runs but does not answer (see {self.log})")

    def _launch(self, cluster: Cluster) -> str | None:
        """Start the server and wait until it answers; otherwise say what stopped it."""
        self.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        options = ["-p", str(cluster.port)]
        for name, value in self._settings.items():
            options += ["-c", f"{name}={value}"]
        begun_at = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab", opener=_private) as log:
            # pg_ctl gives the server a session of its own: Ctrl-C reaches ./run, not the server.
            done = self._pg_ctl(
                cluster, "start", "-w", "-t", str(START_LIMIT_S), "-o", shlex.join(options), log=log
            )
        if done.returncode == 0 and self._answers(cluster):
            return None
        return self._reason(begun_at)

    def _reason(self, begun_at: int) -> str:
        with open(self.log, encoding="utf-8", errors="replace") as log:
            log.seek(begun_at)
            lines = [line.strip() for line in log if line.strip()]
        told = [line for line in lines if "FATAL" in line or "could not" in line] or lines
        return told[0] if told else "it ended without a message"

    def _stop_server(self) -> None:
        with open(self.log, "ab", opener=_private) as log:
            done = self._pg_ctl(self.cluster, "stop", "-m", "fast", "-w", "-t", "60", log=log)
        if done.returncode != 0:
            raise SetupError(f"PostgreSQL did not stop within 60 s (see {self.log})")

    def _pg_ctl(
        self, cluster: Cluster, *arguments: str, log: IO[bytes]
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [str(self._programs / "pg_ctl"), *arguments, "-s", "-D", str(cluster.folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            **self._run_as.popen_options(),
        )

    def _prepare_roles(self) -> None:
        """Create database and roles; idempotent, so a set-up that was killed is completed."""
        if self.cluster.has_roles:
            return
        done = self.psql(roles_script(self.cluster.passwords, DATABASE))
        if done.returncode != 0:
            raise SetupError(f"cannot create the database roles: {done.stderr.strip()}")
        self.cluster = replace(self.cluster, has_roles=True)
        clusters.save(self.state, self.cluster)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _read_pid(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _serves(pid: int, folder: Path) -> bool:
    """Is that process a PostgreSQL server of this folder? Asked of its command line."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except FileNotFoundError:
        done = subprocess.run(["ps", "-p", str(pid), "-o", "args="], capture_output=True, text=True)
        arguments = done.stdout
    return "postgres" in arguments and str(folder) in arguments
