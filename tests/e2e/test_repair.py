"""A reader corrects input function and haematocrit, has it computed again, and moves the draft."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ROOT, Installation
from tests.e2e.room import draw_circle

pytestmark = pytest.mark.e2e

ANALYSIS_MS = 600_000


@pytest.fixture(scope="module")
def rest_exam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated rest exam, short, so that it can be analysed twice."""
    folder = tmp_path_factory.mktemp("rest")
    subprocess.run(
        [sys.executable, "-m", "analysis", "simulate", "--out", str(folder), "--seed", "21",
         "--beats", "36", "--conditions", "rest"],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    return Path(shutil.make_archive(str(folder / "exam"), "zip", folder / "SIM-0021"))


def test_a_repaired_input_function_becomes_a_new_result_that_the_draft_moves_to(
    page_of: Callable[..., Page], installation: Installation, rest_exam: Path
) -> None:
    page = page_of("reader", 1280, 900)
    page.goto(f"{installation.address}/upload/")
    page.locator("input[name=files]").set_input_files(rest_exam)
    expect(page.get_by_test_id("upload-result")).to_contain_text("objects", timeout=120_000)
    page.goto(installation.address)
    row = page.get_by_role("row").filter(has_text="SIM-0021")
    expect(row).to_contain_text("Ready to read", timeout=ANALYSIS_MS)
    row.get_by_role("link").first.click()

    # A draft with one typed value, which has to come along.
    value = page.get_by_test_id("value-9-rest")
    expect(value).to_contain_text(".", timeout=30_000)
    value.dblclick()
    page.get_by_test_id("value-input").fill("0,91")
    page.get_by_test_id("value-reason").select_option("Dark-rim artefact")
    page.get_by_test_id("value-apply").click()
    expect(value).to_contain_text("0.91")

    page.get_by_role("tab", name="AIF").click()
    images = page.get_by_test_id("aif-images-rest")
    pixels = images.get_by_test_id("aif-pixels-rest")
    expect(pixels).to_contain_text("pixels", timeout=30_000)
    found = pixels.inner_text()
    images.get_by_test_id("aif-draw").click()
    draw_circle(page, images.get_by_role("application"), 0.12)
    expect(pixels).not_to_have_text(found)
    haematocrit = page.get_by_test_id("haematocrit")
    haematocrit.fill("38 per cent")
    page.get_by_test_id("haematocrit-set").click()
    expect(haematocrit).to_have_attribute("aria-invalid", "true")
    haematocrit.fill("0,38")
    page.get_by_test_id("haematocrit-set").click()
    page.get_by_role("tab", name="Frames").click()
    page.get_by_test_id("scrubber").get_by_role("slider").fill("20")
    page.get_by_test_id("leave-out-rest_mid").click()

    bar = page.get_by_test_id("repair-bar")
    expect(bar).to_contain_text("Arterial input of rest: blood pool drawn by hand")
    expect(bar).to_contain_text("Rest mid: frame 21 left out")
    expect(bar).to_contain_text("Haematocrit 0.38 instead of 0.42")
    page.reload()  # nothing of it is lost
    expect(bar).to_contain_text("frame 21 left out")
    page.get_by_test_id("compute-again").click()
    page.get_by_test_id("repair-send").click()
    dialog = page.get_by_test_id("repair-dialog")
    expect(dialog).to_contain_text("Choose a reason")
    page.get_by_test_id("repair-words").fill("The pool took in the wall")
    page.get_by_test_id("repair-send").click()
    expect(page.get_by_test_id("computing")).to_be_visible()

    move = page.get_by_test_id("carry-over")
    expect(move).to_be_visible(timeout=ANALYSIS_MS)
    expect(value.or_(page.get_by_role("tab", name="Segments")).first).to_be_visible()
    move.click()
    preview = page.get_by_test_id("carry-over-dialog")
    expect(preview).to_contain_text("blood pool drawn by hand")
    expect(preview).to_contain_text("The pool took in the wall")
    expect(preview).to_contain_text("Value entered for Rest segment 9")
    page.get_by_test_id("carry-over-move").click()
    expect(preview).to_have_count(0)
    expect(page.locator(".notices")).to_contain_text("Rest mid: frame 21 left out · Reader")
    page.get_by_role("tab", name="AIF").click()
    expect(haematocrit).to_have_value("0.38")
    page.get_by_role("tab", name="Segments").click()
    expect(value).to_contain_text("0.91")
    page.get_by_test_id("layouts").click()
    with page.expect_response(
        lambda answer: '"motion"' in (answer.request.post_data or "") and answer.ok
    ):
        page.get_by_test_id("layout-motion").click()
    expect(page.get_by_test_id("cell-rest_mid")).to_have_attribute("data-mode", "motion")
    page.reload()
    expect(page.get_by_test_id("cell-rest_mid")).to_have_attribute("data-mode", "motion")
