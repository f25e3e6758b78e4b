"""The import contracts hold, and what they promise is so at run time."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.database import ROOT

HEAVY = ("scipy", "torch", "cv2", "skimage", "SimpleITK", "highdicom", "matplotlib", "plotly")


def test_the_import_contracts_of_pyproject_hold():
    done = subprocess.run(
        [os.path.join(os.path.dirname(sys.executable), "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("heavy", HEAVY)
def test_a_web_process_loads_nothing_heavy(heavy, loaded_by_web):
    assert heavy not in loaded_by_web


@pytest.fixture(scope="module")
def loaded_by_web() -> set[str]:
    """Modules in memory once every address of the site is known."""
    code = (
        "import sys, qperfweb.asgi\n"
        "from django.urls import get_resolver\n"
        "get_resolver().url_patterns\n"
        "print(' '.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())
