"""Objects that a sender was told are stored, on disk until they are indexed.

C-STORE answers one object at a time, while indexing is cheap only in chunks. So an object is made
durable here first, then answered, then indexed with its neighbours; a process that dies in between
finds it again at its next start.
"""

from __future__ import annotations

import logging
import os
import queue
import shutil
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import close_old_connections

from analysis.dicom.reading import Candidate
from qperfweb.accounts.models import Site
from qperfweb.core import audit
from qperfweb.core.rls import site_scope
from qperfweb.studies.intake import CHUNK, batch_begin, batch_finish, receive_all
from qperfweb.studies.models import IntakeBatch, IntakeSource

logger = logging.getLogger(__name__)

WAIT_S = 0.5
"""A chunk is indexed when it is full, or when nothing more came for this long."""


@dataclass(frozen=True)
class SpooledFile:
    """A file that goes once intake has copied it."""

    path: Path

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        with self.path.open("rb") as file:
            yield file


def spool_folder() -> Path:
    folder: Path = settings.STORE_DIR / "incoming"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def receiving_folder() -> Path:
    """Where an object lies while it comes in: on the disk of the store, so that it only moves.

    No site's name begins with a dot.
    """
    folder = spool_folder() / ".receiving"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


class Delivery:
    """One association: files come in on its thread, and are indexed on another."""

    def __init__(self, site: Site, words: str) -> None:
        self.site = site
        self.words = words
        self.folder = spool_folder() / site.slug / uuid.uuid4().hex
        self.folder.mkdir(parents=True, mode=0o700)
        self._files: queue.Queue[Path | None] = queue.Queue()
        self._complete = False
        self._thread = threading.Thread(target=self._index, name=f"index {words}", daemon=True)
        self._thread.start()
        self._count = 0

    def take(self, received: Path) -> None:
        """Keep a file; it is durable when this returns. Raises OSError when the disk is full."""
        self._count += 1
        target = self.folder / f"{self._count:06d}.dcm"
        shutil.move(received, target)
        descriptor = os.open(target, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._files.put(target)

    def end(self, *, complete: bool) -> None:
        """Nothing more comes; ``complete``: the sender ended properly, so what it sent is whole."""
        self._complete = complete
        self._files.put(None)

    @property
    def alive(self) -> bool:
        """Is something still to be indexed?"""
        return self._thread.is_alive()

    def wait(self, seconds: float | None = None) -> None:
        self._thread.join(seconds)

    def _index(self) -> None:
        try:
            batch = None
            counts: Counter[str] = Counter()
            studies: set[int] = set()
            for paths in self._chunks():
                if batch is None:
                    with site_scope([self.site.pk]):
                        batch = batch_begin(self.site, IntakeSource.DICOM)
                self._receive(batch, paths, counts, studies)
            if batch is not None:
                with site_scope([self.site.pk]):
                    batch_finish(batch, studies, complete=self._complete)
                    details = {"from": self.words, "released": self._complete, **counts}
                    audit.record(None, "intake.received", batch, details=details)
                logger.info("%s: %s", self.words, dict(counts))
            shutil.rmtree(self.folder, ignore_errors=True)
        except Exception:
            # The files stay; the next start of the listener takes them in.
            logger.exception("%s: what was received could not be indexed", self.words)
        finally:
            close_old_connections()

    def _receive(
        self, batch: IntakeBatch, paths: list[Path], counts: Counter[str], studies: set[int]
    ) -> None:
        found = [Candidate(path.name, SpooledFile(path)) for path in paths]
        with site_scope([self.site.pk]):
            outcomes = receive_all(batch, found)
        for path in paths:
            path.unlink(missing_ok=True)
        for outcome in outcomes:
            counts[outcome.status] += 1
            if outcome.status == "accepted" and outcome.study_id:
                studies.add(outcome.study_id)

    def _chunks(self) -> Iterator[list[Path]]:
        """Files in chunks, as they come, until the end."""
        chunk: list[Path] = []
        while True:
            try:
                path = self._files.get(timeout=WAIT_S if chunk else None)
            except queue.Empty:
                yield chunk
                chunk = []
                continue
            if path is None:
                if chunk:
                    yield chunk
                return
            chunk.append(path)
            if len(chunk) >= CHUNK:
                yield chunk
                chunk = []


def recover() -> int:
    """Index what a listener that died left behind; the number of files. Call before listening."""
    left = 0
    for half in receiving_folder().iterdir():
        half.unlink()  # nobody was told that it is kept
    for site in Site.objects.all():
        for folder in sorted((spool_folder() / site.slug).glob("*")):
            files = sorted(folder.glob("*.dcm"))
            if files:
                delivery = Delivery(site, "left from before")
                for path in files:
                    delivery.take(path)
                delivery.end(complete=False)
                delivery.wait()
                left += len(files)
            shutil.rmtree(folder, ignore_errors=True)
    return left
