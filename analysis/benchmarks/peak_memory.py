"""Peak memory of a whole analysis in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

from analysis.benchmarks.exam import exam_on_disk
from analysis.errors import StageFailed

ALLOWED_MIB: Final = 2048.0

_MEASURE: Final = (
    "import resource, sys\n"
    "from analysis.__main__ import main\n"
    "code = main(sys.argv[1:])\n"
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    "sys.exit(code)\n"
)


def run() -> dict[str, object]:
    """The benchmark row: resident memory at its highest, beside what is allowed."""
    with exam_on_disk() as folder:
        command = ["analyse", str(folder), "--out", str(folder / "result"), "--quiet"]
        done = subprocess.run(
            [sys.executable, "-c", _MEASURE, *command], capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise StageFailed(f"The analysis to be measured failed: {done.stderr.strip()[-300:]}")
    peak_mib = int(done.stdout.split()[-1]) / 1024
    return {
        "name": "peak_memory_mib",
        "value": round(peak_mib, 0),
        "unit": "MiB",
        "reference": "allowed",
        "reference_value": ALLOWED_MIB,
        "ratio": round(ALLOWED_MIB / peak_mib, 2),
    }
