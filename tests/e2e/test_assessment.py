"""What a reader says about an exam, from the grade of its images to an addendum."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.e2e.axe import violations
from tests.e2e.conftest import PASSWORD, Installation
from tests.e2e.room import (
    SLOW_MS,
    Studies,
    acknowledge_all,
    enter_value,
    open_study,
    picture,
    saved,
)

pytestmark = pytest.mark.e2e


def words_of(page: Page, installation: Installation) -> str:
    """The text of the report as PDF."""
    address = str(page.get_by_test_id("pdf").get_attribute("href"))
    answer = page.request.get(installation.address + address)
    assert answer.ok
    pages = PdfReader(io.BytesIO(answer.body())).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def grade_a_slice(page: Page) -> None:
    page.get_by_role("tab", name="Clinical").click()
    page.get_by_test_id("quality-stress_mid").select_option(index=2)
    comment = page.get_by_label("Comment on Stress mid")
    comment.fill("Breathing in the first pass")
    comment.press("Tab")
    saved(page)


def give_the_inferior_wall_to_another_artery(page: Page) -> None:
    """By preset, then one segment by hand; contours and table follow."""
    sector = page.locator("[data-slice=stress_mid] path.sector[data-segment='10']")
    expect(sector).to_have_attribute("data-territory", "RCA")
    page.get_by_test_id("territories").select_option("left")
    expect(sector).to_have_attribute("data-territory", "LCx", timeout=SLOW_MS)
    page.get_by_test_id("territories").select_option("custom")
    page.get_by_label("Territory of segment 10").select_option("LAD")
    expect(sector).to_have_attribute("data-territory", "LAD", timeout=SLOW_MS)
    saved(page)
    assert violations(page) == []
    picture(page, "assessment-territories")


def leave_a_segment_out(page: Page) -> None:
    """A wrong low value lowers the mean until the segment is said to be not diagnostic."""
    page.get_by_role("tab", name="Segments").click()
    whole, value = page.get_by_test_id("value-GLOBAL-stress"), page.get_by_test_id("value-4-stress")
    enter_value(page, 4, "0,4")
    expect(value).to_contain_text("0.40", timeout=SLOW_MS)
    expect(whole.locator("s")).to_have_text("2.40")
    value.dblclick()
    page.get_by_test_id("value-exclude").click()
    page.get_by_test_id("exclude-apply").click()
    expect(page.get_by_test_id("exclude-form").get_by_role("alert")).to_have_text(
        "Choose a reason."
    )
    page.get_by_label("Dark rim").check()
    page.get_by_label("In words").fill("along the whole wall")
    page.get_by_test_id("exclude-apply").click()
    expect(value).to_contain_text("–", timeout=SLOW_MS)
    expect(whole.locator("s")).to_have_count(0)
    expect(whole).to_contain_text("2.40")
    saved(page)
    bullseye = page.locator(".bullseye", has_text="Stress MBF").locator("[data-segment='4'] title")
    expect(bullseye).to_contain_text("along the whole wall")
    picture(page, "assessment-left-out")


def compare_with_the_earlier_exam(page: Page) -> None:
    page.get_by_role("tab", name="Report").click()
    page.get_by_test_id("prior").select_option(label="2024-02-01, signed by Reader")
    saved(page)
    page.get_by_test_id("report-impression").fill("No ischaemia.")
    page.get_by_test_id("report-impression").blur()
    saved(page)


def look_at_what_was_done(page: Page) -> None:
    page.get_by_role("button", name="History").click()
    history = page.get_by_test_id("history-dialog")
    expect(history.get_by_role("listitem").first).to_contain_text("Reader")
    for words in ("dark rim", "Breathing", "segment 4"):
        expect(history).to_contain_text(words)
    assert violations(page) == []
    picture(page, "assessment-history")
    page.keyboard.press("Escape")
    page.get_by_test_id("more").click()
    page.get_by_test_id("compare").click()
    row = page.get_by_role("dialog").get_by_role("row").filter(has_text="BasInf").last
    expect(row).to_contain_text("2.40")
    assert violations(page) == []
    picture(page, "assessment-compare")
    page.keyboard.press("Escape")


def test_an_exam_is_graded_assigned_compared_signed_and_added_to(
    page_of: Callable[..., Page], installation: Installation, shapes: Studies
) -> None:
    page = page_of("reader")
    open_study(page, installation, shapes["marks"])
    grade_a_slice(page)
    give_the_inferior_wall_to_another_artery(page)
    leave_a_segment_out(page)
    compare_with_the_earlier_exam(page)
    look_at_what_was_done(page)
    before = words_of(page, installation)
    for words in ("NOT REVIEWED", "along the whole wall", "Breathing in the first pass",
                  "No ischaemia.", "2024-02-01"):  # fmt: skip
        assert words in before

    acknowledge_all(page)
    saved(page)
    page.get_by_test_id("sign").click()
    dialog = page.get_by_test_id("sign-dialog")
    entered = dialog.get_by_test_id("sign-entered")
    expect(dialog.get_by_test_id("sign-edits")).to_contain_text("BasInf")
    expect(entered).to_contain_text("Image quality: Stress mid")
    expect(entered).to_contain_text("2024-02-01")
    picture(page, "assessment-signing")
    page_of.expects.append("400 (Bad Request)")  # the wrong password on purpose
    page.get_by_test_id("sign-password").fill("not this one")
    page.get_by_test_id("sign-confirm").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    page.get_by_test_id("sign-password").fill(PASSWORD)
    page.get_by_test_id("sign-confirm").click()
    expect(dialog).to_have_count(0, timeout=SLOW_MS)
    expect(page.get_by_test_id("sync-state")).to_contain_text("Signed by Reader")
    page.get_by_role("tab", name="Clinical").click()
    expect(page.get_by_test_id("quality-stress_mid")).to_be_disabled()
    expect(page.get_by_test_id("undo")).to_have_count(0)

    page.get_by_test_id("addendum").click()
    addendum = page.get_by_test_id("addendum-dialog")
    addendum.get_by_label("Text").fill("The rim was gone in the second look.")
    addendum.locator("input[type=password]").fill(PASSWORD)
    assert violations(page) == []
    picture(page, "assessment-addendum")
    addendum.get_by_role("button", name="Sign addendum").click()
    expect(addendum).to_have_count(0, timeout=SLOW_MS)
    page.get_by_role("tab", name="Report").click()
    kept = page.locator(".addenda")
    expect(kept).to_contain_text("The rim was gone in the second look.")
    expect(kept).to_contain_text("Reader")
    after = words_of(page, installation)
    assert "NOT REVIEWED" not in after
    assert "The rim was gone in the second look." in after
    assert "Signed by" in after


def test_signing_leads_to_the_next_study_that_waits(
    page_of: Callable[..., Page], installation: Installation, shapes: Studies
) -> None:
    page = page_of("reader")
    open_study(page, installation, shapes["last"])
    this = page.url
    acknowledge_all(page)
    saved(page)
    page.keyboard.press("s")
    page.get_by_test_id("sign-password").fill(PASSWORD)
    page.get_by_test_id("sign-next").click()
    page.wait_for_url(lambda url: "/studies/" in url and url != this)
    expect(page.get_by_test_id("identity")).to_be_visible()
    expect(page.get_by_test_id("identity")).not_to_contain_text("SIM-0611")
    # Two studies never share what can be undone.
    expect(page.get_by_test_id("undo")).to_be_disabled()
    page.goto(this)
    expect(page.get_by_test_id("sync-state")).to_contain_text("Signed by Reader")
