"""dciodvfy of dicom3tools: what is wrong with an object, in a validator's words."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

PROGRAM = shutil.which("dciodvfy")

needs_dciodvfy = pytest.mark.skipif(
    PROGRAM is None, reason="dciodvfy is missing: apt-get install dicom3tools"
)


def complaints(path: Path) -> list[str]:
    """Errors that dciodvfy has about a file."""
    assert PROGRAM, "dciodvfy is missing: apt-get install dicom3tools"
    done = subprocess.run([PROGRAM, str(path)], capture_output=True, text=True, timeout=120)
    return [line for line in done.stderr.splitlines() if line.startswith("Error")]
