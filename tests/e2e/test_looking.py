"""Looking at a study: cells in step, colours of the reader's choice, pixels that fail to come."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Installation
from tests.e2e.room import SLOW_MS, Studies, drag, middle_of, open_study, picture

pytestmark = pytest.mark.e2e

CELLS = ("stress_basal", "stress_mid", "stress_apical", "rest_basal", "rest_mid", "rest_apical")


MIDDLE = """cell => {
    const canvas = cell.querySelector('canvas');
    const at = [canvas.width / 2, canvas.height / 2].map(Math.floor);
    return [...canvas.getContext('2d').getImageData(...at, 1, 1).data].slice(0, 3);
}"""


def middle_pixel(page: Page, key: str) -> list[int]:
    """What the canvas of a cell holds in its middle: red, green, blue."""
    found: list[int] = page.get_by_test_id(f"cell-{key}").evaluate(MIDDLE)
    return found


def until_middle(page: Page, key: str, condition: str, than: list[int]) -> None:
    """Wait for the frame that draws it; ``condition`` compares ``now`` with ``than``."""
    page.wait_for_function(
        f"""([key, than]) => {{
            const middle = {MIDDLE};
            const now = middle(document.querySelector(`[data-testid=cell-${{key}}]`));
            return {condition};
        }}""",
        arg=[key, than],
        timeout=SLOW_MS,
    )


LIKE = "now.every((value, i) => Math.abs(value - than[i]) <= 6)"


def test_all_cells_play_zoom_and_are_windowed_in_step(
    page_of: Callable[..., Page], installation: Installation, shapes: Studies
) -> None:
    page = page_of("technologist")
    open_study(page, installation, shapes["full"])
    frame = page.get_by_test_id("frame")
    slider = page.get_by_test_id("scrubber").get_by_role("slider")
    page.keyboard.press("1")
    for key in CELLS:
        expect(page.get_by_test_id(f"cell-{key}")).to_have_attribute("data-mode", "movie")
    expect(frame).to_contain_text("frame 1/12")
    for key in CELLS:
        until_middle(page, key, "now[0] === now[1] && now[1] === now[2]", [])  # no map any more
    first = {key: middle_pixel(page, key) for key in CELLS}
    page.keyboard.press("End")
    expect(frame).to_contain_text("frame 12/12")
    expect(slider).to_have_value("11")
    for key in CELLS:
        until_middle(page, key, "now[0] > than[0]", first[key])
    page.keyboard.press("Home")
    for key in CELLS:
        until_middle(page, key, LIKE, first[key])
    contrast = middle_pixel(page, "rest_basal")
    page.keyboard.press("End")
    page.keyboard.press(";")
    until_middle(page, "rest_basal", "now[0] > than[0]", contrast)
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    expect(page.get_by_test_id("play")).to_have_attribute("aria-label", "Pause")
    expect(frame).not_to_contain_text("frame 1/12")
    page.get_by_test_id("play").click()
    expect(page.get_by_test_id("play")).to_have_attribute("aria-label", "Play")

    placed = {key: transform(page, key) for key in CELLS}
    page.keyboard.press("+")
    page.get_by_test_id("tool-pan").click()
    middle = middle_of(page.get_by_test_id("cell-stress_mid"))
    drag(page, middle, (middle[0] + 30, middle[1] + 10))
    for key in CELLS:
        expect(page.locator(f"[data-slice={key}] canvas")).not_to_have_css("transform", placed[key])
    assert len({transform(page, key) for key in CELLS}) == len(set(placed.values()))
    page.keyboard.press("0")
    for key in CELLS:
        expect(page.locator(f"[data-slice={key}] canvas")).to_have_css("transform", placed[key])

    page.get_by_test_id("cell-rest_mid").dblclick()
    expect(page.locator(".cells > .cell:visible")).to_have_count(1)
    picture(page, "looking-enlarged")
    page.keyboard.press("Escape")
    expect(page.locator(".cells > .cell:visible")).to_have_count(6)


def transform(page: Page, key: str) -> str:
    found: str = page.locator(f"[data-slice={key}] canvas").evaluate(
        "canvas => getComputedStyle(canvas).transform"
    )
    return found


def test_palette_range_and_opacity_are_chosen_and_found_again_elsewhere(
    page_of: Callable[..., Page], installation: Installation, shapes: Studies
) -> None:
    page = page_of("reviewer")
    open_study(page, installation, shapes["full"])
    page.keyboard.press("3")
    bar = page.get_by_test_id("colour-bar")
    expect(bar).to_contain_text("ml/min/g")
    expect(bar.locator(".colour-ticks li").first).to_have_text("0")
    expect(bar.locator(".colour-ticks li").last).to_have_text("6")
    expect(page.get_by_test_id("cell-stress_mid")).to_have_attribute("data-pixels", "ready")
    perfusion = middle_pixel(page, "stress_mid")
    page.get_by_test_id("cell-stress_mid").hover()
    readout = page.get_by_test_id("readout-stress_mid")
    expect(readout).to_contain_text("MBF 2.40 ml/min/g")
    expect(readout).to_contain_text("32, 32 px")

    bar.locator("summary").click()
    page.get_by_test_id("palette").select_option("grey")
    until_middle(page, "stress_mid", LIKE, [102, 102, 102])  # 2.4 of 6
    page.get_by_label("Highest value shown").fill("3")
    until_middle(page, "stress_mid", LIKE, [204, 204, 204])
    expect(bar.locator(".colour-ticks li").last).to_have_text("3")
    page.get_by_label("Lowest value shown").fill("2.9")
    expect(bar.locator(".colour-ticks li").first).to_have_text("2.9")
    page.get_by_label("Lowest value shown").fill("3")  # no range at all: refused
    expect(bar.locator(".colour-ticks li").first).to_have_text("2.9")
    page.get_by_label("Lowest value shown").fill("0")
    until_middle(page, "stress_mid", LIKE, [204, 204, 204])
    page.get_by_label("Map opacity").fill("0.5")
    until_middle(page, "stress_mid", "now[0] < than[0] - 6", [204, 204, 204])
    with page.expect_response(
        lambda answer: "viridis" in (answer.request.post_data or "") and answer.ok
    ):
        page.get_by_test_id("palette").select_option("viridis")
    picture(page, "looking-viridis")

    # Another workplace: the choice came along with the person.
    other = page_of("reviewer")
    open_study(other, installation, shapes["full"])
    expect(other.get_by_test_id("palette")).to_have_value("viridis")
    expect(other.get_by_label("Highest value shown")).to_have_value("3")
    expect(other.get_by_label("Map opacity")).to_have_value("0.5")
    other.get_by_test_id("colour-bar").locator("summary").click()
    other.get_by_role("button", name="Reset range").click()
    other.get_by_test_id("palette").select_option("perfusion")
    other.keyboard.press("Escape")
    until_middle(other, "stress_mid", LIKE, perfusion)


def test_a_layout_is_kept_by_name_and_found_again_elsewhere(
    page_of: Callable[..., Page], installation: Installation, shapes: Studies
) -> None:
    page = page_of("site_admin")
    open_study(page, installation, shapes["full"])
    page.get_by_test_id("all-gd").click()
    page.get_by_test_id("layouts").click()
    page.get_by_role("radio", name="Stress").check()
    expect(page.locator(".cells > .cell")).to_have_count(3)
    page.get_by_test_id("layout-name").fill("Gd at stress")
    with page.expect_response(
        lambda answer: "Gd at stress" in (answer.request.post_data or "") and answer.ok
    ):
        page.get_by_test_id("layout-save").click()
    picture(page, "looking-layout")

    other = page_of("site_admin")
    open_study(other, installation, shapes["full"])
    other.get_by_test_id("layouts").click()
    other.get_by_role("radio", name="All").check()
    other.get_by_test_id("layout-maps").click()
    expect(other.get_by_test_id("cell-rest_mid")).to_have_attribute("data-mode", "mbf")
    other.get_by_test_id("layouts").click()
    other.get_by_role("button", name="Gd at stress", exact=True).click()
    expect(other.locator(".cells > .cell")).to_have_count(3)
    expect(other.get_by_test_id("cell-stress_mid")).to_have_attribute("data-mode", "gd")
    other.get_by_test_id("layouts").click()
    other.get_by_role("button", name="Delete layout Gd at stress").click()
    expect(other.get_by_role("button", name="Gd at stress", exact=True)).to_have_count(0)


def test_pixels_that_do_not_come_are_said_in_the_cell_and_asked_for_again(
    page_of: Callable[..., Page], installation: Installation, shapes: Studies
) -> None:
    page_of.expects.append("ERR_FAILED")  # what is refused on purpose
    page = page_of("technologist")
    page.route("**/arrays/stress_mid*", lambda route: route.abort())
    page.goto(f"{installation.address}/studies/{shapes['full']}/")
    cell = page.locator("[data-slice=stress_mid]")
    expect(cell.get_by_role("alert")).to_contain_text("These pixels could not be loaded")
    expect(page.get_by_test_id("cell-rest_mid")).to_have_attribute("data-pixels", "ready")
    expect(page.get_by_test_id("value-7-stress")).to_contain_text("2.40")
    picture(page, "looking-failed")
    page.unroute("**/arrays/stress_mid*")
    cell.get_by_role("button", name="Try again").click()
    expect(page.get_by_test_id("cell-stress_mid")).to_have_attribute("data-pixels", "ready")
    expect(cell.get_by_role("alert")).to_have_count(0)
