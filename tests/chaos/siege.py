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
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

from qperfweb.setup import cluster as clusters
from qperfweb.setup.cluster import ADMIN
from tests.chaos.exams import exams, sha256
from tests.database import ROOT
from tests.dicom_network.conftest import free_port

TARGETS = ("worker", "analysis", "web", "postgres", "everything")
CHUNK = 8
BOUNDARY = "siege"


@dataclass
class Report:
    """What happened and what was found afterwards. problems: broken promises, in words."""

    kills: list[str] = field(default_factory=list)
    stages: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    retried: int = 0
    runs: Counter[str] = field(default_factory=Counter)
    attempts: Counter[int] = field(default_factory=Counter)
    longest_silence_s: float = 0.0
    left_behind: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain values; of the kills only how many of each kind."""
        plain = {k: dict(v) if isinstance(v, Counter) else v for k, v in vars(self).items()}
        return plain | {"kills": dict(Counter(self.kills))}


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
        self._group: subprocess.Popen[bytes] | None = None
        self._over = threading.Event()
        self._stage = "idle"
        self.token = ""

    def start(self) -> None:
        """Start the group and wait until it is ready."""
        command = [sys.executable, "-m", "tests.chaos.group", str(self.port), str(self.workers)]
        self.state.mkdir(exist_ok=True, mode=0o700)
        with (self.state / "group.log").open("ab") as log:
            self._group = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        until = time.monotonic() + 300
        while not self._answers():
            if time.monotonic() > until or self._group.poll() is not None:
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

    def send(self, count: int) -> None:
        """Send exams until every object was acknowledged; runs on a thread of its own."""
        for exam in exams(self.state / "exams", count, self.seed):
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
        victims = {
            "worker": lambda: self._processes("run_worker")[:1],
            "analysis": self._analyses,
            "web": lambda: self._processes("uvicorn"),
            "postgres": self._postmaster,
            "everything": self._everything,
        }[target]()
        self.report.stages[self._stage] += 1
        for victim in victims:
            with suppress(psutil.NoSuchProcess):
                victim.kill()
        self.report.kills.append(target)
        if target == "everything":
            assert self._group is not None
            self._group.wait()
            self.start()
        elif self._group is not None and self._group.poll() is not None:
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
        report = self.report
        report.acknowledged = len(self.sent)
        with self._database() as rows:
            kept = dict(
                rows.execute("SELECT sop_instance_uid, sha256 FROM studies_instance").fetchall()
            )
            for uid, digest in self.sent.items():
                path = self.state / "store" / "objects" / digest[:2] / digest[2:4] / digest
                if kept.get(uid) != digest:
                    report.problems.append(f"an acknowledged object has no row: {uid}")
                elif not path.exists() or sha256(path.read_bytes()) != digest:
                    report.problems.append(f"an acknowledged object has no file: {uid}")
            self._judge_runs(rows)
        told = json.loads(
            self.manage("doctor", "--json", "--mend", "--verify", "--minutes", "0", code=None)
        )
        for finding in told["findings"]:
            report.left_behind[finding["kind"]] += 1
            if not finding["harmless"] or not finding["mended"]:
                report.problems.append(f"doctor: {finding['kind']} {finding['what']}")
        if again := self._doctor():
            report.problems.append(f"the doctor had to come twice: {again[:3]}")
        return report

    def _doctor(self, *options: str) -> list[dict[str, Any]]:
        said = self.manage("doctor", "--json", "--minutes", "0", *options, code=None)
        findings: list[dict[str, Any]] = json.loads(said)["findings"]
        return findings

    def instances(self) -> set[str]:
        """SOP Instance UID of every object that has a row."""
        with self._database() as rows:
            return {uid for (uid,) in rows.execute("SELECT sop_instance_uid FROM studies_instance")}

    def _judge_runs(self, rows: psycopg.Connection) -> None:
        report = self.report
        for run, state, attempt, words, segments, requested, succeeded in rows.execute(
            "SELECT r.id, r.state, r.attempt, r.failure_message, "
            "(SELECT count(*) FROM runs_segmentresult s WHERE s.run_id = r.id), "
            "(SELECT count(*) FROM core_trailevent e WHERE e.object_type = 'runs.analysisrun' "
            " AND e.object_id = r.id::text AND e.action = 'run.requested'), "
            "(SELECT count(*) FROM core_trailevent e WHERE e.object_type = 'runs.analysisrun' "
            " AND e.object_id = r.id::text AND e.action = 'run.succeeded') "
            "FROM runs_analysisrun r"
        ).fetchall():
            report.runs[state] += 1
            report.attempts[attempt] += 1
            wanted = (1, 1) if state == "succeeded" else (1, 0)
            if (requested, succeeded) != wanted:
                report.problems.append(
                    f"run {run} is {state} and has events {requested, succeeded}"
                )
            if (state == "succeeded") != bool(segments) or segments not in (0, 6):
                report.problems.append(f"run {run} is {state} with {segments} segments")
            if state == "failed" and not words:
                report.problems.append(f"run {run} failed without a reason")
            if attempt > 3:
                report.problems.append(f"run {run} was tried {attempt} times")
        twice = rows.execute(
            "SELECT count(*) FROM (SELECT FROM runs_analysisrun GROUP BY study_id, input_sha256 "
            "HAVING count(*) > 1) t"
        ).fetchone()
        if twice and twice[0]:
            report.problems.append(f"{twice[0]} studies were analysed twice with the same objects")

    def end(self) -> None:
        """Kill what is left and remove the database cluster."""
        self._over.set()
        for victim in self._everything():
            with suppress(psutil.NoSuchProcess):
                victim.kill()
        if self._group is not None:
            self._group.wait()
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

    def _family(self) -> list[psutil.Process]:
        if self._group is None:
            return []
        try:
            return psutil.Process(self._group.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def _processes(self, word: str) -> list[psutil.Process]:
        found = []
        for process in self._family():
            with suppress(psutil.NoSuchProcess):
                if any(word in part for part in process.cmdline()):
                    found.append(process)
        self.random.shuffle(found)
        return found

    def _analyses(self) -> list[psutil.Process]:
        """Children that the fork server made for a run: the deepest of the family."""
        found = []
        for worker in self._processes("run_worker"):
            with suppress(psutil.NoSuchProcess):
                found += [
                    deep for child in worker.children() for deep in child.children(recursive=True)
                ]
        return found

    def _postmaster(self) -> list[psutil.Process]:
        cluster = clusters.load(self.state)
        if cluster is None:
            return []
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                line = process.cmdline()
                if (
                    any(part.endswith("/postgres") for part in line[:1])
                    and str(cluster.folder) in line
                ):
                    found.append(process)
        return found

    def _everything(self) -> list[psutil.Process]:
        postgres = [p for master in self._postmaster() for p in [master, *master.children()]]
        group = (
            [psutil.Process(self._group.pid)] if self._group and self._group.poll() is None else []
        )
        return [*group, *self._family(), *postgres]


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
) -> Report:
    """Send ``exam_count`` exams, kill each of ``targets`` at random moments, and judge.

    work_s: how long to wait for an analysis before each pause; pause_s: shortest and longest.
    """
    begun = time.monotonic()
    siege = Siege(state, workers=workers, seed=seed)
    try:
        siege.start()
        siege.prepare()
        sender = threading.Thread(target=siege.send, args=(exam_count,), daemon=True)
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
