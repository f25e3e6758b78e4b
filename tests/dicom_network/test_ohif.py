"""The unmodified OHIF viewer lists, opens and shows an exam and our segmentation."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from qperfweb.core.rls import site_scope
from tests.dicom import make
from tests.dicom_network.ohif import built_viewer, viewer_before
from tests.e2e.conftest import CHROMIUM_ARGUMENTS, PICTURES
from tests.reports.exports import analysed, images, received

pytestmark = pytest.mark.e2e

PATIENCE_MS = 120_000


def exam() -> list[Any]:
    """Images with something to see: a bright disc that breathes."""
    objects = images()
    rows, columns = np.indices((objects[0].Rows, objects[0].Columns))
    for ds in objects:
        reach = 10 + int(ds.InstanceNumber) % 5
        disc = np.hypot(rows - ds.Rows / 2, columns - ds.Columns / 2) < reach
        ds.PixelData = (40 + 160 * disc + 2 * columns).astype(np.uint16).tobytes()
    return objects


def shades(page: Page) -> int:
    """How many different colours the middle of the viewport shows."""
    canvas = page.locator(".cornerstone-canvas").first
    expect(canvas).to_be_visible(timeout=PATIENCE_MS)
    return int(
        canvas.evaluate(
            """canvas => {
                const c = document.createElement("canvas");
                c.width = c.height = 200;
                const d = c.getContext("2d");
                d.drawImage(canvas, 0, 0, 200, 200);
                const p = d.getImageData(0, 0, 200, 200).data, seen = new Set();
                for (let i = 0; i < p.length; i += 4) seen.add(p[i] << 16 | p[i+1] << 8 | p[i+2]);
                return seen.size;
            }"""
        )
    )


def colours(page: Page) -> int:
    """How many pixels of the viewport are no shade of grey."""
    return int(
        page.locator(".cornerstone-canvas").first.evaluate(
            """canvas => {
                const c = document.createElement("canvas");
                c.width = c.height = 200;
                const d = c.getContext("2d");
                d.drawImage(canvas, 0, 0, 200, 200);
                const p = d.getImageData(0, 0, 200, 200).data;
                let n = 0;
                for (let i = 0; i < p.length; i += 4)
                    n += Math.max(p[i], p[i+1], p[i+2]) - Math.min(p[i], p[i+1], p[i+2]) > 40;
                return n;
            }"""
        )
    )


def until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_MS / 1000
    while not reached():
        assert time.monotonic() < end, "OHIF does not show it"
        time.sleep(1.0)


def test_ohif_lists_an_exam_shows_it_and_lays_our_segmentation_over_it(
    server, site, token_of, as_worker, tmp_path, monkeypatch
):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("OHIF was not tried: apt-get install chromium")
    built_viewer()
    # Another browser test may have left its event loop in this thread.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with site_scope([site.pk]):
        study = received(site, tmp_path / "exam", exam())
        with as_worker():
            analysed(study)
    with (
        viewer_before(server.address, token_of(site)) as (address, calls),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        PICTURES.mkdir(parents=True, exist_ok=True)
        try:
            page.goto(address)
            expect(page.get_by_text("Test, Person").or_(page.get_by_text("Test^Person")).first) \
                .to_be_visible(timeout=PATIENCE_MS)  # fmt: skip
            page.goto(f"{address}/viewer?StudyInstanceUIDs={make.STUDY}")
            expect(page.get_by_text("perf stress basal").first).to_be_visible(timeout=PATIENCE_MS)
            page.wait_for_function(
                "() => document.querySelector('.cornerstone-canvas') !== null", timeout=PATIENCE_MS
            )
            page.get_by_text("Skip all").click()  # the tour of a first visit
            until(lambda: shades(page) > 20)
            before = colours(page)
            segments = page.get_by_text("QPerf stress segments").first
            segments.scroll_into_view_if_needed()
            segments.dblclick()
            until(lambda: colours(page) > before + 100)
            page.screenshot(path=PICTURES / "ohif.png")
        finally:
            page.screenshot(path=PICTURES / "ohif-end.png")
            browser.close()
    refused = sorted({(path.split("?")[0], status) for path, status in calls if status >= 400})
    assert refused == []
