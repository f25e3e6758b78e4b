"""The whole way: upload an exam, wait, open, edit one value, sign, take the PDF."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from tests.e2e.conftest import PASSWORD, ROOT

pytestmark = pytest.mark.e2e

ANALYSIS_MS = 240_000


@pytest.fixture(scope="session")
def exam_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A simulated dual-sequence stress and rest exam as a scanner would send it."""
    folder = tmp_path_factory.mktemp("exam")
    subprocess.run(
        [sys.executable, "-m", "analysis", "simulate", "--out", str(folder), "--seed", "3",
         "--patients", "1"],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    return sorted(folder.glob("SIM-*/**/*.dcm"))


def test_from_upload_to_signed_pdf(page_of, installation, exam_files, tmp_path):
    page = page_of("reader")
    page.get_by_role("link", name="Upload").first.click()
    page.locator("input[type=file]").first.set_input_files([str(path) for path in exam_files])
    start = page.get_by_role("button", name="Upload")
    if start.count() and start.first.is_enabled():
        start.first.click()
    expect(page.get_by_text(f"{len(exam_files)}").first).to_be_visible(timeout=120_000)

    page.goto(installation.address)
    row = page.get_by_role("row", name="Simulated, Exam 3")
    expect(row).to_contain_text("Ready to read", timeout=ANALYSIS_MS)
    row.get_by_role("link").first.click()
    expect(page.get_by_text("SIM-0003").first).to_be_visible()
