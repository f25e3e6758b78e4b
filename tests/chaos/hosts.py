"""Several hosts: python -m tests.chaos.hosts (root, Linux)

Three network namespaces stand for three machines. On the first are PostgreSQL, the web server and
an S3 server; on the other two one worker each, with store folders of their own. While both work,
the cable of one is pulled. Its exam must be done by the other, once; what it did itself must count
for nothing, even after the cable is back.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from qperfweb.setup.cluster import ADMIN
from qperfweb.setup.environment import site_packages
from qperfweb.setup.postgres import EmbeddedPostgres
from qperfweb.setup.state import kept_secret
from tests.chaos.exams import exams
from tests.database import ROOT
from tests.s3 import BUCKET

CENTRE, HOSTS = "qperf-centre", ("qperf-a", "qperf-b")
NETWORK = "10.213"
S3_PORT, WEB_PORT = 5000, 8000
EXAMS = 4


def main() -> int:
    if os.geteuid() != 0 or shutil.which("ip") is None:
        print("Network namespaces need root and iproute2; nothing was tried.")
        return 0
    with tempfile.TemporaryDirectory(prefix="qperf-hosts-") as folder, ExitStack() as stack:
        place = Path(folder)
        stack.enter_context(network())
        centre = Centre(place / "centre")
        stack.callback(centre.stop)
        centre.start()
        found = besiege(centre, place, stack)
    print(json.dumps(found, indent=1))
    return 0 if not found["problems"] else 1


def besiege(centre: Centre, place: Path, stack: ExitStack) -> dict[str, object]:
    """Pull a cable while two workers work; what became of the runs."""
    for number, objects in enumerate(exams(place / "base", EXAMS, 7, slices=3)):
        target = place / "exams" / str(number)
        target.mkdir(parents=True)
        for uid, content in objects:
            (target / f"{uid}.dcm").write_bytes(content)
    centre.manage("import_dicom", "--site", "north", str(place / "exams"))
    workers = [stack.enter_context(worker(centre, host, place / host)) for host in HOSTS]
    wait_until(lambda: centre.count("state = 'running'") == 2, 600, "both workers at work")
    cable(HOSTS[0], "down")
    pulled = time.monotonic()
    wait_until(lambda: centre.count("state = 'succeeded'") == EXAMS, 900, "every exam done")
    took = time.monotonic() - pulled
    cable(HOSTS[0], "up")
    time.sleep(30)  # long enough for the one that was cut off to do harm
    problems = []
    rows = centre.rows(
        "SELECT r.attempt, (SELECT count(*) FROM runs_segmentresult s WHERE s.run_id = r.id), "
        "(SELECT count(*) FROM core_trailevent e WHERE e.object_id = r.id::text "
        "AND e.action = 'run.succeeded') FROM runs_analysisrun r"
    )
    if any((segments, events) != (16, 1) for _, segments, events in rows):
        problems.append(f"effects happened twice or not at all: {rows}")
    if not any(attempt > 1 for attempt, _, _ in rows):
        problems.append("no exam was taken over")
    if centre.count("true") != EXAMS:
        problems.append("an exam was analysed twice")
    return {
        "exams": EXAMS,
        "attempts": sorted(attempt for attempt, _, _ in rows),
        "seconds_from_cable_to_all_done": round(took, 1),
        "the_one_that_was_cut_off": "ended" if workers[0].poll() is not None else "went on",
        "problems": problems,
    }


class Centre:
    """The host with database, files and web server."""

    def __init__(self, state: Path) -> None:
        self.state = state
        state.mkdir(mode=0o700)
        os.environ["QPERF_STATE"] = str(state)
        self.keys = {
            f"QPERF_{name.upper()}": kept_secret(name) for name in ("identity_key", "trail_key")
        }
        self._running: list[subprocess.Popen[bytes]] = []
        self.server = EmbeddedPostgres(state, site_packages(), {"listen_addresses": "*"})

    def start(self) -> None:
        # The server's own files are made outside; it is started inside, where its network is.
        code = "from tests.chaos import hosts; hosts.serve_database()"
        self._start([sys.executable, "-c", code], {})
        wait_until(lambda: (self.state / "listening").exists(), 120, "the database")
        command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "0.0.0.0"]
        self._start([*command, "-p", str(S3_PORT)], {})
        wait_until(self._make_bucket, 60, "the S3 server")
        self.manage("migrate", "-v", "0", login="owner")
        script = "from qperfweb.accounts.models import Site\nSite.objects.create(slug='north')"
        self.manage("shell", "--verbosity", "0", "-c", script)
        uvicorn = [sys.executable, "-m", "uvicorn", "qperfweb.asgi:application"]
        self._start([*uvicorn, "--port", str(WEB_PORT)], self.environment("127.0.0.1", "web"))

    def environment(self, address: str, role: str) -> dict[str, str]:
        """For a process that reaches this host under that address."""
        record = json.loads((self.state / "database.json").read_text())
        password, port = record["passwords"][f"qperf_{role}"], record["port"]
        return {
            **self.keys,
            "DATABASE_URL": f"postgresql://qperf_{role}:{password}@{address}:{port}/qperf",
            "DATABASE_OWNER_URL": f"postgresql://qperf_owner:{record['passwords']['qperf_owner']}"
            f"@{address}:{port}/qperf",
            "QPERF_DATABASE_LOGIN": role,
            "QPERF_OBJECT_STORE": f"s3://{BUCKET}/qperf",
            "QPERF_OBJECT_STORE_ENDPOINT": f"http://{address}:{S3_PORT}",
            "QPERF_OBJECT_STORE_KEY": "test",
            "QPERF_OBJECT_STORE_SECRET": "test",
            "QPERF_OBJECT_STORE_REGION": "us-east-1",
            "QPERF_STUDY_QUIET_SECONDS": "0",
            "OMP_NUM_THREADS": "1",
        }

    def manage(self, *arguments: str, login: str = "web") -> None:
        command = [*inside(CENTRE), sys.executable, "manage.py", *arguments]
        variables = os.environ | self.environment("127.0.0.1", login)
        subprocess.run(command, cwd=ROOT, env=variables, check=True, capture_output=True)

    def rows(self, query: str) -> list[tuple[int, ...]]:
        record = json.loads((self.state / "database.json").read_text())
        url = f"postgresql://{ADMIN}:{record['passwords'][ADMIN]}@{NETWORK}.9.1:{record['port']}"
        with psycopg.connect(f"{url}/qperf", connect_timeout=5) as connection:
            return connection.execute(query).fetchall()

    def count(self, condition: str) -> int:
        return self.rows(f"SELECT count(*) FROM runs_analysisrun WHERE {condition}")[0][0]

    def stop(self) -> None:
        for process in reversed(self._running):
            process.send_signal(signal.SIGTERM)
        for process in self._running:
            process.wait(60)
        folder = json.loads((self.state / "database.json").read_text())["folder"]
        shutil.rmtree(folder, ignore_errors=True)

    def _start(self, command: list[str], variables: dict[str, str]) -> None:
        with (self.state / "centre.log").open("ab") as log:
            self._running.append(
                subprocess.Popen(
                    [*inside(CENTRE), *command],
                    cwd=ROOT,
                    env=os.environ | variables,
                    stdout=log,
                    stderr=log,
                )  # fmt: skip
            )

    def _make_bucket(self) -> bool:
        make = urllib.request.Request(f"http://{NETWORK}.9.1:{S3_PORT}/{BUCKET}", method="PUT")
        urllib.request.urlopen(make, timeout=5).close()
        return True


def serve_database() -> None:
    """Runs inside the centre's namespace until told to stop."""
    state = Path(os.environ["QPERF_STATE"])
    server = EmbeddedPostgres(state, site_packages(), {"listen_addresses": "*"})
    server.start()
    with (server.cluster.folder / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {NETWORK}.0.0/16 scram-sha-256\n")
    server.psql("SELECT pg_reload_conf();")
    (state / "listening").touch()
    signal.sigwait({signal.SIGTERM})
    server.stop()


@contextmanager
def network() -> Iterator[None]:
    """A namespace for each host, a cable from the centre to each, and one from here to it."""
    try:
        for name in (CENTRE, *HOSTS):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        for number, host in enumerate(HOSTS, start=1):
            _cable(f"qpc{number}", CENTRE, f"{NETWORK}.{number}.1", f"qph{number}", host,
                   f"{NETWORK}.{number}.2")  # fmt: skip
        _cable("qpc9", CENTRE, f"{NETWORK}.9.1", "qph9", "", f"{NETWORK}.9.2")
        yield
    finally:
        for name in (CENTRE, *HOSTS):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
        subprocess.run(["ip", "link", "del", "qph9"], capture_output=True)


def cable(host: str, state: str) -> None:
    """Pull or plug the cable between the centre and a host, at the centre's end."""
    ip("-n", CENTRE, "link", "set", f"qpc{HOSTS.index(host) + 1}", state)


@contextmanager
def worker(centre: Centre, host: str, state: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker on that host, with nothing of the centre's disk."""
    state.mkdir(mode=0o700)
    address = f"{NETWORK}.{HOSTS.index(host) + 1}.1"
    variables = os.environ | centre.environment(address, "worker") | {"QPERF_STATE": str(state)}
    variables.pop("DATABASE_OWNER_URL")
    command = [*inside(host), sys.executable, "manage.py", "run_worker"]
    with (state / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=log, stderr=log)
        try:
            yield process
        except BaseException:
            print((state / "worker.log").read_text()[-2000:], file=sys.stderr)
            raise
        finally:
            process.kill()
            process.wait()


def inside(name: str) -> list[str]:
    return ["ip", "netns", "exec", name]


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def wait_until(done: Callable[[], bool], seconds: float, what: str) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            if done():
                return
        except (OSError, psycopg.Error):
            pass  # not up yet
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.5)


def _cable(left: str, there: str, address: str, right: str, host: str, other: str) -> None:
    ip("link", "add", left, "type", "veth", "peer", "name", right)
    for end, name, own in ((left, there, address), (right, host, other)):
        where: tuple[str, ...] = ()
        if name:
            ip("link", "set", end, "netns", name)
            where = ("-n", name)
        ip(*where, "addr", "add", f"{own}/24", "dev", end)
        ip(*where, "link", "set", end, "up")


if __name__ == "__main__":
    sys.exit(main())
