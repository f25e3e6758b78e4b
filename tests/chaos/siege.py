"""An installation under siege: exams keep coming in while its processes are killed.

Nothing asks nicely: every kill is SIGKILL, at a random moment of a real analysis. Afterwards the
installation is asked, through its database and its store, whether it kept its promises.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg

from qperfweb.setup import cluster as clusters
from qperfweb.setup.cluster import ADMIN
from tests.chaos.exams import exams, sha256
from tests.chaos.judgement import Report, judge
from tests.chaos.victims import Victims
from tests.database import ROOT
from tests.dicom_network.conftest import free_port

TARGETS = ("worker", "analysis", "web", "postgres", "everything")
CHUNK = 8
BOUNDARY = "siege"


class Siege:
    """One installation in ``state``, ``workers`` of it, and a sender that never gives up."""

    def __init__(self, state: Path, *, workers: int, seed: int) -> None:
        self.state, self.workers = state, workers
        self.random = random.Random(seed)
        self.seed = seed
        self.port = free_port()
        self.report = Report()
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("DATABASE_")},
            "QPERF_STATE": str(state),
            "QPERF_STUDY_QUIET_SECONDS": "1",
            "OMP_NUM_THREADS": "1",
            "PYTHONWARNINGS": "ignore",
        }
        self.sent: dict[str, str] = {}
        self.victims = Victims(state, self.random)
        self._over = threading.Event()
        self._stage = "idle"
        self.token = ""

    def start(self) -> None:
        """Start the group and wait until it is ready."""
        command = [sys.executable, "-m", "tests.chaos.group", str(self.port), str(self.workers)]
        self.state.mkdir(exist_ok=True, mode=0o700)
        with (self.state / "group.log").open("ab") as log:
            self.victims.group = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        until = time.monotonic() + 300
        while not self._answers():
            if time.monotonic() > until or self.victims.group.poll() is not None:
                raise RuntimeError((self.state / "group.log").read_text()[-2000:])
            time.sleep(0.3)

    def prepare(self) -> None:
        """A site, a sender and its token."""
        script = (
            "from qperfweb.accounts.models import Membership, Site, User\n"
            "site = Site.objects.create(slug='north', name='North')\n"
            "user = User.objects.create_user('scanner', None)\n"
            "Membership.objects.create(user=user, site=site, role='technologist')\n"
        )
        self.manage("shell", "--verbosity", "0", "-c", script)
        said = self.manage("create_token", "scanner", "--scope", "all")
        self.token = next(word for word in said.split() if len(word) > 30)

    def manage(self, *arguments: str, code: int | None = 0) -> str:
        """Run a management command; its output. code: the exit code that it must have."""
        cluster = clusters.load(self.state)
        assert cluster is not None
        urls = {
            f"DATABASE_{name}URL": cluster.url(role, "qperf")
            for name, role in (("", "qperf_web"), ("WORKER_", "qperf_worker"))
        }
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment | urls, capture_output=True, text=True
        )
        if code is not None and done.returncode != code:
            raise RuntimeError(done.stderr[-2000:])
        return done.stdout

    def send(self, count: int, **options: object) -> None:
        """Send exams (options as of SMALL) until every object was acknowledged; runs on a thread of
        its own."""
        for exam in exams(self.state / "exams", count, self.seed, **options):
            for start in range(0, len(exam), CHUNK):
                chunk = exam[start : start + CHUNK]
                while not self._stow([content for _, content in chunk]):
                    self.report.retried += 1
                    time.sleep(0.5)
                self.sent |= {uid: sha256(content) for uid, content in chunk}

    def watch(self) -> None:
        """Note the stages that kills fall into and how long a running run stays silent."""
        while not self._over.wait(0.25):
            with suppress(psycopg.Error), self._database() as rows:
                running = rows.execute(
                    "SELECT stage, extract(epoch FROM clock_timestamp() - heartbeat_at) "
                    "FROM runs_analysisrun WHERE state = 'running'"
                ).fetchall()
                alive = [stage for stage, silent in running if silent < 3]
                self._stage = alive[0] if alive else "idle"
                for _, silent in running:
                    self.report.longest_silence_s = max(
                        self.report.longest_silence_s, float(silent)
                    )

    def wait_for_work(self, limit_s: float) -> None:
        """A kill in the middle of an analysis says more than one while a worker starts."""
        until = time.monotonic() + limit_s
        while self._stage == "idle" and time.monotonic() < until:
            time.sleep(0.1)

    def kill(self, target: str) -> None:
        """SIGKILL one process, or all of them at once."""
        victims = self.victims.of(target)
        self.report.stages[self._stage] += 1
        for victim in victims:
            with suppress(psutil.NoSuchProcess):
                victim.kill()
        self.report.kills.append(target)
        if target == "everything":
            assert self.victims.group is not None
            self.victims.group.wait()
            self.start()
        elif self.victims.group is not None and self.victims.group.poll() is not None:
            self.report.problems.append("the supervisor gave up")
            self.start()

    def settle(self, limit_s: float) -> None:
        """Wait until nothing waits or runs any more."""
        until = time.monotonic() + limit_s
        while time.monotonic() < until:
            with suppress(psycopg.Error), self._database() as rows:
                open_runs, without = rows.execute(
                    "SELECT (SELECT count(*) FROM runs_analysisrun WHERE state IN "
                    "('queued', 'running')), (SELECT count(*) FROM studies_study s WHERE NOT "
                    "EXISTS (SELECT FROM runs_analysisrun r WHERE r.study_id = s.id AND "
                    "jsonb_array_length(r.input_manifest) = (SELECT count(*) FROM "
                    "studies_instance i JOIN studies_series e ON e.id = i.series_id "
                    "WHERE e.study_id = s.id)))"
                ).fetchone()
                if not open_runs and not without:
                    return
            time.sleep(1)
        self.report.problems.append(f"runs were still open after {limit_s:.0f} s")

    def judge(self) -> Report:
        """Ask the installation whether it kept its promises."""
        with self._database() as rows:
            judge(
                self.report,
                sent=self.sent,
                store=self.state / "store",
                rows=rows,
                manage=self.manage,
            )
        return self.report

    def instances(self) -> set[str]:
        """SOP Instance UID of every object that has a row."""
        with self._database() as rows:
            return {uid for (uid,) in rows.execute("SELECT sop_instance_uid FROM studies_instance")}

    def end(self) -> None:
        """Kill what is left and remove the database cluster."""
        self._over.set()
        for victim in self.victims.everything():
            with suppress(psutil.NoSuchProcess):
                victim.kill()
        if self.victims.group is not None:
            self.victims.group.wait()
        cluster = clusters.load(self.state)
        if cluster is not None:
            shutil.rmtree(cluster.folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            address = f"http://127.0.0.1:{self.port}/readyz"
            with urllib.request.urlopen(address, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _stow(self, contents: list[bytes]) -> bool:
        """Was everything acknowledged? A sender believes nothing but a whole answer."""
        body = b"".join(
            f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode() + content + b"\r\n"
            for content in contents
        )
        kind = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/dicom-web/studies",
            data=body + f"--{BOUNDARY}--\r\n".encode(),
            headers={
                "Content-Type": kind,
                "Accept": "application/dicom+json",
                "Authorization": f"Bearer {self.token}",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                told = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise
            return False
        except (OSError, ValueError, http.client.HTTPException):
            return False  # cut off before, within or after the answer
        return len(told.get("00081199", {}).get("Value", [])) == len(contents)

    @contextmanager
    def _database(self) -> Iterator[psycopg.Connection]:
        cluster = clusters.load(self.state)
        assert cluster is not None
        with psycopg.connect(cluster.url(ADMIN, "qperf"), connect_timeout=5) as connection:
            yield connection


def besiege(
    state: Path,
    targets: list[str],
    *,
    exam_count: int,
    workers: int = 1,
    seed: int = 1,
    pause_s: tuple[float, float] = (1.0, 8.0),
    work_s: float = 60.0,
    limit_s: float = 600.0,
    exam_options: Mapping[str, object] | None = None,
) -> Report:
    """Send ``exam_count`` exams, kill each of ``targets`` at random moments, and judge.

    work_s: how long to wait for an analysis before each pause; pause_s: shortest and longest.
    exam_options: how the exams differ from SMALL ones.
    """
    begun = time.monotonic()
    siege = Siege(state, workers=workers, seed=seed)
    try:
        siege.start()
        siege.prepare()
        sender = threading.Thread(
            target=siege.send, args=(exam_count,), kwargs=exam_options, daemon=True
        )
        watcher = threading.Thread(target=siege.watch, daemon=True)
        sender.start()
        watcher.start()
        for target in targets:
            siege.wait_for_work(work_s)
            time.sleep(siege.random.uniform(*pause_s))
            siege.kill(target)
        sender.join(limit_s)
        if sender.is_alive():
            siege.report.problems.append("the sender never got every object acknowledged")
        siege.settle(limit_s)
        report = siege.judge()
        report.seconds = time.monotonic() - begun
        return report
    finally:
        siege.end()
