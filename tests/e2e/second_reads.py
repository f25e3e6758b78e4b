"""What flows of second-read projects share: steps behind the browser's back, and pictures."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page

from tests.e2e.conftest import ROOT, Installation


def script(installation: Installation, step: str, login: str = "") -> None:
    """A step of second_read_script, with the database login that it needs."""
    own = installation.environment
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c",
         f"from tests.e2e.second_read_script import *; {step}"],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
        env={**own, "DATABASE_URL": own[f"DATABASE_{login}URL"]},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def picture(page: Page, name: str) -> None:
    """Both widths of a page, for people to look at; only where somebody asks for them."""
    folder = os.environ.get("QPERF_TEST_PICTURES")
    if folder:
        for width in (1280, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(600)
            page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)
