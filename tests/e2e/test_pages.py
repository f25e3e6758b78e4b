"""Every page, in a real browser, without one violation of the content policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e

PAGES = {
    "reader": ("/", "/upload/", "/agreement/", "/accounts/password/change/"),
    "site_admin": ("/status/", "/trail/"),
}


def test_no_page_violates_the_content_policy(page_of, installation):
    violations: list[str] = []
    for role, addresses in PAGES.items():
        page = page_of(role)
        page.on("console", lambda message: violations.append(message.text))
        page.add_init_script(
            "addEventListener('securitypolicyviolation',"
            " (event) => console.warn('POLICY ' + event.violatedDirective))"
        )
        for address in addresses:
            page.goto(f"{installation.address}{address}")
            expect(page.get_by_role("heading").first).to_be_visible()
    assert [text for text in violations if text.startswith("POLICY")] == []
