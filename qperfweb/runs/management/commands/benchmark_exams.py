"""Whole exams through the installation: manage.py benchmark_exams [--workers 1 2] [--json]

Wants an empty, migrated database of its own (``./run benchmark --only exam_ready_1_worker_s`` makes
one and throws it away). Starts real workers, imports as many simulated exams (stress and rest,
three slices, 60 beats, dual sequence) as there are workers, and takes the time from the last object
received until the last exam is ready to read. Database and I/O are what is no science: reading the
objects, writing the bundle, and what no stage accounts for (queue, start of the child process,
rows).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from qperfweb.accounts.models import Site
from qperfweb.core.rls import site_scope
from qperfweb.runs.models import FINAL_STATES, AnalysisRun, RunState

GOAL_S = 15.0
PATIENCE_S = 900.0
LOOK_EVERY_S = 0.25
"""Looking costs processor time that the workers want; ends are read from the rows."""
IN_AND_OUT = {"load": "reading objects", "store": "writing the bundle"}
NO_STAGE = "queue, process, rows"


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if Site.objects.exists():
            raise CommandError(
                "This database holds sites: benchmarks fill a database, so give them an empty one "
                "(./run benchmark --only exam_ready_1_worker_s does)."
            )
        site = Site.objects.create(slug="benchmark-exams", name="Benchmark")
        with TemporaryDirectory(prefix="qperf-benchmark-") as folder:
            exams = _simulate(Path(folder), 1 + sum(options["workers"]))
            found = []
            for number in options["workers"]:
                with _workers(number) as processes:
                    if not found:
                        _measure(site, [next(exams)], processes)  # everything is warm afterwards
                    own = [next(exams) for _ in range(number)]
                    found.append(_row(number, _measure(site, own, processes)))
        if options["json"]:
            self.stdout.write(json.dumps({"rows": found}))
            return
        for row in found:
            self.stdout.write(
                f"{row['ratio']:.2f}x  {row['name']} {row['value']:.1f} s (goal {GOAL_S:.0f} s), "
                f"database and I/O {row['database_and_io_share']:.0%}"
            )
            for stage, seconds in row["stages_s"].items():
                share = seconds / row["mean_value"]
                self.stdout.write(f"    {stage:18} {seconds:6.2f} s {share:5.0%}")
            for process, mib in row["peak_memory_mib"].items():
                self.stdout.write(f"    {process:18} {mib:6.0f} MiB at most")


def _simulate(folder: Path, exams: int) -> Iterator[Path]:
    command = [sys.executable, "-m", "analysis", "simulate", "--out", str(folder)]
    subprocess.run(
        [*command, "--seed", "1", "--patients", str(exams)], check=True, capture_output=True
    )
    return iter(sorted(path for path in folder.iterdir() if path.is_dir()))


@contextmanager
def _workers(number: int) -> Iterator[list[psutil.Popen]]:
    environment = {**os.environ, "QPERF_DATABASE_LOGIN": "worker", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "manage.py", "run_worker"]
    processes = [
        psutil.Popen(command, env=environment, stderr=subprocess.DEVNULL) for _ in range(number)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)


def _measure(site: Site, exams: Sequence[Path], workers: list[psutil.Popen]) -> dict[str, Any]:
    with site_scope([site.pk]):
        before = set(AnalysisRun.objects.values_list("pk", flat=True))
    call_command("import_dicom", *map(str, exams), site=site.slug, quiet=True, stdout=StringIO())
    received = timezone.now()
    peaks: dict[str, float] = {}
    while True:
        time.sleep(LOOK_EVERY_S)
        _note_memory(workers, peaks)
        with site_scope([site.pk]):
            runs = list(AnalysisRun.objects.exclude(pk__in=before).defer("document"))
        if len(runs) == len(exams) and all(run.state in FINAL_STATES for run in runs):
            break
        if (timezone.now() - received).total_seconds() > PATIENCE_S:
            raise CommandError(f"The exams were not ready after {PATIENCE_S:.0f} s.")
    if failed := [run.failure_message for run in runs if run.state != RunState.SUCCEEDED]:
        raise CommandError(f"An exam failed: {failed[0]}")
    stages = {
        stage: sum(run.timings_s[stage] for run in runs) / len(runs) for stage in runs[0].timings_s
    }
    taken = [(run.finished_at - received).total_seconds() for run in runs if run.finished_at]
    # Stages are means over the exams, so what is beside them is held against the mean, too: that
    # one exam takes longer than the other is neither database nor I/O.
    mean = sum(taken) / len(taken)
    return {"taken": max(taken), "mean": mean, "stages": stages, "peaks": peaks}


def _note_memory(workers: list[psutil.Popen], peaks: dict[str, float]) -> None:
    """Resident memory of each kind of process at its highest so far, MiB."""
    for worker in workers:
        try:
            # A worker's children: the fork server, whose own children are the analyses.
            below = worker.children()
            own = {"worker": [worker], "fork server": below}
            own["analysis"] = [grandchild for child in below for grandchild in child.children()]
            for kind, processes in own.items():
                for process in processes:
                    mib = process.memory_info().rss / 2**20
                    peaks[kind] = max(peaks.get(kind, 0.0), mib)
        except psutil.NoSuchProcess:
            continue


def _row(workers: int, measured: dict[str, Any]) -> dict[str, Any]:
    taken, mean, stages = measured["taken"], measured["mean"], measured["stages"]
    around = {name: stages.pop(stage) for stage, name in IN_AND_OUT.items()}
    around[NO_STAGE] = mean - sum(stages.values()) - sum(around.values())
    other = sum(around.values())
    return {
        "name": f"exam_ready_{workers}_worker{'s' if workers > 1 else ''}_s",
        "value": taken,
        "unit": "s",
        "reference": "goal",
        "reference_value": GOAL_S,
        "ratio": GOAL_S / taken,
        "exams": workers,
        "stages_s": {**stages, **around},
        "mean_value": mean,
        "database_and_io_share": other / mean,
        "peak_memory_mib": measured["peaks"],
    }
