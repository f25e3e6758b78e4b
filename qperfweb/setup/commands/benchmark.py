"""Show speed and memory as ratios against named references: ./run benchmark [--json] [--only NAME]

./run benchmark --growth FILE.png draws instead how time grows, over pixels, frames and slices, over
studies and over workers, and prints the points.

Each row is measured beside its reference in the same run; the machine should be otherwise idle.
edit_p95_ms needs this installation's database and a study with a result (./run demo makes some);
without one it is left out, and said so. worklist_p95_ms, agreement_p95_ms and
exam_ready_1_worker_s (which brings exam_ready_2_workers_s with it) fill a database of their own,
which is thrown away afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

from qperfweb.setup.databases import Database, open_database
from qperfweb.setup.environment import PYTHON, ROOT, ensure_environment, environment_variables

VERBATIM = True
PASSES_ON = True

OF_THE_SITE = {
    "edit_p95_ms": "benchmark_edits",
    "worklist_p95_ms": "benchmark_worklist",
    "agreement_p95_ms": "benchmark_agreement",
    "exam_ready_1_worker_s": "benchmark_exams",
}
"""Row -> management command: rows that need records, not only science."""
GROWTH = (
    *(("benchmark_worklist", "--studies", str(number)) for number in (6_250, 25_000, 100_000)),
    *(("benchmark_agreement", "--studies", str(number)) for number in (6_250, 25_000, 100_000)),
    ("benchmark_exams", "--workers", "1", "2", "4"),
)
"""What is asked for growth over studies and workers."""
ON_AN_EMPTY_DATABASE = ("benchmark_worklist", "benchmark_agreement", "benchmark_exams")
"""These fill the database that they get."""


def main(options: Namespace, rest: list[str]) -> int:
    ensure_environment(development=True)
    only = rest[rest.index("--only") + 1] if "--only" in rest[:-1] else None
    if "--help" in rest or "-h" in rest:
        return subprocess.run(_science(rest), env=environment_variables()).returncode
    if "--growth" in rest[:-1]:
        return _growth(rest[rest.index("--growth") + 1])
    if only in OF_THE_SITE:
        return _of_the_site(OF_THE_SITE[only], "--json" in rest)
    if only is not None or "--json" not in rest:
        code = subprocess.run(_science(rest), env=environment_variables()).returncode
        for command in OF_THE_SITE.values() if only is None and code == 0 else ():
            _of_the_site(command, False)
        return code
    done = subprocess.run(_science(rest), env=environment_variables(), stdout=subprocess.PIPE)
    if done.returncode:
        return done.returncode
    rows = json.loads(done.stdout)["rows"]
    for command in OF_THE_SITE.values():
        answer = _ask_the_site(command, "--json")
        rows += json.loads(answer)["rows"] if answer else []
    print(json.dumps({"rows": rows}))
    return 0


def _growth(picture: str) -> int:
    rows = []
    for asked in GROWTH:
        answer = _ask_the_site(*asked, "--json")
        if answer is None:
            return 1
        rows += json.loads(answer)["rows"]
    command = [str(PYTHON), "-m", "analysis.benchmarks.growth", picture, "-"]
    given = json.dumps(rows)
    return subprocess.run(command, env=environment_variables(), input=given, text=True).returncode


def _science(rest: list[str]) -> list[str]:
    return [str(PYTHON), "-m", "analysis", "benchmark", *rest]


def _of_the_site(command: str, as_json: bool) -> int:
    answer = _ask_the_site(command, *(["--json"] if as_json else []))
    if answer is None:
        return 1
    sys.stdout.write(answer)
    return 0


def _ask_the_site(command: str, *arguments: str) -> str | None:
    """What the management command prints; None where it cannot measure, said on stderr."""
    own = _an_empty_database() if command in ON_AN_EMPTY_DATABASE else open_database(quiet=True)
    with own as database:
        done = _manage(database, command, *arguments)
    return done.stdout if done.returncode == 0 else None


@contextmanager
def _an_empty_database() -> Iterator[Database]:
    """A migrated database of an installation that lives as long as the block."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="qperf-benchmark-") as folder:
        for name in [name for name in os.environ if name.startswith("DATABASE_")]:
            del os.environ[name]
        os.environ["QPERF_STATE"] = folder
        try:
            with open_database(quiet=True) as database:
                _manage(database, "migrate", "-v", "0", "--skip-checks").check_returncode()
                yield database
        finally:
            os.environ.clear()
            os.environ.update(before)


def _manage(database: Database, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PYTHON), str(ROOT / "manage.py"), *arguments],
        env=environment_variables() | database.variables(),
        stdout=subprocess.PIPE,
        text=True,
    )
