"""Start the processes of a command, keep them running, take them all down."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from qperfweb.setup.console import SetupError, say
from qperfweb.setup.databases import Database
from qperfweb.setup.environment import ROOT

GRACE_S = 15.0
RESTART_PAUSE_S = 1.0
TOO_SOON_S = 10.0
GIVE_UP_AFTER = 5

_PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """A process that is started again when it ends."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path | None = None
    quick_ends: int = 0
    started_at: float = 0.0
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        self.started_at = time.monotonic()
        output = open(self.log, "ab") if self.log else None  # noqa: SIM115 - handed to the child
        try:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        finally:
            if output:
                output.close()


class Supervisor:
    """The children of one ``./run``; each leads a process group of its own.

    Leaving it as a context stops them all.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def start(self, child: Child) -> None:
        self._children.append(child)
        child.start()

    def watch(self) -> None:
        """Restart what ends, the embedded PostgreSQL too, until interrupted.

        A worker ends by design when PostgreSQL goes away, so ending is not failing; only ending
        again and again right after the start is.
        """
        while True:
            time.sleep(RESTART_PAUSE_S)
            server = self._database.embedded
            if server is not None and not server.is_listening() and server.restart_if_gone():
                say("  -- PostgreSQL had gone and was started again")
            for child in self._children:
                self._restart_if_ended(child)

    def stop(self) -> None:
        """Ask every group to end, then insist."""
        for child in reversed(self._children):
            _signal_group(child, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        for child in self._children:
            if child.process is None:
                continue
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
            _signal_group(child, signal.SIGKILL)
            child.process.wait()

    def _restart_if_ended(self, child: Child) -> None:
        if child.process is None or child.process.poll() is None:
            return
        code = child.process.returncode
        # One that was killed from outside says nothing about how it starts.
        by_itself = code != -signal.SIGKILL
        soon = by_itself and time.monotonic() - child.started_at < TOO_SOON_S
        child.quick_ends = child.quick_ends + 1 if soon else 0
        where = f" (see {child.log})" if child.log else ""
        if child.quick_ends >= GIVE_UP_AFTER:
            raise SetupError(f"the {child.name} ends right after its start, code {code}{where}")
        say(f"  -- the {child.name} ended (code {code}) and is started again{where}")
        _signal_group(child, signal.SIGKILL)
        child.start()


def wait_until(ready: Callable[[], bool], child: Child, limit_s: float, what: str) -> None:
    """Wait for ``ready``; give up when the child ends or the time is over."""
    deadline = time.monotonic() + limit_s
    while not ready():
        where = f" (see {child.log})" if child.log else ""
        if child.process is not None and child.process.poll() is not None:
            raise SetupError(f"the {what} ended with code {child.process.returncode}{where}")
        if time.monotonic() > deadline:
            raise SetupError(f"the {what} did not answer within {limit_s:.0f} s{where}")
        time.sleep(0.1)


def _signal_group(child: Child, number: int) -> None:
    if child.process is not None:
        with suppress(ProcessLookupError):
            os.killpg(child.process.pid, number)


def _end_with_parent() -> None:
    """Linux: get SIGTERM when ``./run`` dies, so that kill -9 of it leaves no server behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
