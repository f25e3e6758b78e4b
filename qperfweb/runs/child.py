"""One disposable process per run, watched from outside.

The science runs in a child forked from a warm server process (torch and weights already loaded, no
database connection ever opened there). The parent watches time and memory and kills what exceeds
them: an address-space limit would break torch, so resident memory is sampled instead.
"""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from .job import AnalysisJob, AnalysisOutcome

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1
POLL_S = 0.25
NICENESS = 5


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one run may use before it is stopped."""

    time_s: float
    memory_bytes: int


Work = Callable[[AnalysisJob, Callable[[str, float], None]], AnalysisOutcome]
"""Does a job, telling its stage and share of progress."""


class ChildFailed(Exception):
    """A run ended without a result. ``code`` is for machines, the message for the reader."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ChildKilled(ChildFailed):
    """Somebody else ended the process: a person, or the kernel for want of memory. The exam need
    not be the cause, so another attempt is worth while."""


class ChildCancelled(Exception):
    """A run was stopped because somebody asked for it."""


_context = multiprocessing.get_context("forkserver")


def warm_up() -> None:
    """Start the server process that children are forked from, with everything heavy loaded."""
    _context.set_forkserver_preload(["qperfweb.runs.warm"])
    process = _context.Process(target=_nothing, daemon=True)
    process.start()
    process.join()


def run_in_child(
    job: AnalysisJob,
    *,
    limits: Limits,
    on_progress: Callable[[str, float], None],
    should_stop: Callable[[], bool],
    work: Work | None = None,
) -> AnalysisOutcome:
    """Run one job and return its outcome.

    work: what to do with the job; the analysis where nothing else is said.

    Raises
    ------
    ChildFailed
        With the reason in words: bad input, a stage that failed, too slow, too much memory, died.
    ChildKilled
        When somebody else killed the process.
    ChildCancelled
        When ``should_stop`` said so.
    """
    receiver, sender = _context.Pipe(duplex=False)
    process = _context.Process(target=_child_main, args=(job, sender, work), daemon=True)
    started = time.monotonic()
    process.start()
    sender.close()
    stage = "load"
    try:
        while True:
            if receiver.poll(POLL_S):
                try:
                    kind, payload = receiver.recv()
                except EOFError:
                    process.join(5)
                    raise _died(stage, process.exitcode) from None
                if kind == "progress":
                    stage = payload[0]
                    on_progress(*payload)
                elif kind == "done":
                    outcome: AnalysisOutcome = payload
                    return outcome
                else:
                    raise ChildFailed(*payload)
            if time.monotonic() - started > limits.time_s:
                raise ChildFailed(
                    "too-slow",
                    f"The analysis was stopped after {limits.time_s / 60:.0f} minutes in stage "
                    f"“{stage}”. Repeat it, or ask an administrator to raise the time limit.",
                )
            if _resident_bytes(process.pid) > limits.memory_bytes:
                raise ChildFailed(
                    "too-much-memory",
                    f"The analysis was stopped in stage “{stage}” because it needed more than "
                    f"{limits.memory_bytes / 2**30:.1f} GiB of memory.",
                )
            if should_stop():
                raise ChildCancelled
    finally:
        receiver.close()
        if process.is_alive():
            process.kill()
        process.join(10)


def _child_main(job: AnalysisJob, sender: Connection, work: Work | None) -> None:
    """Runs in the child: everything that can go wrong becomes one message to the parent."""
    _die_with_parent()
    _die_with_worker()
    _die_first()
    _give_way()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from analysis.errors import AnalysisError

    stage = "load"

    def progress(name: str, share: float) -> None:
        nonlocal stage
        stage = name
        sender.send(("progress", (name, share)))

    try:
        if work is None:
            from .bridge import analyse_to_bundle as work

        sender.send(("done", work(job, progress)))
    except AnalysisError as error:
        sender.send(("failed", (type(error).__name__, str(error))))
    except OSError as error:
        _log_crash()
        words = f"The result could not be stored: {error.strerror}. Check the disk, then repeat."
        sender.send(("failed", ("storage", words)))
    except Exception:
        _log_crash()
        words = f"An internal error stopped the analysis in stage “{stage}”. The log has details."
        sender.send(("failed", ("internal", words)))


def _log_crash() -> None:
    # The forked process has no Django logging; the traceback alone holds no patient data.
    log.error("analysis crashed\n%s", traceback.format_exc())


def _died(stage: str, exitcode: int | None) -> ChildFailed:
    if exitcode in (-signal.SIGKILL, -signal.SIGTERM):
        return ChildKilled(
            "killed",
            f"The analysis process was killed from outside in stage “{stage}”, by a person or for "
            "want of memory.",
        )
    how = signal.Signals(-exitcode).name if exitcode and exitcode < 0 else f"exit code {exitcode}"
    return ChildFailed(
        "died", f"The analysis process ended unexpectedly in stage “{stage}” ({how})."
    )


def _resident_bytes(pid: int | None) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _die_with_parent() -> None:
    """A fork server that is killed must not leave its child computing for nobody (Linux only)."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except (OSError, AttributeError):
        log.debug("prctl is not available; an orphaned analysis would run to its end")


def _die_with_worker() -> None:
    """The same for the worker itself: the fork server, which is the parent, outlives it as long as
    this process holds the pipe by which it would notice."""
    worker = multiprocessing.parent_process()

    def watch() -> None:
        if worker is not None:
            worker.join()
            os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="watch the worker", daemon=True).start()


def _die_first() -> None:
    """When memory runs out between two looks of the parent, the kernel takes this process and not
    the database (Linux only)."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _give_way() -> None:
    """Readers first: an analysis takes what processor time pages leave over."""
    with suppress(OSError):
        mine = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, 0, max(mine, NICENESS))


def _nothing() -> None:
    """Forking once makes sure that the server process is up."""
