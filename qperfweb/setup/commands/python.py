"""Run Python inside the project's environment: ./run python [ARGUMENT ...]

For example ./run python -m analysis --help, ./run python -m pytest tests/core. What needs the
database of this installation goes through ./run manage.
"""

from __future__ import annotations

import subprocess
from argparse import Namespace

from qperfweb.setup.environment import PYTHON, ensure_environment, environment_variables

VERBATIM = True
PASSES_ON = True


def main(options: Namespace, rest: list[str]) -> int:
    ensure_environment()
    return subprocess.run([str(PYTHON), *rest], env=environment_variables()).returncode
