"""What ``./run`` says: one line per step, one line per error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class SetupError(Exception):
    """Something that the person at the keyboard can act on; its text is shown as one line."""


def say(line: str) -> None:
    print(line, flush=True)


def complain(line: str) -> None:
    print(f"run: {line}", file=sys.stderr, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step when it begins and how long it took when it is done.

    On stderr, so that what a command prints for other programs stays alone on stdout.
    """
    print(f"  .. {title}", file=sys.stderr, flush=True)
    begun = time.monotonic()
    yield
    print(f"  ok {title} ({time.monotonic() - begun:.1f} s)", file=sys.stderr, flush=True)
