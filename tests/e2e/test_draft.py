"""A draft under hard use: contours by keyboard, two browsers, a lost network, regions by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.axe import violations
from tests.e2e.conftest import Installation, sign_in
from tests.e2e.room import SLOW_MS, Studies, draw_circle, enter_value, open_study, picture, saved

pytestmark = pytest.mark.e2e


@pytest.fixture
def window(browser: Any, installation: Installation) -> Iterator[Callable[[], BrowserContext]]:
    """Windows of the reader in which a failed request is part of the story."""
    contexts: list[BrowserContext] = []

    def make() -> BrowserContext:
        context: BrowserContext = browser.new_context(viewport={"width": 1280, "height": 720})
        contexts.append(context)
        sign_in(context.new_page(), installation.address, "reader")
        return context

    yield make
    for context in contexts:
        context.close()


def epicardium(page: Page) -> str:
    path = page.locator("[data-slice=stress_mid] path.contour-edit.epi")
    return str(path.get_attribute("d"))


def test_contours_are_edited_undone_and_kept_by_keyboard_alone(
    page_of: Callable[..., Page], installation: Installation, shapes: Studies
) -> None:
    page = page_of("reader", 1280, 720)
    open_study(page, installation, shapes["two"])
    value = page.get_by_test_id("value-7-stress")
    before = value.inner_text()
    page.get_by_test_id("cell-stress_mid").focus()
    page.keyboard.press("e")
    automated = epicardium(page)
    point = page.get_by_role("button", name="Epicardium point 1;")
    point.focus()
    page.keyboard.press("Shift+ArrowRight")
    saved(page)
    edited = epicardium(page)
    assert edited != automated
    expect(page.locator("[data-slice=stress_mid]")).to_contain_text("edited")
    assert violations(page) == []
    picture(page, "draft-keyboard-point")

    page.get_by_test_id("tool-insertion").focus()
    page.keyboard.press("Enter")
    mark = page.get_by_role("button", name="Anterior RV insertion")
    place = mark.get_attribute("data-at")
    mark.focus()
    page.keyboard.press("Shift+ArrowUp")
    saved(page)
    assert mark.get_attribute("data-at") != place
    picture(page, "draft-keyboard-insertion")

    page.locator(".room-header").click(position={"x": 5, "y": 5})
    for keys, expected in (("Control+z", edited), ("Control+z", automated), ("Control+y", edited)):
        page.keyboard.press(keys)
        saved(page)
        expect(page.locator("[data-slice=stress_mid] path.contour-edit.epi")).to_have_attribute(
            "d", expected
        )
    page.reload()
    expect(page.locator(".cell-view[data-pixels=ready]").first).to_be_visible(timeout=SLOW_MS)
    page.get_by_test_id("cell-stress_mid").focus()
    page.keyboard.press("e")
    assert epicardium(page) == edited
    assert before.split()[0] in value.inner_text()


def test_contours_are_placed_where_none_were_found(
    page_of: Callable[..., Page], installation: Installation, shapes: Studies
) -> None:
    page = page_of("reader", 1280, 720)
    open_study(page, installation, shapes["bare"])
    value = page.get_by_test_id("value-7-stress")
    expect(value).to_have_text("–")
    page.get_by_test_id("cell-stress_mid").focus()
    page.keyboard.press("e")
    page.get_by_test_id("place-contours").focus()
    page.keyboard.press("Enter")
    expect(value).to_contain_text("2.40", timeout=SLOW_MS)
    expect(page.get_by_test_id("place-contours")).to_have_count(0)
    picture(page, "draft-placed")

    # The first outline that is drawn brings its cavity along.
    page.get_by_test_id("edit-slice").select_option("rest_mid")
    page.get_by_test_id("tool-redraw").click()
    draw_circle(page, page.get_by_test_id("cell-rest_mid"), 0.2)
    expect(page.get_by_test_id("value-7-rest")).to_contain_text("0.80", timeout=SLOW_MS)
    picture(page, "draft-drawn")


def test_a_region_drawn_by_hand_is_measured_and_its_curve_shown(
    page_of: Callable[..., Page], installation: Installation, shapes: Studies
) -> None:
    page = page_of("reader", 1280, 720)
    open_study(page, installation, shapes["stress"])
    page.get_by_test_id("tool-roi").click()
    draw_circle(page, page.get_by_test_id("cell-stress_mid"), 0.12)
    rois = page.get_by_test_id("rois")
    expect(rois).to_contain_text("2.40", timeout=SLOW_MS)
    page.get_by_test_id("tool-window").click()
    page.get_by_test_id("cell-stress_basal").focus()
    page.keyboard.press("r")
    expect(rois.get_by_role("listitem")).to_have_count(2)
    expect(page.get_by_test_id("curves").locator(".legend")).to_contain_text("Region 2")
    assert violations(page) == []
    picture(page, "draft-regions")


def test_two_browsers_on_one_draft_are_asked_and_nothing_is_lost(
    window: Callable[[], BrowserContext], installation: Installation, shapes: Studies
) -> None:
    first, second = window().pages[0], window().pages[0]
    for page in (first, second):
        open_study(page, installation, shapes["one"])
    enter_value(first, 7, "1,11")
    saved(first)
    second.reload()
    expect(second.get_by_test_id("value-7-stress")).to_contain_text("1.11", timeout=SLOW_MS)
    enter_value(first, 8, "1,22")
    saved(first)
    enter_value(second, 9, "1,33")
    dialog = second.get_by_test_id("conflict-dialog")
    expect(dialog).to_contain_text("was changed elsewhere", timeout=SLOW_MS)
    expect(dialog).to_contain_text("1.33")
    assert violations(second) == []
    picture(second, "draft-conflict")
    second.get_by_test_id("conflict-mine").click()
    saved(second)
    for segment, value in ((7, "1.11"), (8, "1.22"), (9, "1.33")):
        expect(second.get_by_test_id(f"value-{segment}-stress")).to_contain_text(value)


def test_edits_without_a_network_are_kept_shown_and_sent_later(
    window: Callable[[], BrowserContext], installation: Installation, shapes: Studies
) -> None:
    context = window()
    page = context.pages[0]
    open_study(page, installation, shapes["mapless"])
    enter_value(page, 7, "1,44")
    saved(page)
    context.set_offline(True)
    enter_value(page, 8, "1,55")
    state = page.get_by_test_id("sync-state")
    expect(state).to_contain_text("no connection · 1 edit kept", timeout=SLOW_MS)
    enter_value(page, 9, "1,66")
    expect(state).to_contain_text("2 edits kept", timeout=SLOW_MS)
    assert violations(page) == []
    picture(page, "draft-offline")
    context.set_offline(False)
    saved(page)
    page.reload()
    for segment, value in ((7, "1.44"), (8, "1.55"), (9, "1.66")):
        expect(page.get_by_test_id(f"value-{segment}-stress")).to_contain_text(
            value, timeout=SLOW_MS
        )
