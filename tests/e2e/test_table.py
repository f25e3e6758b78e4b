"""The segment table like a spreadsheet: what is pasted, copied and taken along as a file."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import violations
from tests.e2e.conftest import Installation
from tests.e2e.room import SLOW_MS, Studies, open_study, picture, saved

pytestmark = pytest.mark.e2e


def clipboard(page: Page) -> str:
    found: str = page.evaluate("navigator.clipboard.readText()")
    return found


def paste(page: Page, words: str) -> None:
    """With the keys that a reader would use, from the real clipboard."""
    page.evaluate("words => navigator.clipboard.writeText(words)", words)
    page.keyboard.press("Control+v")


def test_numbers_are_pasted_copied_and_taken_along_as_csv(
    page_of: Callable[..., Page], installation: Installation, shapes: Studies, tmp_path: Path
) -> None:
    page = page_of("reader")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_study(page, installation, shapes["table"])
    cell = page.get_by_test_id("value-5-stress")
    dialog = page.get_by_test_id("value-dialog")

    # What could be two numbers is not guessed at.
    cell.click()
    cell.focus()
    paste(page, "1.234,5")
    expect(page.get_by_test_id("value-input")).to_have_value("1.234,5")
    page.get_by_test_id("value-reason").select_option("Motion")
    page.get_by_test_id("value-apply").click()
    expect(dialog.get_by_role("alert")).to_have_text("Write a number such as 1.42 or 1,42.")
    assert violations(page) == []
    page.get_by_test_id("value-input").fill("41")
    page.get_by_test_id("value-apply").click()
    expect(dialog.get_by_role("alert")).to_contain_text("between 0 and 10")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(cell).to_have_text("2.40 ±0.60")

    # A decimal comma and a unit, as reports of other programs have them.
    cell.focus()
    paste(page, " 1,42 ml/min/g\n")
    page.get_by_test_id("value-reason").select_option("Other")
    page.get_by_test_id("value-apply").click()
    expect(dialog.get_by_role("alert")).to_have_text("Choose a reason or write one.")
    page.get_by_test_id("value-details").fill('Second look, "rim"')
    page.get_by_test_id("value-apply").click()
    expect(cell).to_contain_text("1.42", timeout=SLOW_MS)
    expect(cell.locator("s")).to_have_text("2.40")
    saved(page)
    expect(page.get_by_test_id("value-5-mpr")).to_contain_text("1.7")

    cell.focus()
    page.keyboard.press("Control+c")
    assert clipboard(page) == "1.42"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+c")
    assert clipboard(page) == "0.80"

    page.get_by_role("button", name="Copy", exact=True).click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text.includes('\\t'))")
    rows = [line.split("\t") for line in clipboard(page).split("\n\n")[0].splitlines()]
    assert [row[0] for row in rows] == ["Segment", *map(str, range(1, 17)), "LAD", "RCA", "LCx",
                                        "GLOBAL"]  # fmt: skip
    assert rows[5][3:7] == ["1.420", "", "entered by observer", "2.400"]

    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV").click()
    assert taken.value.suggested_filename == f"qperf-study-{shapes['table']}.csv"
    taken.value.save_as(tmp_path / "table.csv")
    text = (tmp_path / "table.csv").read_text("utf-8")
    assert list(csv.reader(text.splitlines()))[5][3:7] == rows[5][3:7]
    assert "Simulated" not in text
    assert "SIM-" not in text
    picture(page, "table-edited")

    # Back to what was measured.
    cell.focus()
    page.keyboard.press("Enter")
    page.get_by_test_id("value-reset").click()
    expect(cell).to_have_text("2.40 ±0.60")
    saved(page)
