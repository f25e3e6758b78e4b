"""Hostile bytes can only harm the inspecting child, never the process that asks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.dicom import HeaderFacts, Refusal
from qperfweb.studies.inspector import Inspector
from qperfweb.studies.storage import StoredObject
from tests.dicom import make


@pytest.fixture
def inspector() -> Iterator[Inspector]:
    made = Inspector()
    yield made
    made.close()


def staged(folder: Path, name: str, data: bytes) -> tuple[str, StoredObject]:
    path = folder / name
    path.write_bytes(data)
    return name, StoredObject(sha256="", size_bytes=len(data), path=path)


def test_files_are_answered_in_order(inspector: Inspector, tmp_path: Path) -> None:
    good = make.to_bytes(make.image())
    answers = inspector.ask(
        [
            staged(tmp_path, "a", good),
            staged(tmp_path, "b", b"x" * 200),
            staged(tmp_path, "c", good),
        ]
    )
    assert isinstance(answers[0], HeaderFacts) and isinstance(answers[2], HeaderFacts)
    assert isinstance(answers[1], Refusal)
    assert (answers[1].where, answers[1].code) == ("b", "not-dicom")


def test_a_child_that_dies_costs_one_file(inspector: Inspector, tmp_path: Path) -> None:
    good = staged(tmp_path, "a", make.to_bytes(make.image()))
    assert isinstance(inspector.ask([good])[0], HeaderFacts)
    child = inspector._child.process
    assert child is not None
    os.kill(child.pid, signal.SIGSTOP)  # it will not answer before it is killed
    killer = subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -9 {child.pid}"])
    answers = inspector.ask([good, good])
    killer.wait()
    assert isinstance(answers[0], Refusal)
    assert answers[0].code == "damaged"
    assert isinstance(answers[1], HeaderFacts)


def test_a_child_that_hangs_is_stopped(tmp_path: Path) -> None:
    inspector = Inspector(seconds_per_object=0.5)
    good = staged(tmp_path, "a", make.to_bytes(make.image()))
    try:
        inspector._child.process = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(60)"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        hung = inspector._child.process
        (answer,) = inspector.ask([good])
        assert isinstance(answer, Refusal)
        assert answer.code == "too-slow"
        assert hung.poll() is not None
    finally:
        inspector.close()
