"""The reading grid of exams of every shape: what hangs where, what is missing and why."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import violations
from tests.e2e.conftest import Installation
from tests.e2e.room import Studies, open_study, picture

pytestmark = pytest.mark.e2e


SHAPES = {
    "full": (["Stress basal", "Stress mid", "Stress apical", "Rest basal", "Rest mid",
              "Rest apical"], 3, 2),
    "two": (["Stress basal", "Stress mid", "Rest basal", "Rest mid"], 2, 2),
    "one": (["Stress mid", "Rest mid"], 2, 1),
    "stress": (["Stress basal", "Stress mid", "Stress apical"], 2, 2),
    "gap": (["Stress basal", "Stress mid", "Stress apical", "No basal slice", "Rest mid",
             "No apical slice"], 3, 2),
}  # fmt: skip


def test_exams_of_every_shape_hang_side_by_side_and_say_what_is_missing(
    page_of: Callable[..., Page], installation: Installation, shapes: Studies
) -> None:
    page = page_of("reader", 1280, 720)
    for name, (cells, columns, rows) in SHAPES.items():
        open_study(page, installation, shapes[name])
        shown = page.locator(".cells > .cell")
        expect(shown).to_have_count(len(cells))
        for cell, words in zip(shown.all(), cells, strict=True):
            expect(cell).to_contain_text(words)
        boxes = [cell.bounding_box() or {} for cell in shown.all()]
        assert len({round(box["x"]) for box in boxes}) == columns, name
        assert len({round(box["y"]) for box in boxes}) == rows, name
        assert min(box["width"] for box in boxes) > 200, name
        inside = page.locator(".cells").bounding_box() or {}
        assert all(b["x"] + b["width"] <= inside["x"] + inside["width"] + 1 for b in boxes), name
        picture(page, f"layout-{name}")
        assert violations(page) == [], name

    # Still the one with gaps: what has no slice is empty, and says why.
    rest = page.get_by_test_id("value-1-rest")
    expect(rest).to_have_text("–")
    expect(rest).to_have_attribute("title", "Rest: no basal slice")
    expect(page.get_by_test_id("value-7-mpr")).to_contain_text("3.00")
    missing = page.locator(".bullseye", has_text="Rest MBF").locator("[data-segment='1'] title")
    expect(missing).to_contain_text("Rest: no basal slice")


def test_a_slice_without_a_map_says_so_and_the_others_stay(
    page_of: Callable[..., Page], installation: Installation, shapes: Studies
) -> None:
    page = page_of("reader", 1280, 720)
    open_study(page, installation, shapes["mapless"])
    cell = page.locator("[data-slice=rest_mid]")
    page.get_by_test_id("all-mbf").click()
    expect(page.get_by_test_id("cell-stress_mid")).to_have_attribute("data-mode", "mbf")
    expect(cell).to_contain_text("This run has no such map for this slice.")
    expect(cell.get_by_role("button", name="MBF")).to_be_disabled()
    picture(page, "layout-mapless")


def test_two_models_are_shown_beside_each_other_as_maps_differences_and_numbers(
    page_of: Callable[..., Page], installation: Installation, shapes: Studies
) -> None:
    page = page_of("reader", 1280, 720)
    open_study(page, installation, shapes["models"])
    more = page.get_by_test_id("more-modes-stress_mid")
    for mode, reads in (("mbf:fermi", "2.64"), ("diff:fermi", "0.24")):
        more.select_option(mode)
        view = page.get_by_test_id("cell-stress_mid")
        expect(view).to_have_attribute("data-mode", mode)
        expect(view.locator(".badges")).to_contain_text("Fermi")
        expect(page.locator("[data-slice=stress_mid] [data-pixels=ready]")).to_be_visible()
        view.hover()
        expect(page.get_by_test_id("readout-stress_mid")).to_contain_text(reads)
        picture(page, f"layout-{mode.replace(':', '-')}")
    page.get_by_test_id("more").click()
    page.get_by_text("Flow models").click()
    dialog = page.get_by_test_id("models-dialog")
    row = dialog.get_by_role("row").filter(has_text="MidAnt").first
    for number in ("2.40", "2.64", "+0.24"):
        expect(row).to_contain_text(number)
    assert violations(page) == []
    picture(page, "layout-models-dialog")


def test_the_bullseyes_show_layers_uncertainty_and_the_change_since_the_earlier_exam(
    page_of: Callable[..., Page], installation: Installation, shapes: Studies
) -> None:
    page = page_of("reader", 1920, 1080)
    open_study(page, installation, shapes["full"])
    bullseyes = page.get_by_test_id("bullseyes")
    for view in ("layers", "uncertainty"):
        page.get_by_test_id(f"bullseye-{view}").click()
        expect(bullseyes).to_have_attribute("data-view", view)
        picture(page, f"layout-bullseyes-{view}")
    page.get_by_test_id("bullseye-prior").click()
    expect(bullseyes).to_contain_text("now minus 2024-02-01")
    stress = bullseyes.locator("figure").first
    expect(stress.locator("[data-segment='4'] text")).to_have_text("+0.40")
    expect(stress.locator("[data-segment='5'] text")).to_have_text("0.00")
    assert violations(page) == []
    picture(page, "layout-bullseyes-prior")

    # Hovering lights the segment up wherever it is shown.
    stress.locator("[data-segment='4']").hover()
    expect(page.locator("[data-hot='4']")).to_have_count(1)
    page.get_by_test_id("value-9-rest").hover()
    expect(page.locator("[data-hot='9']")).to_have_count(1)

    # Choosing one shows its curves with what the model leaves over.
    stress.locator("[data-segment='4']").click()
    page.mouse.move(2, 2)
    curves = page.get_by_test_id("curves")
    expect(curves).to_contain_text("Segment 4 BasInf")
    expect(curves).to_contain_text("residual, rms stress")
    expect(curves.locator(".legend")).to_contain_text("AIF, scaled")
