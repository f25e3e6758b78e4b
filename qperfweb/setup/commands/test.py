"""Run everything: ./run check, pytest on a real PostgreSQL and in Chromium, the frontend's tests.

Unknown arguments go to pytest, e.g. ./run test -k signing, or -n 0 for one test after another. As
root a missing Chromium is installed with apt-get. ./run python -m pytest runs Python tests alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from argparse import Namespace

from qperfweb.setup.commands.check import (
    CHECKS,
    FRONTEND_TESTS,
    development_variables,
    failing,
    summary,
)
from qperfweb.setup.console import SetupError, say, step
from qperfweb.setup.environment import PYTHON, ROOT, ensure_environment
from qperfweb.setup.frontend import ensure_frontend, ensure_modules

PASSES_ON = True
# A file stays together, for what its tests share, and the order stays: a browser's tests are last.
AT_ONCE = ("-n", str(min(os.cpu_count() or 1, 4)), "--dist", "loadfile", "--no-loadscope-reorder")
# dcmtk by a program whose name no Python package takes.
DICOM_TOOLS = {"dcmdump": "dcmtk", "dciodvfy": "dicom3tools", "Orthanc": "orthanc"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main(options: Namespace, rest: list[str]) -> int:
    begun = time.monotonic()
    ensure_environment(development=True)
    ensure_modules()
    ensure_frontend()
    ensure_browser()
    ensure_dicom_tools()
    failed = failing(*CHECKS, FRONTEND_TESTS)
    say("-- pytest")
    command = [str(PYTHON), "-m", "pytest", *AT_ONCE, *rest]
    if subprocess.run(command, cwd=ROOT, env=development_variables()).returncode != 0:
        failed.append("pytest")
    say(f"{summary('test', failed)} ({(time.monotonic() - begun) / 60:.1f} min)")
    return 1 if failed else 0


def ensure_browser() -> None:
    """Chromium for the browser tests."""
    if any(shutil.which(name) for name in BROWSERS):
        return
    if not _can_install():
        raise SetupError("the browser tests need Chromium (Debian: apt-get install chromium)")
    with step("Chromium"):
        problem = _install("chromium")
        if problem:
            raise SetupError(f"cannot install Chromium: {problem}")


def ensure_dicom_tools() -> None:
    """Real DICOM clients and validators; a test that lacks its own is skipped with its reason."""
    missing = [package for tool, package in DICOM_TOOLS.items() if not shutil.which(tool)]
    if not missing:
        return
    if not _can_install():
        say(f"-- not installed, their tests are skipped: {', '.join(missing)}")
        return
    with step(f"Debian packages {' '.join(missing)}"):
        problem = _install(*missing)
    if problem:
        say(f"-- not installable, their tests are skipped: {problem}")


def _can_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install(*packages: str) -> str:
    """Install Debian packages; what apt-get complained about, or nothing."""
    variables = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", *packages]):
        done = subprocess.run(command, env=variables, capture_output=True, text=True)
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.startswith("E:")]
            return lines[0] if lines else "apt-get failed"
    return ""
