"""Which processes of an installation there are to kill."""

from __future__ import annotations

import random
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil

from qperfweb.setup import cluster as clusters


class Victims:
    """The processes of the installation in ``state``. group: its first one, once it is started."""

    def __init__(self, state: Path, chance: random.Random) -> None:
        self._state, self._random = state, chance
        self.group: subprocess.Popen[bytes] | None = None

    def of(self, target: str) -> list[psutil.Process]:
        """What to kill of a worker, an analysis, web, postgres, or everything."""
        return {
            "worker": lambda: self.named("run_worker")[:1],
            "analysis": self.analyses,
            "web": lambda: self.named("uvicorn"),
            "postgres": self.postmaster,
            "everything": self.everything,
        }[target]()

    def _family(self) -> list[psutil.Process]:
        if self.group is None:
            return []
        try:
            return psutil.Process(self.group.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def named(self, word: str) -> list[psutil.Process]:
        found = []
        for process in self._family():
            with suppress(psutil.NoSuchProcess):
                if any(word in part for part in process.cmdline()):
                    found.append(process)
        self._random.shuffle(found)
        return found

    def analyses(self) -> list[psutil.Process]:
        """Children that the fork server made for a run: the deepest of the family."""
        found = []
        for worker in self.named("run_worker"):
            with suppress(psutil.NoSuchProcess):
                found += [
                    deep for child in worker.children() for deep in child.children(recursive=True)
                ]
        return found

    def postmaster(self) -> list[psutil.Process]:
        cluster = clusters.load(self._state)
        if cluster is None:
            return []
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                line = process.cmdline()
                if (
                    any(part.endswith("/postgres") for part in line[:1])
                    and str(cluster.folder) in line
                ):
                    found.append(process)
        return found

    def everything(self) -> list[psutil.Process]:
        postgres = [p for master in self.postmaster() for p in [master, *master.children()]]
        group = [psutil.Process(self.group.pid)] if self.group and self.group.poll() is None else []
        return [*group, *self._family(), *postgres]
