"""The anchor file: one line per seal, outside the database, only ever appended to.

Copy it elsewhere (a log server, write-once storage): it is what shows that the end of a chain was
cut off.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Anchor(NamedTuple):
    """The head of a chain after its seal ``number``."""

    site_id: int | None
    number: int
    mac: str


class AnchorFile:
    """Lines ``site number mac``; a site of ``-`` is the installation itself."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, site_id: int | None, number: int, mac: str) -> None:
        """Add a line and flush it to the disk."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(f"{'-' if site_id is None else site_id} {number} {mac}\n")
            file.flush()
            os.fsync(file.fileno())

    def heads(self) -> dict[int | None, int]:
        """Highest number per site; a line that is no anchor is left to ``problems``."""
        found: dict[int | None, int] = {}
        for anchor in self.lines([]):
            found[anchor.site_id] = max(anchor.number, found.get(anchor.site_id, 0))
        return found

    def lines(self, problems: list[str]) -> Iterator[Anchor]:
        """Every anchor; lines that are none are described in ``problems``."""
        if not self.path.exists():
            return
        with self.path.open(encoding="ascii", errors="replace") as file:
            for number, line in enumerate(file, start=1):
                try:
                    site, count, mac = line.split()
                    yield Anchor(None if site == "-" else int(site), int(count), mac)
                except ValueError:
                    problems.append(f"line {number} of {self.path.name} is no anchor")
