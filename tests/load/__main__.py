"""The long form: python -m tests.load --readers 50 --scanners 5 --seconds 120

Starts an installation of its own with one worker, sends a first exam, then lets everybody in.
Prints the table of docs/performance.md; exit code 1 when anything failed or was lost, or p95 of a
page is above 500 ms.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path

from tests.chaos.exams import exams
from tests.chaos.siege import Siege
from tests.load.crowd import Crowd

LIMIT_MS = 500.0
PAGES = ("worklist page", "worklist", "study page", "study", "series", "runs")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--scanners", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--exams", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="qperf-load-") as folder:
        siege = Siege(Path(folder) / "state", workers=1, seed=3)
        try:
            siege.start()
            siege.prepare()
            siege.send(1)
            crowd = Crowd(
                host="127.0.0.1",
                port=siege.port,
                reader_token=siege.token,
                sender_token=siege.token,
                exams=list(exams(Path(folder) / "exams", options.exams, 4)),
                readers=options.readers,
                scanners=options.scanners,
                seconds=options.seconds,
            )
            before = os.getloadavg()
            result = crowd.run()
            siege.settle(3600)
            kept = siege.instances()
        finally:
            siege.end()
    lost = result.sent - kept
    print(result.table())
    print(
        f"\n{options.readers} readers, {options.scanners} scanners, {result.seconds:.0f} s; "
        f"{len(result.errors)} errors, {len(lost)} of {len(result.sent)} objects lost; "
        f"p95 of pages {result.percentile(0.95, *PAGES):.0f} ms\n"
        f"{os.cpu_count()} processors, {platform.machine()}; load before {before[0]:.1f}, "
        f"after {os.getloadavg()[0]:.1f}"
    )
    for problem in result.errors[:10]:
        print(problem, file=sys.stderr)
    slow = result.percentile(0.95, *PAGES) > LIMIT_MS
    return 1 if result.errors or lost or slow else 0


if __name__ == "__main__":
    sys.exit(main())
