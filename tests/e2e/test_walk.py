"""The whole way, by keyboard alone: upload an exam, open it, edit, score, sign, take the PDF.

On the way every page is looked at by axe-core.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from pypdf import PdfReader

from tests.e2e.axe import violations
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


def test_from_upload_to_signed_pdf_by_keyboard(
    page_of: Callable[..., Page], installation: Installation, exam: Path
) -> None:
    page = page_of("reader", 1440, 900)
    follow(page, page.get_by_role("link", name="Upload", exact=True))
    with page.expect_file_chooser() as chooser:
        page.locator("input[name=files]").focus()
        page.keyboard.press("Enter")
    chooser.value.set_files(exam)
    expect(page.get_by_test_id("upload-result")).to_contain_text("objects", timeout=120_000)
    assert violations(page) == []

    follow(page, page.get_by_role("link", name="Worklist", exact=True))
    row = page.get_by_role("row").filter(has_text="SIM-0030")
    expect(row).to_contain_text("Ready to read", timeout=ANALYSIS_MS)
    assert violations(page) == []
    page.keyboard.press("/")
    page.keyboard.type("SIM-0030")
    expect(row).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("identity")).to_contain_text("SIM-0030")

    cell = page.get_by_test_id("value-4-stress")
    expect(cell).to_contain_text(".", timeout=30_000)
    automated = cell.inner_text().split()[0]
    page.get_by_test_id("value-1-stress").focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(cell).to_be_focused()
    page.keyboard.type("1")  # opens the dialog with what was typed
    page.keyboard.type(",37")
    page.keyboard.press("Tab")
    page.keyboard.type("Dark")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(cell).to_contain_text("1.37")
    expect(cell).to_contain_text(automated)

    page.get_by_test_id("value-2-rest").focus()
    page.keyboard.press("Enter")
    follow(page, page.get_by_test_id("value-exclude"))
    page.keyboard.press("Space")
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("value-2-rest")).to_contain_text("–")

    page.locator("#tab-table").focus()
    for name in ("scores", "curves", "aif", "frames", "clinical", "report"):
        page.keyboard.press("ArrowRight")
        expect(page.locator(f"#tab-{name}")).to_have_attribute("aria-selected", "true")
        if name == "scores":
            score(page)
        if name == "clinical":
            say_how_it_was_made(page)
        if name == "report":
            take_a_sentence(page)
        assert violations(page) == [], name
        page.locator(f"#tab-{name}").focus()

    answer_every_flag(page)
    page.locator(".room-header").press("s")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("SIM-0030")
    expect(dialog).to_contain_text("Ischaemic burden: 1 of 16 segments, 6 % of the LV")
    assert violations(page) == []
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("sync-state")).to_contain_text("Signed by", timeout=30_000)
    expect(dialog).to_have_count(0)  # closing it moves the focus

    follow(page, page.locator("#tab-table"))
    cell.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("value-dialog")).to_have_count(0)
    address = page.get_by_test_id("pdf").get_attribute("href")
    pdf = page.request.get(installation.address + str(address))
    assert pdf.ok
    text = " ".join(p.extract_text() for p in PdfReader(io.BytesIO(pdf.body())).pages)
    assert "Signed by" in text
    assert "1.37" in text
    assert "SIM-0030" in text
    assert "NOT REVIEWED" not in text
    assert "adenosine 140" in text.replace("\n", " ") or "140 µg/kg/min" in text
    assert "Ischaemic burden by eye: 1 of 16" in " ".join(text.split())


def follow(page: Page, target: Locator) -> None:
    """What Enter does on a link or button that has the focus."""
    target.focus()
    page.keyboard.press("Enter")


def score(page: Page) -> None:
    """Everything normal but segment 4, which has no scar."""
    follow(page, page.get_by_test_id("normal-stress"))
    expect(page.get_by_test_id("score-16-stress")).to_have_value("0")
    for name, key in (("score-4-stress", "2"), ("scar-4", "0")):
        page.get_by_test_id(name).focus()
        page.keyboard.type(key)
        page.keyboard.press("Tab")
    expect(page.get_by_test_id("burden")).to_contain_text("1 of 16 segments, 6 %")


def say_how_it_was_made(page: Page) -> None:
    page.get_by_test_id("clinical-stress_agent").focus()
    page.keyboard.type("adenosine")
    page.keyboard.press("Tab")
    for name, value in (
        ("stress_dose", "140"),
        ("systolic_rest", "120"),
        ("heart_rate_rest", "60"),
    ):
        page.get_by_test_id(f"clinical-{name}").focus()
        page.keyboard.type(value)
        page.keyboard.press("Tab")
    expect(page.get_by_test_id("corrected")).to_contain_text("Rest MBF")


def take_a_sentence(page: Page) -> None:
    box = page.get_by_test_id("suggest-impression")
    follow(page, box.locator("summary"))
    follow(page, box.get_by_role("button").first)
    expect(page.get_by_test_id("report-impression")).to_have_value(re.compile("Inducible"))
    expect(page.get_by_test_id("sync-state")).to_have_attribute("data-sync", "idle")


def answer_every_flag(page: Page) -> None:
    """Acknowledge all that must be answered before signing, at once where there are several."""
    flags = page.get_by_test_id("flags")
    for _ in range(40):
        buttons = flags.get_by_test_id("acknowledge-all").or_(flags.get_by_test_id("acknowledge"))
        if buttons.count() == 0:
            return
        follow(page, buttons.first)
        follow(page, page.get_by_test_id("acknowledge-confirm"))
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_test_id("sync-state")).to_have_attribute("data-sync", "idle")
    raise AssertionError("flags stay open")
