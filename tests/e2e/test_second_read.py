"""A second-read project from set-up to a blinded, signed case, and the agreement page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PASSWORD
from tests.e2e.room import whole_page

pytestmark = pytest.mark.e2e


@pytest.fixture
def studies(installation):
    """Six analysed studies; the last three are signed."""
    installation.script("second_read_script", "receive(6)")
    installation.script("second_read_script", "analyse()", login="worker")
    installation.script("second_read_script", "read(3)")


@pytest.fixture
def disagreements(installation):
    """An open project of two cases about which its readers disagree."""
    installation.script("second_read_script", "receive(2, first=11)")
    installation.script("second_read_script", "analyse()", login="worker")
    installation.script("second_read_script", "disagree(2)")


def test_a_project_is_set_up_read_blinded_and_watched(studies, page_of, installation):
    manager = page_of("site_admin")
    manager.goto(f"{installation.address}/projects/")
    expect(manager.get_by_test_id("create")).to_be_visible()
    whole_page(manager, "projects")
    manager.get_by_label("Name").fill("Second reads")
    manager.get_by_test_id("create").click()
    expect(manager.get_by_test_id("state")).to_have_text("Being set up")
    for number in range(1, 5):  # other tests' studies may be in a project of theirs
        manager.get_by_role("checkbox", name=re.compile(rf"Exam{number}\b")).check()
    manager.get_by_test_id("add-studies").click()
    expect(manager.get_by_test_id("cases").get_by_role("row")).to_have_count(4)
    manager.locator("select[name=reader]").select_option(label="Reader")
    manager.get_by_test_id("add-reader").click()
    expect(manager.get_by_role("listitem").filter(has_text="Reader")).to_have_count(1)
    manager.locator("select[name=reader]").select_option(label="Second")
    manager.get_by_test_id("add-reader").click()
    manager.locator("select[name=adjudicator]").select_option(label="Reviewer")
    manager.get_by_test_id("add-adjudicator").click()
    expect(manager.get_by_role("listitem").filter(has_text="Reviewer")).to_have_count(1)
    whole_page(manager, "setup")
    manager.get_by_test_id("open").click()
    expect(manager.get_by_test_id("progress")).to_be_visible()

    reader = page_of("reader")
    reader.goto(manager.url)
    whole_page(reader, "list")
    reader.get_by_test_id("next-case").click()
    room = reader.get_by_test_id("reading-room")
    expect(room).to_be_visible()
    expect(room).to_contain_text("Case 1")
    expect(room).not_to_contain_text("Simulated")
    whole_page(reader, "case")
    reader.get_by_test_id("sign").click()
    dialog = reader.get_by_test_id("sign-dialog")
    dialog.locator("input[type=password]").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign").last.click()
    expect(dialog).to_be_hidden()
    manager.reload()
    expect(manager.get_by_test_id("progress")).to_contain_text("1 of 4 signed")
    whole_page(manager, "progress")

    reader.goto(f"{installation.address}/agreement/")
    auditor = page_of("auditor")
    auditor.goto(f"{installation.address}/agreement/?subset=edited")
    expect(auditor.get_by_role("heading", name="Edited contours")).to_be_visible()
    whole_page(auditor, "agreement")


def said(page, words):
    """A button's failure is said beside it."""
    expect(page.locator(".error").filter(has_text=words)).to_be_visible()


def test_disagreements_are_settled_a_query_answered_and_the_project_locked_and_taken_out(
    disagreements, page_of, installation
):
    page_of.expects.append("409 (Conflict)")  # what somebody else was faster with is one

    def project_page(person):
        page = page_of(person)
        page.goto(f"{installation.address}/projects/")
        page.get_by_role("link", name="Disagreements").click()
        expect(page.get_by_test_id("state")).to_have_text("Open for reading")
        return page

    first, second = (project_page(person) for person in ("reviewer", "third"))
    for page in (first, second):
        page.get_by_test_id("disagreements").get_by_role("link", name="Case 1").click()
        expect(page.get_by_test_id("values")).to_contain_text("Stress MBF, global")
    whole_page(first, "adjudication")
    for page, place, why in ((first, 0, "the rim is dark"), (second, 1, "the rim is bright")):
        page.get_by_role("radio").nth(place).check()
        page.get_by_label("Why").fill(why)
    first.get_by_test_id("decide").click()
    expect(first.get_by_test_id("decisions")).to_contain_text("the rim is dark")
    second.get_by_test_id("decide").click()
    meanwhile = second.get_by_test_id("meanwhile")
    expect(meanwhile).to_contain_text("Reviewer has decided in the meantime")
    expect(second.get_by_label("Why")).to_have_value("the rim is bright")
    whole_page(second, "adjudication-overtaken")
    meanwhile.get_by_role("button", name="Decide again with mine").click()
    expect(second.get_by_test_id("decisions").get_by_role("listitem")).to_have_count(2)

    reader = project_page("reader")
    reader.get_by_text("Ask the site").click()
    reader.get_by_label("Subject").fill("Slice positions")
    reader.get_by_label("Question").fill("Is the first slice the basal one?")
    reader.get_by_role("button", name="Send to the site").click()
    technologist = page_of("technologist")
    technologist.goto(f"{installation.address}/projects/queries/")
    thread = technologist.get_by_test_id("query")
    thread.get_by_label("Write here").fill("Yes, basal to apical.")
    thread.get_by_role("button", name="Answer").click()
    expect(technologist.get_by_test_id("query")).to_contain_text("Answered")
    whole_page(technologist, "query")

    manager = project_page("site_admin")
    manager.on("dialog", lambda dialog: dialog.accept())
    manager.get_by_test_id("lock").click()
    said(manager, "Disagreements that wait for a decision: 1.")
    second.goto(manager.url)
    second.get_by_test_id("disagreements").get_by_role("link", name="Case 2").click()
    second.get_by_role("radio").first.check()
    second.get_by_label("Why").fill("as before")
    second.get_by_test_id("decide").click()
    expect(second.get_by_test_id("decisions")).to_contain_text("as before")
    manager.get_by_test_id("lock").click()
    said(manager, "Queries that are not closed: 1.")
    manager.get_by_role("link", name="Queries").first.click()
    manager.get_by_role("button", name="Close").click()
    expect(manager.get_by_test_id("query")).to_contain_text("Closed")
    manager.go_back()
    manager.get_by_test_id("lock").click()
    expect(manager.get_by_test_id("state")).to_have_text("Locked")
    whole_page(manager, "locked")
    second.goto(manager.url)
    with second.expect_download() as taken:
        second.get_by_role("link", name="CSV").click()
    lines = Path(taken.value.path()).read_text().splitlines()
    assert len(lines) > 100
    assert "Simulated" not in "".join(lines)
