"""A reader sends a result to the PACS, sees it wait while nobody answers, and sends it again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from analysis.benchmarks.programs import outside
from tests.dicom_network.conftest import free_port, process, wait_for
from tests.dicom_network.test_listener import called
from tests.e2e.axe import violations
from tests.e2e.conftest import PICTURES, Installation

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        outside("storescp") is None, reason="storescp is missing: apt-get install dcmtk"
    ),
]


def test_a_result_is_sent_waits_for_its_pacs_and_is_sent_again(
    page_of: Callable[..., Page], installation: Installation, tmp_path: Path
) -> None:
    port = free_port()
    installation.script("sending_script", f"receive({str(tmp_path / 'exam')!r}, {port})")
    installation.script("sending_script", "analyse()", login="worker")
    page = page_of("reader")
    row = page.get_by_role("row").filter(has_text="SEND-1")
    row.get_by_role("link").first.click()
    page.get_by_role("tab", name="Report").click()
    panel = page.get_by_test_id("sending")
    line = panel.get_by_role("listitem")
    expect(panel).to_be_visible()
    panel.get_by_role("button", name="Send to PACS").click()
    expect(line).to_contain_text("waiting")
    installation.script("sending_script", "send()")
    # The panel looks again by itself while something is on its way.
    expect(line).to_contain_text("does not answer")
    expect(line).to_contain_text("automated")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for width, height in ((1280, 900), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        panel.scroll_into_view_if_needed()
        page.screenshot(path=PICTURES / f"sending-waiting-{width}.png")

    inbox = tmp_path / "pacs"
    inbox.mkdir()
    command = [str(outside("storescp")), "-aet", "PACSAE", "-od", str(inbox), str(port)]
    with process(command, {}, tmp_path / "pacs.log"):
        wait_for(lambda: called("echoscu", port) == 0)
        panel.get_by_role("button", name="Send to PACS").press("Enter")
        installation.script("sending_script", "send()")
    expect(line).to_have_count(1)  # the one that waited went, no second one
    expect(line).to_contain_text("sent")
    expect(line).to_contain_text("21 objects")
    assert len(list(inbox.iterdir())) == 21
    panel.get_by_role("button", name="Send to PACS").click()
    expect(line).to_have_count(2)
    expect(line.first).to_contain_text("waiting")
    assert violations(page) == []
    for width, height in ((1280, 900), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        panel.scroll_into_view_if_needed()
        page.screenshot(path=PICTURES / f"sending-sent-{width}.png")
