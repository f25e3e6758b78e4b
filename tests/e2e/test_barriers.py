"""Every page, in both themes, by axe-core: WCAG 2.2 AA and good practice, no violation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import violations
from tests.e2e.conftest import PASSWORD, PICTURES, Installation, sign_in
from tests.e2e.pages import ADDRESSES
from tests.e2e.room import picture

pytestmark = pytest.mark.e2e

ERRORS = {"reader": {"status/": 403, "nothing-here/": 404}, "": {"metrics/nothing/": 404}}


@pytest.fixture(scope="module")
def names(installation: Installation) -> dict[str, Any]:
    """What stands for the parameters of addresses."""
    installation.script("pages_script", "receive()")
    installation.script("pages_script", "analyse()", login="worker")
    made = installation.script("pages_script", "make()")
    found: dict[str, Any] = json.loads(made.strip().splitlines()[-1])
    return found


@pytest.fixture
def windows(browser: Any) -> Iterator[Any]:
    """``windows(role, scheme)``: a fresh window in which that person has signed in."""
    contexts = []

    def window(installation: Installation, role: str, scheme: str) -> Page:
        context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 720})
        contexts.append(context)
        page: Page = context.new_page()
        if role:
            sign_in(page, installation.address, role)
        return page

    yield window
    for context in contexts:
        context.close()


@pytest.mark.parametrize("role", ADDRESSES)
def test_no_page_has_a_barrier_in_either_theme(
    installation: Installation, windows: Any, names: dict[str, Any], role: str
) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[str]] = {}
    for scheme in ("dark", "light"):
        page = windows(installation, role, scheme)
        expected = dict.fromkeys(ADDRESSES[role], 200) | ERRORS.get(role, {})
        for route, status in expected.items():
            path = re.sub(r"<(?:\w+:)?(\w+)>", lambda name: str(names[name[1]]), route)
            answer = page.goto(f"{installation.address}/{path}")
            assert answer is not None
            assert answer.status == status, route
            page.wait_for_load_state("networkidle")
            # What a script draws counts, not the words that stand there until it has.
            expect(page.get_by_text("Loading…")).to_have_count(0)
            broken = violations(page)
            if broken:
                found[f"{route} {scheme}"] = broken
            name = re.sub(r"\W+", "-", f"{role}-{route}").strip("-")
            page.screenshot(path=PICTURES / f"page-{name}-{scheme}.png", full_page=True)
    assert found == {}


def test_neither_a_failure_of_the_server_nor_a_form_out_of_date_has_a_barrier(
    installation: Installation, windows: Any
) -> None:
    failure = installation.manage(
        "shell", "--verbosity", "0", "-c",
        "from django.test import RequestFactory; from qperfweb.core.views import server_error; "
        "request = RequestFactory(headers={'accept': 'text/html'}).get('/'); "
        "print(server_error(request).content.decode())",
    )  # fmt: skip
    for scheme in ("dark", "light"):
        page = windows(installation, "", scheme)
        # Nothing here fails by being asked to: the page alone is what counts.
        page.route(
            "**/fails/",
            lambda route: route.fulfill(status=500, content_type="text/html", body=failure),
        )
        page.goto(f"{installation.address}/fails/")
        expect(page.get_by_role("heading", level=1)).to_contain_text("went wrong")
        assert violations(page) == []
        picture(page, f"page-failure-{scheme}")

        page.goto(f"{installation.address}/accounts/login/")
        page.locator("[name=csrfmiddlewaretoken]").first.evaluate("field => field.remove()")
        page.locator("[name=login]").fill("reader")
        page.locator("[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("out of date")
        assert violations(page) == []
        picture(page, f"page-out-of-date-{scheme}")
