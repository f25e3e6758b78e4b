"""Contours with the mouse: outlines shown or not, sculpted, redrawn, marked, copied and reset."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Installation
from tests.e2e.room import (
    SLOW_MS,
    Studies,
    drag,
    draw_circle,
    middle_of,
    open_study,
    picture,
    saved,
)

pytestmark = pytest.mark.e2e


def outline(page: Page, key: str, which: str = "epi") -> Locator:
    """The contour of the slice that is being edited."""
    return page.locator(f"[data-slice={key}] path.contour-edit.{which}")


def shape(path: Locator) -> str:
    return str(path.get_attribute("d"))


def sculpt_outwards(page: Page, path: Locator, *, drop: bool = True) -> None:
    """Push the contour out of its right side."""
    box = path.bounding_box()
    assert box is not None
    edge, middle = box["x"] + box["width"], box["y"] + box["height"] / 2
    drag(page, (edge - 40, middle), (edge + 5, middle), drop=drop)


def test_outlines_are_shown_as_sectors_as_contours_or_not_at_all(
    page_of: Callable[..., Page], installation: Installation, shapes: Studies
) -> None:
    page = page_of("reviewer")
    open_study(page, installation, shapes["tools"])
    cell = page.locator("[data-slice=stress_mid]")
    sectors = cell.locator("path.sector")
    for overlay, count, lines in (("contours", 0, 1), ("off", 0, 0), ("sectors", 6, 0)):
        page.get_by_test_id("overlay").select_option(overlay)
        expect(sectors).to_have_count(count)
        for which in ("endo", "epi"):
            expect(cell.locator(f"path.contour.{which}")).to_have_count(lines)
        picture(page, f"outlines-{overlay}")
    territories = {str(s.get_attribute("data-territory")) for s in sectors.all()}
    assert territories == {"LAD", "RCA", "LCx"}
    assert len({s.evaluate("s => getComputedStyle(s).stroke") for s in sectors.all()}) == 3
    expect(cell.locator(".sector-number")).to_have_text(["7", "8", "9", "10", "11", "12"])


def test_a_contour_is_sculpted_redrawn_copied_to_the_other_condition_and_reset(
    page_of: Callable[..., Page], installation: Installation, shapes: Studies
) -> None:
    page = page_of("reader")
    open_study(page, installation, shapes["tools"])
    whole = page.get_by_test_id("value-GLOBAL-stress")
    expect(whole).to_contain_text("2.40")
    page.get_by_test_id("cell-stress_mid").focus()
    page.keyboard.press("e")
    stress, rest = outline(page, "stress_mid"), outline(page, "rest_mid")
    automated = shape(stress)

    # Escape drops a drag: nothing is saved.
    page.get_by_test_id("tool-sculpt").click()
    page.get_by_label("Tool size").fill("12")
    sculpt_outwards(page, stress, drop=False)
    expect(stress).not_to_have_attribute("d", automated)
    page.keyboard.press("Escape")
    expect(stress).to_have_attribute("d", automated)
    page.mouse.up()
    expect(page.get_by_test_id("undo")).to_be_disabled()

    # Let go, it counts: the wall takes in what does not flow, and only there.
    sculpt_outwards(page, stress)
    changed = page.locator("[data-testid$=-stress] s.automated-value")
    expect(changed.first).to_be_visible(timeout=SLOW_MS)
    saved(page)
    assert 1 <= changed.count() < 6
    sculpted = shape(stress)
    picture(page, "contour-sculpted")

    page.get_by_test_id("tool-redraw").click()
    page.get_by_test_id("edit-which").select_option("endo")
    inner = outline(page, "stress_mid", "endo")
    before = shape(inner)
    draw_circle(page, page.get_by_test_id("cell-stress_mid"), 0.12)
    expect(inner).not_to_have_attribute("d", before)
    saved(page)
    assert shape(stress) == sculpted  # the other contour stays
    redrawn = shape(inner)

    # A crossing pair is refused in words and nothing of it stays.
    draw_circle(page, page.get_by_test_id("cell-stress_mid"), 0.45)
    expect(page.get_by_text("The endocardium must lie inside the epicardium")).to_be_visible()
    expect(inner).to_have_attribute("d", redrawn)

    page.get_by_role("button", name="Copy to Rest mid").click()
    expect(page.get_by_test_id("edit-slice")).to_have_value("rest_mid")
    expect(rest).to_have_attribute("d", sculpted)
    expect(outline(page, "rest_mid", "endo")).to_have_attribute("d", redrawn)
    saved(page)
    expect(page.locator("[data-slice=rest_mid]")).to_contain_text("edited")
    picture(page, "contour-copied")

    page.get_by_test_id("edit-slice").select_option("stress_mid")
    page.get_by_test_id("reset-slice").click()
    expect(stress).to_have_attribute("d", automated)
    saved(page)
    expect(page.get_by_test_id("reset-slice")).to_be_disabled()
    expect(changed).to_have_count(0)
    page.get_by_test_id("edit-slice").select_option("rest_mid")
    expect(rest).to_have_attribute("d", sculpted)  # reset is of one slice
    page.get_by_role("button", name="Copy to Stress mid").click()
    expect(stress).to_have_attribute("d", sculpted)
    saved(page)


def test_insertions_and_the_centre_are_moved_and_turn_the_sectors(
    page_of: Callable[..., Page], installation: Installation, shapes: Studies
) -> None:
    page = page_of("reader")
    open_study(page, installation, shapes["tools"])
    cell = page.locator("[data-slice=stress_basal]")
    sector = cell.locator("path.sector[data-segment='1']")
    found = shape(sector)
    page.get_by_test_id("cell-stress_basal").focus()
    page.keyboard.press("e")
    page.get_by_test_id("tool-insertion").click()
    for name in ("anterior", "inferior", "centre"):
        mark = cell.locator(f".mark-{name}")
        before = str(mark.get_attribute("data-at"))
        x, y = middle_of(mark)
        drag(page, (x, y), (x + 14, y + 10))
        expect(mark).not_to_have_attribute("data-at", before)
        saved(page)
    picture(page, "contour-marks")
    page.get_by_test_id("edit-contours").click()
    expect(sector).to_be_visible()
    turned = shape(sector)
    assert turned != found
    page.reload()
    expect(sector).to_have_attribute("d", turned, timeout=SLOW_MS)
