"""Ask a child process what files are, so that hostile bytes cannot take the server down.

One child per process that asks, started on first use, restarted when it dies or is too slow.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from analysis.dicom import HeaderFacts, Refusal
from analysis.dicom.refusals import refusal

from .storage import StoredObject

SECONDS_PER_OBJECT = 20.0
_READ_BYTES = 1 << 16


class Inspector:
    """A child running ``analysis.dicom.inspector``; safe to share between threads."""

    def __init__(self, *, seconds_per_object: float = SECONDS_PER_OBJECT) -> None:
        self._seconds = seconds_per_object
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._unread = b""

    def ask(self, staged: Sequence[tuple[str, StoredObject]]) -> list[HeaderFacts | Refusal]:
        """Facts or refusal of each file, in order. Each is (name as the sender knows it, file)."""
        answers: list[HeaderFacts | Refusal] = []
        with self._lock:
            while len(answers) < len(staged):
                waiting = staged[len(answers) :]
                try:
                    self._send(waiting)
                    for name, _ in waiting:
                        answers.append(_understood(name, self._receive()))
                except TimeoutError:
                    self._stop()
                    answers.append(refusal(staged[len(answers)][0], "too-slow"))
                except (OSError, EOFError, ValueError):
                    # The child died of the file that it did not answer for.
                    self._stop()
                    answers.append(refusal(staged[len(answers)][0], "damaged"))
        return answers

    def close(self) -> None:
        with self._lock:
            self._stop()

    def _send(self, staged: Sequence[tuple[str, StoredObject]]) -> None:
        child = self._child if self._child and self._child.poll() is None else self._start()
        assert child.stdin is not None
        for _, file in staged:
            request = {"path": str(file.path), "size": file.size_bytes}
            child.stdin.write(json.dumps(request).encode() + b"\n")
        child.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._child is not None and self._child.stdout is not None
        descriptor = self._child.stdout.fileno()
        until = time.monotonic() + self._seconds
        while b"\n" not in self._unread:
            ready, _, _ = select.select([descriptor], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise TimeoutError
            read = os.read(descriptor, _READ_BYTES)
            if not read:
                raise EOFError
            self._unread += read
        line, _, self._unread = self._unread.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        self._unread = b""
        self._child = subprocess.Popen(
            [sys.executable, "-m", "analysis.dicom.inspector"],
            cwd=settings.BASE_DIR,
            # Nothing of the server's secrets goes to the process that reads strangers' bytes.
            env={"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return self._child

    def _stop(self) -> None:
        child, self._child, self._unread = self._child, None, b""
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe:
                try:
                    pipe.close()
                except OSError:  # closing flushes what the dead child will never read
                    continue
        child.wait()


def _understood(name: str, answer: dict[str, Any]) -> HeaderFacts | Refusal:
    if "facts" in answer:
        return HeaderFacts.from_json(answer["facts"])
    return refusal(name, answer["refused"], answer["detail"])


_shared = Inspector()
atexit.register(_shared.close)


def inspect_staged(staged: Sequence[tuple[str, StoredObject]]) -> list[HeaderFacts | Refusal]:
    """Ask the inspector of this process."""
    return _shared.ask(staged)
