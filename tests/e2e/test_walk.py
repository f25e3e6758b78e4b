"""The whole way: upload an exam, wait, open, edit one value, sign, take the PDF."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.e2e.conftest import PASSWORD, ROOT, Installation

pytestmark = pytest.mark.e2e

ANALYSIS_MS = 600_000
"""Waiting ends when the state changes; this only bounds it on a slow machine."""


@pytest.fixture(scope="session")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated dual-sequence stress and rest exam as a scanner would send it, zipped."""
    folder = tmp_path_factory.mktemp("exam")
    subprocess.run(
        [sys.executable, "-m", "analysis", "simulate", "--out", str(folder), "--seed", "30",
         "--beats", "48"],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    return Path(shutil.make_archive(str(folder / "exam"), "zip", folder / "SIM-0030"))


def test_from_upload_to_signed_pdf(
    page_of: Callable[..., Page], installation: Installation, exam: Path
) -> None:
    page = page_of("reader", 1440, 900)
    page.get_by_role("link", name="Upload", exact=True).click()
    page.locator("input[name=files]").set_input_files(exam)
    expect(page.get_by_test_id("upload-result")).to_contain_text("objects", timeout=120_000)

    page.goto(installation.address)
    row = page.get_by_role("row").filter(has_text="SIM-0030")
    expect(row).to_contain_text("Ready to read", timeout=ANALYSIS_MS)
    row.get_by_role("link").first.click()
    expect(page.get_by_test_id("identity")).to_contain_text("SIM-0030")

    cell = page.get_by_test_id("value-4-stress")
    expect(cell).to_contain_text(".", timeout=30_000)
    automated = cell.inner_text().split()[0]
    cell.dblclick()
    page.get_by_test_id("value-input").fill("1,37")
    page.get_by_test_id("value-reason").select_option("Dark-rim artefact")
    page.get_by_test_id("value-apply").click()
    expect(cell).to_contain_text("1.37")
    expect(cell).to_contain_text(automated)

    answer_every_flag(page)
    page.get_by_test_id("sign").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("SIM-0030")
    dialog.get_by_test_id("sign-password").fill(PASSWORD)
    dialog.get_by_test_id("sign-confirm").click()
    expect(page.get_by_test_id("sync-state")).to_contain_text("Signed by", timeout=30_000)

    cell.dblclick()
    expect(page.get_by_test_id("value-dialog")).to_have_count(0)
    address = page.get_by_test_id("pdf").get_attribute("href")
    pdf = page.request.get(installation.address + str(address))
    assert pdf.ok
    text = " ".join(p.extract_text() for p in PdfReader(io.BytesIO(pdf.body())).pages)
    assert "Signed by" in text
    assert "1.37" in text
    assert "SIM-0030" in text
    assert "NOT REVIEWED" not in text


def answer_every_flag(page: Page) -> None:
    """Acknowledge what must be answered before signing, one group after the other."""
    buttons = page.get_by_test_id("flags").get_by_test_id("acknowledge")
    for _ in range(40):
        if buttons.count() == 0:
            return
        buttons.first.click()
        page.get_by_test_id("acknowledge-confirm").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_test_id("sync-state")).to_have_attribute("data-sync", "idle")
    raise AssertionError("flags stay open")
