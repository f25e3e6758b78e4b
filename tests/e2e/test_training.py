"""Readers are trained before they read, and read some cases twice without knowing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PASSWORD
from tests.e2e.room import whole_page
from tests.e2e.test_walk import answer_every_flag

pytestmark = pytest.mark.e2e


@pytest.fixture
def studies(installation):
    """Three analysed studies, of numbers that no simulated exam of another test has."""
    installation.script("second_read_script", "receive(3, first=721)")
    installation.script("second_read_script", "analyse()", login="worker")
    installation.script("second_read_script", "read(1)")


def test_a_reader_fails_the_training_passes_the_next_round_and_meets_a_hidden_repeat(
    studies, page_of, installation
):
    manager = page_of("site_admin")
    manager.goto(f"{installation.address}/projects/")
    manager.get_by_label("Name").fill("Trained readers")
    manager.get_by_test_id("create").click()
    expect(manager.get_by_test_id("state")).to_have_text("Being set up")
    manager.locator("select[name=blinding]").select_option("none")
    manager.locator("input[name=repeat_percent]").fill("50")
    manager.get_by_label("global stress and rest MBF lie within").check()
    manager.locator("input[name=share]").fill("100")
    manager.get_by_test_id("save-rules").click()
    expect(manager.locator("dl")).to_contain_text("50 %")
    for number in (721, 722, 723):
        manager.get_by_role("checkbox", name=re.compile(rf"Exam{number}\b")).check()
    manager.get_by_test_id("add-studies").click()
    cases = manager.get_by_test_id("cases")
    expect(cases.get_by_role("row")).to_have_count(3)
    use = cases.get_by_role("combobox", name="Exam723")
    use.select_option(index=1)
    expect(use.locator("option:checked")).to_contain_text("Training, reference")
    manager.locator("select[name=reader]").select_option(label="Second")
    manager.get_by_test_id("add-reader").click()
    expect(manager.get_by_role("listitem").filter(has_text="Second")).to_have_count(1)
    whole_page(manager, "training-setup")
    manager.get_by_test_id("open").click()
    expect(manager.get_by_test_id("progress")).to_be_visible()

    installation.script("second_read_script", "read_on('Trained readers', 'second', 1, far=True)")
    reader = page_of("second")
    reader.goto(manager.url)
    expect(reader.get_by_text("Training not passed: 0 of 1 agreed")).to_be_visible()
    expect(reader.get_by_test_id("next-case")).to_have_count(0)
    whole_page(reader, "training-failed")
    manager.reload()
    again = manager.get_by_role("button", name="Another round of training")
    again.click()
    expect(again).to_have_count(0)

    reader.reload()
    expect(reader.get_by_text("Training first: 0 of 1 read")).to_be_visible()
    reader.get_by_test_id("next-case").click()
    expect(reader.get_by_test_id("acknowledge").first).to_be_visible()
    answer_every_flag(reader)
    reader.get_by_test_id("sign").click()
    dialog = reader.get_by_test_id("sign-dialog")
    dialog.locator("input[type=password]").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign").last.click()
    expect(dialog).to_be_hidden()
    reader.goto(manager.url)
    expect(reader.get_by_text("Training passed: 1 of 1 agreed")).to_be_visible()
    expect(reader.get_by_test_id("next-case")).to_be_visible()

    # Two studies, one of them twice.
    installation.script("second_read_script", "read_on('Trained readers', 'second', 3)")
    reader.reload()
    expect(reader.get_by_test_id("my-list").get_by_role("listitem")).to_have_count(1 + 3)
    expect(reader.get_by_role("main")).not_to_contain_text(re.compile("repeat|twice", re.I))
    whole_page(reader, "training-list")
    manager.reload()
    manager.on("dialog", lambda dialog: dialog.accept())
    manager.get_by_test_id("lock").click()
    expect(manager.get_by_test_id("state")).to_have_text("Locked")
    repeats = manager.get_by_role("region", name=re.compile("hidden repeats"))
    expect(repeats.get_by_role("row", name=re.compile("Second.*Stress"))).to_contain_text("1")
    whole_page(manager, "training-repeats")
