"""A technologist drops an exam into the browser and reads what was not used and why."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.dicom import make

pytestmark = pytest.mark.e2e


@pytest.fixture
def exam(tmp_path: Path) -> Path:
    folder = make.write(tmp_path / "exam", make.first_pass("perf rest", frames=16))
    (folder / "notes.txt").write_text("Dear colleague")
    (folder / "zero.dcm").touch()
    return folder


def test_files_are_sent_and_the_unused_ones_are_listed(
    page_of: Callable[..., Page], exam: Path
) -> None:
    page = page_of("technologist")
    page.get_by_role("link", name="Upload", exact=True).click()
    expect(page.get_by_role("heading", name="Upload images")).to_be_visible()
    page.locator("input[name=files]").set_input_files(sorted(exam.iterdir()))
    result = page.get_by_test_id("upload-result")
    expect(result).to_contain_text("16 objects received", timeout=30_000)
    expect(result).to_contain_text("2 files not used")
    problems = page.get_by_test_id("upload-problems")
    expect(problems).to_contain_text("notes.txt")
    expect(problems).to_contain_text("This is not a DICOM file")
    page.get_by_role("link", name="Go to the worklist").click()
    expect(page.get_by_text("Test, Person").first).to_be_visible()


def test_a_folder_and_a_zip_sent_again_change_nothing(
    page_of: Callable[..., Page], exam: Path, tmp_path: Path
) -> None:
    page = page_of("technologist")
    page.get_by_role("link", name="Upload", exact=True).click()
    page.locator("input[name=folder]").set_input_files(exam)
    expect(page.get_by_test_id("upload-result")).to_contain_text("16 objects", timeout=30_000)
    archive = tmp_path / "exam.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in exam.iterdir():
            packed.write(path, path.name)
    page.locator("input[name=files]").set_input_files(archive)
    result = page.get_by_test_id("upload-result")
    expect(result).to_contain_text("16 objects were here already", timeout=30_000)
    expect(page.get_by_test_id("upload-problems")).to_contain_text("exam.zip/notes.txt")


def test_files_chosen_before_the_page_has_loaded_its_script_are_taken(
    page_of: Callable[..., Page], exam: Path
) -> None:
    page = page_of("technologist")
    script = re.compile(r"/upload[^/]*\.js$")
    held: list[Route] = []
    page.route(script, lambda route: held.append(route))
    with page.expect_request(script):
        page.get_by_role("link", name="Upload", exact=True).click(no_wait_after=True)
    page.locator("input[name=files]").set_input_files(sorted(exam.iterdir()))
    expect(page.get_by_test_id("upload-result")).to_have_count(0)
    held[0].continue_()
    expect(page.get_by_test_id("upload-result")).to_contain_text("16 objects", timeout=30_000)


def test_dropped_files_are_taken(page_of: Callable[..., Page], exam: Path) -> None:
    page = page_of("technologist")
    page.get_by_role("link", name="Upload", exact=True).click()
    page.wait_for_url("**/upload/")
    page.wait_for_load_state()  # a drop before the page's script listens is lost
    files = {path.name: list(path.read_bytes()) for path in sorted(exam.iterdir())}
    transfer = page.evaluate_handle(
        """files => {
            const transfer = new DataTransfer();
            for (const [name, bytes] of Object.entries(files))
                transfer.items.add(new File([new Uint8Array(bytes)], name));
            return transfer;
        }""",
        files,
    )
    page.get_by_test_id("drop-zone").dispatch_event("drop", {"dataTransfer": transfer})
    expect(page.get_by_test_id("upload-result")).to_contain_text("16 objects", timeout=30_000)
    expect(page.get_by_test_id("upload-problems")).to_contain_text("zero.dcm")
