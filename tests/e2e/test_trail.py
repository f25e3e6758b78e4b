"""An auditor reads the trail while the worker seals it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Installation

pytestmark = pytest.mark.e2e


def test_an_auditor_finds_a_sign_in_and_the_worker_seals_it(
    page_of: Callable[..., Page], installation: Installation
) -> None:
    page = page_of("auditor")
    page.get_by_role("link", name="Trail", exact=True).click()
    expect(page.get_by_role("heading", name="Trail")).to_be_visible()
    page.get_by_label("User name").fill("auditor")
    page.get_by_label("Action begins with").fill("person.")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("cell", name="person: signed in").first).to_be_visible()
    expect(page.get_by_role("cell", name="127.0.0.1").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    assert "person.signed_in" in Path(download.value.path()).read_text("utf-8")

    anchors = Path(installation.environment["QPERF_STATE"]) / "trail-anchors.txt"
    until = time.monotonic() + 45
    while not anchors.exists() and time.monotonic() < until:
        time.sleep(0.5)
    assert anchors.exists(), "the worker has sealed nothing"
    assert "the trail is whole" in installation.manage("verify_trail")
