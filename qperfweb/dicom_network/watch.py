"""Watched folders: what is copied into one is taken in, then moved aside.

``taken`` gets what was stored (or known already), ``errors`` what was refused, each file with its
reason beside it. At a site that keeps no identity nothing goes to ``taken``: what was stored is
deleted, since it names the patient. A file that still grows, is hidden or is named as unfinished
is left alone.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections

from analysis.dicom.reading import walk
from qperfweb.accounts.models import Site
from qperfweb.core import audit
from qperfweb.core.rls import site_scope
from qperfweb.studies import arrivals
from qperfweb.studies.intake import batch_begin, batch_finish, receive_all
from qperfweb.studies.models import IntakeSource
from qperfweb.studies.outcomes import Outcome

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
QUIET_S = 3.0
"""A file is whole when neither size nor time of change have moved for this long."""
AT_ONCE = 400
TAKEN, ERRORS = "taken", "errors"
_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart", "~")


@dataclass(frozen=True, kw_only=True)
class WatchedFolder:
    site: str
    path: Path


def parse_folders(entries: Iterable[str]) -> list[WatchedFolder]:
    """Folders from ``site=/absolute/path``. Raises ImproperlyConfigured."""
    found: list[WatchedFolder] = []
    for entry in entries:
        match = re.fullmatch(r"([-\w]+)=(/.+)", entry.strip())
        if match is None:
            raise ImproperlyConfigured(
                f"QPERF_WATCH_FOLDERS: {entry!r} is not site=/path of a folder"
            )
        path = Path(match.group(2)).resolve()
        if any(path == f.path or f.path in path.parents or path in f.path.parents for f in found):
            raise ImproperlyConfigured("QPERF_WATCH_FOLDERS: folders must not lie in each other")
        found.append(WatchedFolder(site=match.group(1), path=path))
    return found


class Watcher:
    """Empties the folders, one round after the other."""

    def __init__(self, folders: Iterable[WatchedFolder], *, quiet_s: float = QUIET_S) -> None:
        self._folders = list(folders)
        self._quiet_s = quiet_s
        self._seen: dict[Path, tuple[tuple[int, int], float]] = {}

    def run(self, stopped: threading.Event) -> None:
        """Until ``stopped``; what goes wrong is logged and tried again."""
        while not stopped.wait(LOOK_EVERY_S):
            for folder in self._folders:
                try:
                    self.work(folder)
                except Exception:
                    logger.exception("a watched folder of %s could not be emptied", folder.site)
                finally:
                    close_old_connections()

    def work(self, folder: WatchedFolder) -> int:
        """Take in what is whole; how many files were moved."""
        ready = self._whole(folder.path)[:AT_ONCE]
        if not ready:
            return 0
        site = Site.objects.get(slug=folder.site)
        outcomes: dict[Path, list[Outcome]] = {}
        with site_scope([site.pk]):
            nameless = arrivals.removes_identity(site.pk)
            batch = batch_begin(site, IntakeSource.FOLDER)
            for path in ready:
                outcomes[path] = receive_all(batch, walk([path]))
            every = [one for found in outcomes.values() for one in found]
            studies = {o.study_id for o in every if o.status == "accepted" and o.study_id}
            # Whoever copies files says nothing at the end: the study waits until it is quiet.
            batch_finish(batch, studies, complete=False)
            details = {"files": len(ready), "accepted": sum(o.status == "accepted" for o in every)}
            audit.record(None, "intake.received", batch, details=details)
        for path, found in outcomes.items():
            self._put_aside(folder.path, path, found, nameless=nameless)
        return len(ready)

    def _whole(self, root: Path) -> list[Path]:
        now, seen, ready = time.monotonic(), {}, []
        for path in _files(root):
            try:
                status = path.stat()
            except OSError:
                continue
            state = (status.st_size, status.st_mtime_ns)
            known, since = self._seen.get(path, (None, now))
            since = since if known == state else now
            seen[path] = (state, since)
            if now - since >= self._quiet_s:
                ready.append(path)
        self._seen = seen
        return ready

    def _put_aside(self, root: Path, path: Path, found: list[Outcome], *, nameless: bool) -> None:
        refused = [one for one in found if one.status not in ("accepted", "duplicate")]
        if nameless and found and not refused:
            path.unlink()
            return
        target = root / (ERRORS if refused or not found else TAKEN) / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        number = 1
        while target.exists():
            number += 1
            target = target.with_name(f"{number}-{path.name}")
        shutil.move(path, target)
        if target.parts[len(root.parts)] == ERRORS:
            lines = [f"{one.name}: {one.message}" for one in refused] or ["There is nothing in it."]
            reason = target.with_name(f"{target.name}.reason.txt")
            reason.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _files(root: Path) -> Iterator[Path]:
    """Regular files that are not ours and not somebody's unfinished ones, in order of name."""
    for here, below, names in os.walk(root):
        below[:] = sorted(
            name for name in below
            if not name.startswith(".") and not (Path(here) == root and name in (TAKEN, ERRORS))
        )  # fmt: skip
        for name in sorted(names):
            path = Path(here, name)
            unfinished = name.startswith(".") or name.lower().endswith(_UNFINISHED)
            if not unfinished and path.is_file() and not path.is_symlink():
                yield path
