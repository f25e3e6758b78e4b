"""What a reader does again and again in the reading room, for the flows that go through it."""

from __future__ import annotations

import math

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import PICTURES, Installation

SLOW_MS = 30_000
"""Saving is quick; this only bounds it on a busy machine."""

Studies = dict[str, int]
"""Study numbers of the exams of reading_script, by name."""

Place = tuple[float, float]


def open_study(page: Page, installation: Installation, study: int) -> None:
    page.goto(f"{installation.address}/studies/{study}/")
    expect(page.locator(".cell-view[data-pixels=ready]").first).to_be_visible(timeout=60_000)


def saved(page: Page) -> None:
    expect(page.get_by_test_id("sync-state")).to_have_attribute(
        "data-sync", "idle", timeout=SLOW_MS
    )


def enter_value(page: Page, segment: int, value: str, condition: str = "stress") -> None:
    page.get_by_test_id(f"value-{segment}-{condition}").dblclick()
    page.get_by_test_id("value-input").fill(value)
    page.get_by_test_id("value-reason").select_option("Dark-rim artefact")
    page.get_by_test_id("value-apply").click()


def acknowledge_all(page: Page) -> None:
    """Answer every flag, at once where there are several."""
    flags = page.get_by_test_id("flags")
    flags.get_by_test_id("acknowledge-all").or_(flags.get_by_test_id("acknowledge")).first.click()
    page.get_by_test_id("acknowledge-confirm").click()
    expect(flags.get_by_test_id("acknowledge")).to_have_count(0, timeout=SLOW_MS)


def middle_of(thing: Locator) -> Place:
    box = thing.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, start: Place, to: Place, *, drop: bool = True) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*to, steps=6)
    if drop:
        page.mouse.up()


def draw_circle(page: Page, area: Locator, radius: float) -> None:
    """A freehand circle in the middle of an element; ``radius`` is a share of its width."""
    area.scroll_into_view_if_needed()
    x, y = middle_of(area)
    width = (area.bounding_box() or {})["width"]
    for step in range(25):
        angle = 2 * math.pi * step / 24
        across = radius * width
        page.mouse.move(x + across * math.cos(angle), y + across * math.sin(angle))
        if step == 0:
            page.mouse.down()
    page.mouse.up()


def picture(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png")


def whole_page(page: Page, name: str) -> None:
    """Both widths of a page, for people to look at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for width in (1280, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=PICTURES / f"{name}-{width}.png", full_page=True)
