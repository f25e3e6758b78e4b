"""Exams that take their process down, one way each; imported by the child that they run in."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qperfweb.runs.job import AnalysisJob, AnalysisOutcome

Progress = Callable[[str, float], None]


def harmless(job: AnalysisJob, progress: Progress) -> AnalysisOutcome:
    progress("flow", 0.5)
    oom = Path("/proc/self/oom_score_adj")
    document: dict[str, Any] = {
        "oom_score": oom.read_text().strip() if oom.exists() else "1000",
        "niceness": os.getpriority(os.PRIO_PROCESS, 0),
    }
    return AnalysisOutcome(document=document, bundle_sha256="0" * 64)


def endless(job: AnalysisJob, progress: Progress) -> AnalysisOutcome:
    progress("motion", 0.1)
    (job.store / "begun").touch()
    while True:
        pass


def hungry(job: AnalysisJob, progress: Progress) -> AnalysisOutcome:
    progress("segmentation", 0.1)
    eaten = []
    while True:
        eaten.append(bytearray(os.urandom(1 << 20)))


def crashing(job: AnalysisJob, progress: Progress) -> AnalysisOutcome:
    progress("flow", 0.1)
    ctypes.string_at(0)
    raise AssertionError("a segmentation fault does not return")


def broken(job: AnalysisJob, progress: Progress) -> AnalysisOutcome:
    progress("aif", 0.1)
    raise RuntimeError("Doe^Jane")


def full_disk(job: AnalysisJob, progress: Progress) -> AnalysisOutcome:
    raise OSError(28, "No space left on device")


def killed_from_outside(job: AnalysisJob, progress: Progress) -> AnalysisOutcome:
    progress("flow", 0.1)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives SIGKILL")
