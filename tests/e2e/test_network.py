"""A site's administrator lets a scanner in and says where results go."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PICTURES

pytestmark = pytest.mark.e2e


def test_a_caller_and_a_destination_are_set_and_a_mistake_in_a_rule_is_named(
    page_of: Callable[..., Page],
) -> None:
    page = page_of("site_admin")
    page.get_by_role("link", name="Network", exact=True).click()
    expect(page.get_by_role("heading", name="Network", exact=True)).to_be_visible()
    page.get_by_label("AE title").fill("MRSCANNER1")
    page.get_by_label("Address, empty for any").fill("10.20.30.40")
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("MRSCANNER1 may send to North Hospital")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("PACS")
    page.get_by_label("Address", exact=True).fill("dicom://ARCHIVE@pacs.example.org:104")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("row", name="PACS")).to_contain_text("Signed readings")
    rules = page.get_by_label("Import rules of North Hospital as JSON")
    rules.fill('[{"name": "ours", "role": "map", "pattern": "XQ7", "scale": 0.001}]')
    page.get_by_role("button", name="Save rules").click()
    expect(page.get_by_text("in force at North Hospital from now on: 1.")).to_be_visible()
    PICTURES.mkdir(parents=True, exist_ok=True)
    for width, height in ((1280, 900), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=PICTURES / f"network-{width}.png", full_page=True)
    page.get_by_role("button", name="Remove PACS").click()
    expect(page.get_by_text("Nothing goes there any more")).to_be_visible()
    page.get_by_role("button", name="Remove MRSCANNER1").click()
    expect(page.get_by_text("It may not send any more")).to_be_visible()
