"""Source images: compressed ones, opened where the reader was, measured, failed, without WebGL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from pydicom.uid import JPEG2000Lossless

from tests.e2e.axe import violations
from tests.e2e.conftest import Installation, sign_in
from tests.e2e.exams import simulate, variant
from tests.e2e.room import drag, middle_of, picture

pytestmark = pytest.mark.e2e

ANALYSIS_MS = 600_000
SLOW_MS = 60_000


NO_WEBGL = """
const original = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return String(kind).startsWith("webgl") ? null : original.call(this, kind, ...rest);
};
"""


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One slice at rest with its input images, in JPEG 2000."""
    folder = tmp_path_factory.mktemp("source")
    source = simulate(folder, 41, "--conditions", "rest")
    return variant(
        source, folder, "COMPRESSED", syntax=JPEG2000Lossless,
        keep=lambda series: "AIF" in series or "_b1_" in series,
    )  # fmt: skip


@pytest.fixture
def page(browser: Any, installation: Installation) -> Iterator[Page]:
    """The reader's window; a request that fails on purpose fails no test."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    window: Page = context.new_page()
    sign_in(window, installation.address, "reader")
    yield window
    context.close()


def brightness(page: Page) -> float:
    """Mean grey of the drawn image, 0 where nothing is drawn."""
    found: float = page.evaluate(
        """() => {
            const canvas = document.querySelector('[data-testid=source-viewport] canvas');
            const copy = document.createElement('canvas');
            copy.width = copy.height = 64;
            const pen = copy.getContext('2d');
            pen.drawImage(canvas, 0, 0, 64, 64);
            const pixels = pen.getImageData(0, 0, 64, 64).data;
            let sum = 0;
            for (let i = 0; i < pixels.length; i += 4) sum += pixels[i];
            return sum / (pixels.length / 4);
        }"""
    )
    return found


def measure_with_the_mouse(page: Page, viewport: Locator) -> None:
    """A length and an ellipse beside each other."""
    x, y = middle_of(viewport)
    drawn = viewport.locator("svg")
    page.get_by_test_id("source-length").click()
    drag(page, (x, y), (x + 60, y + 20))
    expect(drawn).to_contain_text("mm")
    page.get_by_test_id("source-ellipse").click()
    drag(page, (x - 90, y - 40), (x - 40, y + 10))
    expect(drawn).to_contain_text("Area")
    expect(drawn).to_contain_text("Mean")
    picture(page, "source-ellipse")


def measure_by_keyboard(page: Page, viewport: Locator) -> None:
    """The same tools on another image, on which nothing is drawn yet."""
    drawn = viewport.locator("svg")
    viewport.focus()
    page.keyboard.press("End")
    expect(drawn).not_to_contain_text("mm")
    crosses = page.locator(".source-point")
    for tool, shown in (("length", "mm"), ("ellipse", "Area"), ("angle", "°")):
        page.get_by_test_id(f"source-{tool}").press("Enter")
        viewport.focus()
        page.keyboard.press("Enter")
        expect(crosses).to_have_count(1)
        page.keyboard.press("Escape")
        expect(crosses).to_have_count(0)
        for key in ("Enter", "Enter", "Shift+ArrowRight", "ArrowDown", "Enter"):
            page.keyboard.press(key)
        if tool == "angle":
            expect(crosses).to_have_count(3)
            for key in ("Shift+ArrowDown", "Shift+ArrowLeft", "Enter"):
                page.keyboard.press(key)
        expect(crosses).to_have_count(0)
        expect(drawn).to_contain_text(shown)
        expect(page.get_by_test_id("source-dialog")).to_contain_text("Measured.")
        picture(page, f"source-keyboard-{tool}")
        page.keyboard.press("Delete")
        expect(drawn).not_to_contain_text(shown)


def test_compressed_source_images_open_where_the_reader_was_and_say_what_fails(
    page: Page, installation: Installation, exam: Path
) -> None:
    page.goto(f"{installation.address}/upload/")
    page.locator("input[name=files]").set_input_files(exam)
    expect(page.get_by_test_id("upload-result")).to_contain_text("objects", timeout=120_000)
    page.goto(installation.address)
    row = page.get_by_role("row").filter(has_text="COMPRESSED")
    expect(row).to_contain_text("Ready to read", timeout=ANALYSIS_MS)
    row.get_by_role("link").first.click()
    cell = page.get_by_test_id("cell-rest_mid")
    expect(cell).to_have_attribute("data-pixels", "ready", timeout=SLOW_MS)

    # From the twelfth frame, the cursor over the heart: the same frame, with the place marked.
    page.get_by_test_id("scrubber").get_by_role("slider").fill("11")
    cell.hover()
    page.get_by_role("button", name="Source images").click()
    viewport = page.get_by_test_id("source-viewport")
    expect(viewport).to_have_attribute("data-image", "11", timeout=SLOW_MS)
    cross = page.locator(".source-cross")  # drawn by its borders: no size of its own
    expect(cross).to_have_js_property("hidden", False, timeout=SLOW_MS)
    expect(cross).to_have_css("transform", re.compile("matrix"))
    expect(page.locator(".source-series[aria-pressed=true]")).to_contain_text("SAX_b1")
    assert brightness(page) > 1  # decoded, not a blank
    assert violations(page) == []
    picture(page, "source-place")

    viewport.focus()
    page.keyboard.press("ArrowRight")
    expect(viewport).to_have_attribute("data-image", "12")
    page.keyboard.press("Home")
    expect(viewport).to_have_attribute("data-image", "0")
    page.keyboard.press("Space")
    expect(page.get_by_test_id("source-play")).to_have_attribute("aria-label", "Pause")
    page.keyboard.press("Space")

    measure_with_the_mouse(page, viewport)
    measure_by_keyboard(page, viewport)
    assert violations(page) == []

    # An image that cannot be fetched is named, never a blank.
    page.route("**/api/instances/*/file", lambda route: route.abort())
    page.reload()
    expect(cell).to_have_attribute("data-pixels", "ready", timeout=SLOW_MS)
    page.get_by_role("button", name="Source images").click()
    expect(page.get_by_test_id("source-error")).to_contain_text(
        "could not be shown", timeout=SLOW_MS
    )
    assert violations(page) == []
    picture(page, "source-failed")

    # A browser without WebGL: the grid as always, source images to look at but not to measure.
    page.unroute("**/api/instances/*/file")
    page.add_init_script(NO_WEBGL)
    page.reload()
    expect(cell).to_have_attribute("data-pixels", "ready", timeout=SLOW_MS)
    page.get_by_role("button", name="Source images").click()
    expect(page.get_by_test_id("no-webgl")).to_contain_text("no WebGL", timeout=SLOW_MS)
    expect(page.get_by_role("button", name="Pan", exact=True).last).to_be_visible()
    expect(page.get_by_role("button", name="Length")).to_have_count(0)
    expect(viewport).to_have_attribute("data-ready", "true", timeout=SLOW_MS)
    picture(page, "source-no-webgl")
