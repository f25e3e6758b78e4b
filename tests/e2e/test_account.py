"""Second factor with a virtual key and a computed code; a session that ends while editing."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.axe import violations
from tests.e2e.conftest import PASSWORD, PICTURES, Installation, sign_in
from tests.e2e.pages import ELSEWHERE

pytestmark = pytest.mark.e2e

SLOW_MS = 30_000
"""Saving is quick; this only bounds it on a busy machine."""

PEOPLE = f"""
from qperfweb.accounts.models import Membership, Site, User
site, _ = Site.objects.get_or_create(slug="secure", name="Secure Hospital",
                                     second_factor_required=True)
user = User.objects.create_user("keyholder", {PASSWORD!r}, full_name="Kim Keyholder")
Membership.objects.create(user=user, site=site, role="site_admin")
"""

STUDY = """
from tests.runs.examples import a_study
from qperfweb.accounts.models import Site
from qperfweb.core.rls import site_scope
site = Site.objects.get(slug="north")
with site_scope([site.pk]):
    print("study", a_study(site, 77).pk)
"""

RUN = """
from tests.runs.examples import a_finished_run
from qperfweb.studies.models import Study
from qperfweb.accounts.models import Site
from qperfweb.core.rls import site_scope
site = Site.objects.get(slug="north")
with site_scope([site.pk]):
    a_finished_run(Study.objects.get(pk={study}))
"""

END_SOON = """
import time
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
for row in Session.objects.all():
    store = SessionStore(row.session_key)
    if store.get("ends_at"):
        store["ends_at"] = time.time() + {seconds}
        store.save()
"""


@pytest.fixture
def context(browser, installation) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


def shell(installation: Installation, script: str, login: str = "web") -> str:
    return installation.manage("shell", "--verbosity", "0", "-c", script, login=login)


def picture(page: Page, name: str) -> None:
    assert violations(page) == [], name
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"account-{name}.png", full_page=True)


def test_a_security_key_and_an_app_open_a_site_that_requires_a_second_factor(
    context: BrowserContext, installation: Installation
) -> None:
    shell(installation, PEOPLE)
    # Browsers offer security keys to names, not to numeric addresses.
    address = installation.address.replace("127.0.0.1", "localhost")
    page = context.new_page()
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    sign_in(page, address, "keyholder")
    expect(page.get_by_text("Secure Hospital requires a second factor.")).to_be_visible()
    picture(page, "required")
    page.goto(f"{address}/members/secure/")
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()

    page.get_by_role("link", name="Add a key").click()
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    picture(page, "key")
    page.get_by_role("button", name="Add this key").click()
    codes = page.locator("textarea#recovery_codes")
    expect(codes).to_be_visible()
    assert len(codes.input_value().split()) == 10
    picture(page, "codes")
    page.goto(f"{address}/members/secure/")
    expect(page.get_by_role("cell", name="set up")).to_be_visible()
    picture(page, "members")

    page.goto(f"{address}/accounts/")
    page.get_by_role("link", name="Set up an app").click()
    secret = page.locator("#authenticator_secret").input_value()
    picture(page, "app")
    page.locator("[name=code]").fill(_code(secret))
    page.get_by_role("button", name="Turn on").click()
    page.wait_for_url("**/accounts/")
    picture(page, "account")
    for route in ELSEWHERE:
        if not route.endswith(("2fa/authenticate/", "totp/activate/")):  # seen on the way
            page.goto(f"{address}/{route}")
            assert page.url == f"{address}/{route}"
            picture(page, route.strip("/").replace("/", "-"))

    for factor in ("key", "code"):
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/accounts/login/")
        sign_in(page, address, "keyholder")
        expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
        picture(page, f"factor-{factor}")
        if factor == "key":
            page.get_by_role("button", name="Use a security key").click()
        else:
            page.locator("[name=code]").fill(_code(secret))
            page.locator("[name=code]").press("Enter")
        expect(page.get_by_role("heading", name="Worklist")).to_be_visible()


def test_a_session_that_ends_while_writing_keeps_the_words_and_goes_on_after_signing_in(
    context: BrowserContext, installation: Installation
) -> None:
    study = shell(installation, STUDY).split()[-1]
    shell(installation, RUN.format(study=study), login="worker")
    page = context.new_page()
    sign_in(page, installation.address, "reader")
    page.goto(f"{installation.address}/studies/{study}/")
    page.get_by_role("tab", name="Report").click()
    findings = page.get_by_test_id("report-findings")
    findings.fill("First words.")
    state = page.get_by_test_id("sync-state")
    expect(state).to_contain_text("saved", timeout=SLOW_MS)

    shell(installation, END_SOON.format(seconds=60))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    warning = page.get_by_test_id("session-warning")
    expect(warning).to_be_visible(timeout=SLOW_MS)
    picture(page, "warning")
    warning.get_by_role("button", name="Stay signed in").click()
    expect(warning).to_have_count(0, timeout=SLOW_MS)

    shell(installation, END_SOON.format(seconds=-1))
    findings.fill("First words. Second words.")
    findings.blur()
    ended = page.get_by_test_id("session-ended")
    expect(ended).to_be_visible(timeout=SLOW_MS)
    picture(page, "ended")
    with context.expect_page() as opened:
        page.get_by_test_id("sign-in-again").click()
    window = opened.value
    window.locator("[name=login]").fill("reader")
    window.locator("[name=password]").fill(PASSWORD)
    window.get_by_role("button", name="Sign in").click()
    expect(window.get_by_role("heading", name="You are signed in again")).to_be_visible(
        timeout=SLOW_MS
    )
    expect(ended).to_have_count(0, timeout=SLOW_MS)
    expect(state).to_have_attribute("data-sync", "idle", timeout=SLOW_MS)
    page.reload()
    page.get_by_role("tab", name="Report").click()
    expect(page.get_by_test_id("report-findings")).to_have_value(
        "First words. Second words.", timeout=SLOW_MS
    )


def _code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))
