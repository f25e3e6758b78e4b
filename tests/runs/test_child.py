"""An exam that takes its process down ends with its reason, and the next one runs."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest

from qperfweb.runs.child import NICENESS, ChildCancelled, ChildFailed, Limits, run_in_child
from qperfweb.runs.job import AnalysisJob
from tests.database import ROOT
from tests.runs import poison

LIMITS = Limits(time_s=60.0, memory_bytes=2 * 2**30)


def do(work, tmp_path, *, limits=LIMITS, should_stop=lambda: False):
    job = AnalysisJob(store=tmp_path, study_instance_uid="1.2.3", objects=())
    return run_in_child(
        job, limits=limits, on_progress=lambda *_: None, should_stop=should_stop, work=work
    )


def test_a_run_is_the_first_to_go_when_memory_is_short_and_gives_way_to_pages(tmp_path):
    niceness = max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0))
    assert do(poison.harmless, tmp_path).document == {"oom_score": "1000", "niceness": niceness}


@pytest.mark.parametrize(
    ("work", "limits", "code", "words"),
    [
        (poison.crashing, LIMITS, "died", "ended unexpectedly in stage “flow” (SIGSEGV)"),
        (
            poison.endless,
            Limits(time_s=3.0, memory_bytes=LIMITS.memory_bytes),
            "too-slow",
            "in stage “motion”",
        ),
        (
            poison.hungry,
            Limits(time_s=60.0, memory_bytes=300 * 2**20),
            "too-much-memory",
            "in stage “segmentation” because it needed more than 0.3 GiB",
        ),
        (poison.killed_from_outside, LIMITS, "killed", "killed from outside in stage “flow”"),
        (poison.broken, LIMITS, "internal", "in stage “aif”. The log has details"),
        (poison.full_disk, LIMITS, "storage", "No space left on device"),
    ],
)
def test_a_poisonous_exam_fails_with_its_reason_and_the_next_one_runs(
    work, limits, code, words, tmp_path
):
    with pytest.raises(ChildFailed) as failed:
        do(work, tmp_path, limits=limits)
    assert failed.value.code == code
    assert words in str(failed.value)
    assert "Doe" not in str(failed.value)
    assert do(poison.harmless, tmp_path).bundle_sha256 == "0" * 64


def test_a_run_that_is_cancelled_leaves_no_process(tmp_path):
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    asked = iter([False, False])
    with pytest.raises(ChildCancelled):
        do(poison.endless, tmp_path, should_stop=lambda: next(asked, True))
    left = [c for c in psutil.Process().children(recursive=True) if c.pid not in before]
    assert not any("endless" in " ".join(c.cmdline()) for c in left)


def test_a_worker_that_is_killed_takes_its_analysis_with_it(tmp_path):
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.runs import poison, test_child\n"
        "test_child.do(poison.endless, Path(sys.argv[1]))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT) as worker:
        family = psutil.Process(worker.pid)
        until = time.monotonic() + 60
        while not (tmp_path / "begun").exists() and time.monotonic() < until:
            time.sleep(0.1)
        children = family.children(recursive=True)
        assert len(children) >= 3  # fork server, tracker of shared resources, the run itself
        worker.kill()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
