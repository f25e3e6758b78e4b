"""The pictures of docs/user-guide.md, taken from a running demo: see ``./run screenshots``.

Every picture is a step that a reader takes. The script may be run again: it fills in only what is
empty, and leaves the dialog of the signature with Cancel.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from tests.e2e.conftest import CHROMIUM_ARGUMENTS, sign_in

WIDTH, HEIGHT = 1440, 900
COLOURS = 256
"""Screens have few colours; with a palette a picture takes a third of the bytes."""

EXAM = "SIM-0030"
CLINICAL = {
    "stress_dose": "140", "heart_rate_rest": "62", "heart_rate_stress": "90",
    "systolic_rest": "128", "systolic_stress": "115", "contrast_agent": "gadobutrol",
    "contrast_dose": "0.075",
}  # fmt: skip


def main(sign_ins: Path, out: Path) -> None:
    demo = json.loads(sign_ins.read_text("utf-8"))
    reader = next(p for p in demo["people"] if p["username"] == "reader")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM_ARGUMENTS
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="dark")
        page.set_default_timeout(120_000)
        expect.set_options(timeout=120_000)
        address = demo["address"].rstrip("/")
        sign_in(page, address, reader["username"], reader["password"])
        take(page, out)
        browser.close()


def take(page: Page, out: Path) -> None:
    """Walk through a reading; one picture per step, in the order of the guide."""

    def keep(name: str, *, of: str | None = None) -> None:
        page.mouse.move(2, HEIGHT - 2)
        page.wait_for_timeout(400)
        shot = (page.get_by_test_id(of) if of else page).screenshot()
        picture = Image.open(io.BytesIO(shot)).convert("RGB")
        picture.quantize(COLOURS, dither=Image.Dither.NONE).save(out / f"{name}.png", optimize=True)
        print(out / f"{name}.png")

    row = page.get_by_role("row").filter(has_text=EXAM)
    expect(row).to_be_visible()
    keep("worklist")
    row.get_by_role("link").first.click()
    expect(page.get_by_test_id("value-4-stress")).to_contain_text(".")
    page.wait_for_timeout(4000)
    keep("reading-room")
    keep("flags", of="flags")
    page.get_by_test_id("value-4-stress").dblclick()
    page.get_by_test_id("value-input").fill("1,85")
    page.get_by_test_id("value-reason").select_option("Dark-rim artefact")
    keep("value", of="value-dialog")
    page.get_by_test_id("value-dialog").get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Contour").click()
    keep("contour")
    page.keyboard.press("Escape")
    page.get_by_test_id("bullseye-layers").click()
    keep("layers", of="bullseyes")
    page.get_by_test_id("bullseye-values").click()
    panel(page, "Scores", score)
    keep("scores", of="side-panel")
    panel(page, "Clinical", clinical)
    keep("clinical", of="side-panel")
    panel(page, "Report", lambda p: p.locator("[data-testid=suggest-findings] summary").click())
    page.get_by_test_id("suggest-findings").scroll_into_view_if_needed()
    keep("report", of="side-panel")
    page.get_by_test_id("sign").click()
    keep("sign", of="sign-dialog")
    page.get_by_test_id("sign-dialog").get_by_role("button", name="Cancel").click()


def panel(page: Page, name: str, fill: Callable[[Page], None]) -> None:
    page.get_by_role("tab", name=name).click()
    page.wait_for_timeout(500)
    fill(page)
    expect(page.get_by_test_id("sync-state")).to_have_attribute("data-sync", "idle")


def score(page: Page) -> None:
    normal = page.get_by_test_id("normal-stress")
    if normal.is_disabled():
        return
    normal.click()
    expect(page.get_by_test_id("score-16-stress")).to_have_value("0")
    for segment, worse in ((4, "2"), (10, "3"), (15, "3")):
        page.get_by_test_id(f"score-{segment}-stress").select_option(worse)
        page.get_by_test_id(f"scar-{segment}").select_option("0")


def clinical(page: Page) -> None:
    if page.get_by_test_id("clinical-heart_rate_rest").input_value():
        return
    page.get_by_test_id("clinical-stress_agent").select_option("adenosine")
    for name, value in CLINICAL.items():
        page.get_by_test_id(f"clinical-{name}").fill(value)
    page.get_by_test_id("clinical-symptoms").select_option("typical")
    page.get_by_test_id("clinical-caffeine").select_option("no")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
