"""A running installation and a real browser: web server, worker and database of the test's own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests import database

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "test-output" / "e2e"
PASSWORD = "correct horse battery staple"

expect.set_options(timeout=30_000)  # waiting ends with the change; a busy machine is no failure

CHROMIUM_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Address, people (user name by role at site "north") and environment of what runs."""

    address: str
    environment: dict[str, str]

    def manage(self, *arguments: str, login: str = "web") -> str:
        """Run a management command with a database login of its own; its output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env={**self.environment, "QPERF_DATABASE_LOGIN": login},
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def script(self, module: str, step: str, *, login: str = "web") -> str:
        """A step of a module of this folder, behind the browser's back; its output."""
        code = f"from tests.e2e.{module} import *; {step}"
        return self.manage("shell", "--verbosity", "0", "-c", code, login=login)


@pytest.fixture(scope="session")
def installation(
    database_server: Any, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """A web server and one worker over a fresh database with a site and a person of every role."""
    state = tmp_path_factory.mktemp("e2e")
    port = _free_port()
    with ExitStack() as stack:
        own = stack.enter_context(database.clone(database_server, template_database))
        environment = {
            **os.environ,
            **own.environment,
            "QPERF_STATE": str(state),
            "QPERF_STUDY_QUIET_SECONDS": "10",
            "OMP_NUM_THREADS": "1",
        }
        running = Installation(address=f"http://127.0.0.1:{port}", environment=environment)
        _make_people(running)
        uvicorn = [sys.executable, "-m", "uvicorn", "qperfweb.asgi:application"]
        uvicorn += ["--port", str(port), "--log-level", "warning"]
        kept = environment | {"QPERF_DATABASE_KEPT": "1"}  # as ./run serve has it
        stack.enter_context(_process(uvicorn, kept, state))
        stack.enter_context(
            _process([sys.executable, "manage.py", "run_worker"], environment, state)
        )
        _wait_until_up(f"{running.address}/readyz")
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a screen."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail("Chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


def sign_in(page: Page, address: str, name: str, password: str = PASSWORD) -> None:
    page.goto(f"{address}/accounts/login/")
    page.locator("[name=login]").fill(name)
    page.locator("[name=password]").fill(password)
    page.get_by_role("button", name="Sign in").click()
    # Whoever goes on before the answer is there goes on signed out.
    page.wait_for_url(lambda url: "login" not in url)


@pytest.fixture
def page_of(
    browser: Any, installation: Installation, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """``page_of("reader")``: a browser window in which that person has signed in.

    Console errors (a blocked script, a failed request) fail the test that caused them, but for
    words that the test puts into ``page_of.expects``; a picture of every window stays in
    test-output/e2e.
    """
    contexts = []
    complaints: list[str] = []

    def open_page(role: str, width: int = 1280, height: int = 900) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type == "error" else None,
        )
        sign_in(page, installation.address, role)
        return page

    open_page.expects = []
    yield open_page
    PICTURES.mkdir(parents=True, exist_ok=True)
    for number, context in enumerate(contexts):
        for page in context.pages:
            with suppress(Exception):
                page.screenshot(path=PICTURES / f"{request.node.name}-{number}.png")
        context.close()
    assert [c for c in complaints if not any(word in c for word in open_page.expects)] == []


@pytest.fixture(scope="session")
def shapes(installation: Installation) -> dict[str, int]:
    """Study numbers of the exams of reading_script, by name."""
    made = installation.script("reading_script", "receive()")
    installation.script("reading_script", "analyse()", login="worker")
    installation.script("reading_script", "sign_the_prior()")
    found: dict[str, int] = json.loads(made.strip().splitlines()[-1])
    return found


@contextmanager
def _process(command: list[str], environment: dict[str, str], state: Path) -> Iterator[None]:
    log = state / f"{command[-1].strip('-')}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _make_people(running: Installation) -> None:
    script = f"""
from qperfweb.accounts.models import Membership, Site, User
from qperfweb.core.permissions import Role
site = Site.objects.create(slug="north", name="North Hospital")
for role in Role.values:
    user = User.objects.create_user(role, {PASSWORD!r}, full_name=role.replace("_", " ").title())
    Membership.objects.create(user=user, site=site, role=role)
User.objects.create_user("administrator", {PASSWORD!r}, is_system_administrator=True)
"""
    running.manage("shell", "--verbosity", "0", "-c", script)


def _wait_until_up(address: str, seconds: float = 180) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(address, timeout=2)
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.3)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
