"""How fast the reading room is in headless Chromium with software rendering, on a running server.

    python -m tests.e2e.measure_reading_room ADDRESS USER [--studies 30]

The password is asked for (or read from QPERF_PASSWORD). Prints one line each: milliseconds until
the first images are drawn, frames per second of the cine of all cells (set to 60), and memory while
studies are opened one after the other: of the tab's process, and, after a forced collection, of the
page's own objects. The process keeps garbage until the browser wants the room; only what a
collection leaves behind can be a leak. The machine should be otherwise idle.
"""

from __future__ import annotations

import argparse
import getpass
import os
import shutil
import statistics
import time
from collections.abc import Sequence
from typing import Any

import psutil
from playwright.sync_api import Page, expect, sync_playwright

from tests.e2e.conftest import CHROMIUM_ARGUMENTS, sign_in

READY = ".cell-view[data-pixels=ready]"
CINE_S = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", type=lambda address: address.rstrip("/"))
    parser.add_argument("user")
    parser.add_argument("--studies", type=int, default=30)
    wanted = parser.parse_args()
    password = os.environ.get("QPERF_PASSWORD") or getpass.getpass()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=CHROMIUM_ARGUMENTS,
        )
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        sign_in(page, wanted.address, wanted.user, password)
        studies = _ready_studies(page)
        if not studies:
            raise SystemExit("There is no study that is ready to read: import one first.")
        page.goto(f"{wanted.address}/studies/{studies[0]}/")  # scripts are cached from here on
        page.locator(READY).first.wait_for(timeout=120_000)
        opened = [_first_images_ms(page, wanted.address, s) for s in (studies * 5)[:5]]
        print(f"first_image_ms {statistics.median(opened):.0f} (median of {len(opened)})")
        print(f"cine_fps {_cine_fps(page):.1f} (all cells, {CINE_S} s)")
        many = (studies * wanted.studies)[: wanted.studies]
        for line in _memory(page, wanted.address, many):
            print(line)
        browser.close()


def _ready_studies(page: Page) -> list[int]:
    answer: Any = page.evaluate(
        "fetch('/api/studies/?page_size=50').then((answer) => answer.json())"
    )
    return [row["id"] for row in answer["results"] if row["state"] in ("ready", "draft", "signed")]


def _first_images_ms(page: Page, address: str, study: int) -> float:
    begun = time.perf_counter()
    page.goto(f"{address}/studies/{study}/", wait_until="commit")
    page.locator(READY).first.wait_for(timeout=120_000)
    return 1000 * (time.perf_counter() - begun)


def _cine_fps(page: Page) -> float:
    """Distinct frames that the scrubber shows per second with the cine at 60 a second."""
    expect(page.locator(".scrub-peak")).not_to_contain_text("Images", timeout=120_000)
    page.get_by_test_id("all-movie").click()
    page.locator(".scrub-fps select").select_option("60")
    frames: float = page.evaluate(
        """async (seconds) => {
            const label = document.querySelector('[data-testid=frame]');
            let changes = 0;
            const watch = new MutationObserver(() => { changes += 1; });
            watch.observe(label, { childList: true, characterData: true, subtree: true });
            document.querySelector('[data-testid=play]').click();
            await new Promise((done) => setTimeout(done, 1000 * seconds));
            document.querySelector('[data-testid=play]').click();
            watch.disconnect();
            return changes / seconds;
        }""",
        CINE_S,
    )
    return frames


def _memory(page: Page, address: str, studies: list[int]) -> list[str]:
    """Memory of the tab as it is, then with every collection forced: first, last and highest."""
    kept = [_resident_mib(page, address, study) for study in studies]
    lines = [_line("tab_memory_mib", kept)]
    devices = page.context.new_cdp_session(page)
    for domain in ("Performance", "HeapProfiler"):
        devices.send(f"{domain}.enable")
    rows = []
    for study in studies:
        resident = _resident_mib(page, address, study)
        devices.send("HeapProfiler.collectGarbage")
        metrics = devices.send("Performance.getMetrics")["metrics"]
        found = {metric["name"]: metric["value"] for metric in metrics}
        heap = found["JSHeapUsedSize"] / 2**20
        rows.append((resident, heap, found["Nodes"], found["JSEventListeners"]))
    names = ("tab_memory_collected_mib", "js_heap_mib", "dom_nodes", "listeners")
    return lines + [
        _line(name, values) for name, values in zip(names, zip(*rows, strict=True), strict=True)
    ]


def _line(name: str, values: Sequence[float]) -> str:
    first, last, most = values[0], values[-1], max(values)
    return f"{name} first {first:.0f}, after {len(values)}: {last:.0f}, most {most:.0f}"


def _resident_mib(page: Page, address: str, study: int) -> float:
    """Resident memory of the tab's process with all images of a study loaded."""
    page.goto(f"{address}/studies/{study}/")
    page.locator(READY).first.wait_for(timeout=120_000)
    expect(page.locator(".scrub-peak")).not_to_contain_text("Images", timeout=120_000)
    return max(
        process.memory_info().rss / 2**20
        for process in psutil.Process().children(recursive=True)
        if "--type=renderer" in process.cmdline()
    )


if __name__ == "__main__":
    main()
