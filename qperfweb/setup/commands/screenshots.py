"""Make the pictures of the documents from a running demo: ./run screenshots [--out FOLDER]

Start ./run demo first, with the same QPERF_STATE. The pictures are those of docs/user-guide.md; the
script edits the demo's exam as a reader would, but signs nothing, so that it can be run again.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from argparse import ArgumentParser, Namespace
from pathlib import Path

from qperfweb.setup.console import SetupError
from qperfweb.setup.environment import PYTHON, ROOT, ensure_environment, environment_variables
from qperfweb.setup.state import state_folder
from qperfweb.setup.web import is_up


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, default=ROOT / "docs" / "images", help="folder (docs/images)"
    )


def main(options: Namespace, rest: list[str]) -> int:
    sign_ins = state_folder() / "demo.json"
    address = json.loads(sign_ins.read_text("utf-8"))["address"] if sign_ins.exists() else ""
    if not address or not is_up(address):
        raise SetupError(
            f"no demo is running for {state_folder()}: start ./run demo, wait until its exam is "
            "ready to read, then take the pictures"
        )
    if shutil.which("chromium") is None:
        raise SetupError("Chromium is missing: apt-get install chromium")
    ensure_environment(development=True)
    options.out.mkdir(parents=True, exist_ok=True)
    command = [str(PYTHON), "-m", "tests.e2e.screenshots", str(sign_ins), str(options.out)]
    return subprocess.run(command, cwd=ROOT, env=environment_variables()).returncode
