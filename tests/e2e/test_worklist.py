"""The worklist: filters kept by name, sorting, and studies given to a reader."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import violations
from tests.e2e.conftest import Installation
from tests.e2e.room import SLOW_MS, Studies, picture

pytestmark = pytest.mark.e2e


def test_filters_are_kept_by_name_without_what_was_searched(
    page_of: Callable[..., Page], installation: Installation, shapes: Studies
) -> None:
    page = page_of("reviewer")
    table = page.get_by_test_id("worklist-table")
    expect(table).to_be_visible()
    search = page.get_by_label("Search")
    search.fill("SIM-0600")
    prior = table.locator(f"tr[data-study='{shapes['prior']}']")
    expect(prior).to_be_visible()
    assert "SIM-0600" not in page.url  # addresses end up in logs
    page.get_by_label("From").fill("2024-01-01")
    page.get_by_label("To", exact=True).fill("2024-12-31")
    page.get_by_label("To", exact=True).blur()
    expect(table.locator("tbody tr")).to_have_count(1)
    table.get_by_role("button", name="Study date").click()
    expect(table.locator(".column-study_date")).to_have_attribute("aria-sort", "ascending")

    page.get_by_test_id("filter-name").fill("Last year")
    page.get_by_test_id("filter-save").click()
    chip = page.get_by_test_id("saved").get_by_role("button", name="Last year", exact=True)
    expect(chip).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(search).to_have_value("")
    expect(table.locator("tbody tr")).not_to_have_count(1)

    page.reload()
    chip.click()
    expect(page.get_by_label("From")).to_have_value("2024-01-01")
    expect(search).to_have_value("")
    expect(table.locator("tbody tr")).to_have_count(1)
    expect(prior).to_be_visible()
    expect(page).to_have_url(re.compile("ordering=study_date"))
    assert violations(page) == []
    picture(page, "worklist-filtered")
    page.get_by_test_id("saved").get_by_role("button", name="Last year").last.click()
    expect(chip).to_have_count(0)

    search.fill("nobody of this name")
    empty = page.get_by_test_id("empty")
    expect(empty).to_be_visible()
    empty.get_by_role("button").click()
    expect(table.locator("tbody tr")).not_to_have_count(0)


def test_a_study_is_given_to_a_reader_who_finds_it_under_assigned_to_me(
    page_of: Callable[..., Page], shapes: Studies
) -> None:
    study = shapes["gap"]
    manager, reader = page_of("site_admin"), page_of("reader")
    choice = manager.get_by_test_id(f"assign-{study}")
    with manager.expect_response(lambda answer: answer.url.endswith("/assignment/")) as given:
        choice.select_option(label="Reader")
    assert given.value.ok
    reader.locator("select[name=assigned]").select_option(label="Assigned to me")
    row = reader.locator(f"tr[data-study='{study}']")
    expect(row).to_contain_text("Reader", timeout=SLOW_MS)
    expect(reader.locator("tbody tr")).to_have_count(1)
    # Given to nobody, it leaves the list by itself.
    choice.select_option("")
    expect(row).to_have_count(0, timeout=SLOW_MS)


def test_an_analysis_that_failed_says_why_in_the_list_and_in_its_room(
    page_of: Callable[..., Page], shapes: Studies
) -> None:
    page = page_of("technologist")
    row = page.locator(f"tr[data-study='{shapes['failed']}']")
    expect(row).to_contain_text("the contrast does not arrive")
    assert violations(page) == []
    table = page.locator(".table-wrap")
    assert table.evaluate("table => table.scrollWidth <= table.clientWidth")
    picture(page, "worklist-failed")
    row.get_by_role("link").click()
    room = page.get_by_test_id("run-state")
    expect(room).to_have_attribute("data-state", "failed")
    expect(room.get_by_role("alert")).to_contain_text("the contrast does not arrive")
    expect(room.get_by_role("button", name="Repeat the analysis")).to_be_enabled()
    expect(page.get_by_test_id("identity")).to_contain_text("SIM-0612")
    assert violations(page) == []
    picture(page, "worklist-failed-room")
