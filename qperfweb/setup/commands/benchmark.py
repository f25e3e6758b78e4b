"""Show speed and memory as ratios against named references: ./run benchmark [--json] [--only NAME]

Each row is measured beside its reference in the same run; the machine should be otherwise idle.
"""

from __future__ import annotations

import subprocess
from argparse import Namespace

from qperfweb.setup.environment import PYTHON, ensure_environment, environment_variables

VERBATIM = True
PASSES_ON = True


def main(options: Namespace, rest: list[str]) -> int:
    ensure_environment(development=True)
    command = [str(PYTHON), "-m", "analysis", "benchmark", *rest]
    return subprocess.run(command, env=environment_variables()).returncode
