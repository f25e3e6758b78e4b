"""A second-read project from set-up to a blinded, signed case, and the agreement page."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PASSWORD, ROOT

pytestmark = pytest.mark.e2e


@pytest.fixture
def studies(installation):
    """Six analysed studies; the last three are signed."""
    for step, login in (("receive(6)", ""), ("analyse()", "WORKER_"), ("read(3)", "")):
        own = installation.environment
        done = subprocess.run(
            [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c",
             f"from tests.e2e.second_read_script import *; {step}"],
            cwd=ROOT, capture_output=True, text=True, timeout=300,
            env={**own, "DATABASE_URL": own[f"DATABASE_{login}URL"]},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]


def picture(page, name):
    folder = os.environ.get("QPERF_TEST_PICTURES")
    if folder:
        for width in (1280, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(600)
            page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)


def test_a_project_is_set_up_read_blinded_and_watched(studies, page_of, installation):
    manager = page_of("site_admin")
    manager.goto(f"{installation.address}/projects/")
    expect(manager.get_by_test_id("empty")).to_be_visible()
    picture(manager, "empty")
    manager.get_by_label("Name").fill("Second reads")
    manager.get_by_test_id("create").click()
    expect(manager.get_by_test_id("state")).to_have_text("Being set up")
    for box in manager.get_by_role("checkbox", name="Simulated").all()[:4]:
        box.check()
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
    picture(manager, "setup")
    manager.get_by_test_id("open").click()
    expect(manager.get_by_test_id("progress")).to_be_visible()

    reader = page_of("reader")
    reader.goto(manager.url)
    picture(reader, "list")
    reader.get_by_test_id("next-case").click()
    room = reader.get_by_test_id("reading-room")
    expect(room).to_be_visible()
    expect(room).to_contain_text("Case 1")
    expect(room).not_to_contain_text("Simulated")
    picture(reader, "case")
    reader.get_by_test_id("sign").click()
    dialog = reader.get_by_test_id("sign-dialog")
    dialog.locator("input[type=password]").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign").last.click()
    expect(dialog).to_be_hidden()
    manager.reload()
    expect(manager.get_by_test_id("progress")).to_contain_text("1 of 4 signed")
    picture(manager, "progress")

    reader.goto(f"{installation.address}/agreement/")
    auditor = page_of("auditor")
    auditor.goto(f"{installation.address}/agreement/?subset=edited")
    expect(auditor.get_by_role("heading", name="Edited contours")).to_be_visible()
    picture(auditor, "agreement")
