"""A child process that answers JSON lines, so that hostile bytes cannot take the server down."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterable
from typing import Any

from django.conf import settings

_READ_BYTES = 1 << 16


class JsonChild:
    """``python -m module``, started on first use and again after it was stopped.

    It gets nothing of the server's secrets. Not safe to share between threads: who does, locks.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self.process: subprocess.Popen[bytes] | None = None
        self._unread = b""

    def send(self, requests: Iterable[dict[str, Any]]) -> None:
        """Raises OSError where the child has died."""
        child = self.process if self.process and self.process.poll() is None else self._start()
        assert child.stdin is not None
        for request in requests:
            child.stdin.write(json.dumps(request).encode() + b"\n")
        child.stdin.flush()

    def receive(self, seconds: float) -> dict[str, Any]:
        """The next answer. Raises TimeoutError, EOFError where the child died, ValueError."""
        assert self.process is not None and self.process.stdout is not None
        descriptor = self.process.stdout.fileno()
        until = time.monotonic() + seconds
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

    def stop(self) -> None:
        child, self.process, self._unread = self.process, None, b""
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

    def _start(self) -> subprocess.Popen[bytes]:
        self._unread = b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", self._module],
            cwd=settings.BASE_DIR,
            env={"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return self.process
