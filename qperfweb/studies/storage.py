"""Content-addressed files: every received object once, named by its SHA-256, never changed.

A file is staged in ``tmp``, flushed to disk and renamed into place, so that a crash leaves either
the whole object or nothing. Objects of several sites may share a file; who may see it is decided by
the rows that name it.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

STALE_AFTER_S = 24 * 3600
_FLUSHES_AT_ONCE = 16


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """A file in the store, or staged on its way there."""

    sha256: str
    size_bytes: int
    path: Path


def object_path(sha256: str) -> Path:
    """Where the object of that hash lies."""
    return settings.STORE_DIR / "objects" / sha256[:2] / sha256[2:4] / sha256


def stage(chunks: Iterable[bytes]) -> StoredObject:
    """Write an object beside the store, not yet durable; ``keep`` or ``discard`` it.

    Raises OSError when the disk is full or not writable; nothing is left behind then.
    """
    temporary = staging_folder() / uuid.uuid4().hex
    digest, size = hashlib.sha256(), 0
    try:
        with temporary.open("xb") as file:
            for chunk in chunks:
                digest.update(chunk)
                size += file.write(chunk)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return StoredObject(sha256=digest.hexdigest(), size_bytes=size, path=temporary)


def keep(staged: StoredObject) -> StoredObject:
    """Make a staged object durable under its hash; the same content again changes nothing."""
    keep_all([staged])
    return StoredObject(
        sha256=staged.sha256, size_bytes=staged.size_bytes, path=object_path(staged.sha256)
    )


def keep_all(staged: Sequence[StoredObject]) -> None:
    """``keep`` for many at once: waiting for the disk together takes a fraction of the time."""
    new = {one.sha256: one for one in staged if not object_path(one.sha256).exists()}
    with ThreadPoolExecutor(min(_FLUSHES_AT_ONCE, max(1, len(new)))) as pool:
        list(pool.map(_flush, (one.path for one in new.values())))
        folders: set[Path] = set()
        for one in new.values():
            target = object_path(one.sha256)
            folders.update((target.parent, *_missing_above(target.parent)))
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.replace(one.path, target)
        list(pool.map(_flush, folders))
    for one in staged:
        discard(one)


def _missing_above(folder: Path) -> list[Path]:
    """Folders in which a new entry appears when ``folder`` is made."""
    return [above.parent for above in (folder, folder.parent) if not above.exists()]


def discard(staged: StoredObject) -> None:
    staged.path.unlink(missing_ok=True)


def store_bytes(chunks: Iterable[bytes]) -> StoredObject:
    """Stage and keep an object in one step."""
    staged = stage(chunks)
    try:
        return keep(staged)
    finally:
        discard(staged)


def staging_folder() -> Path:
    folder: Path = settings.STORE_DIR / "tmp"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def clear_stale_staging() -> int:
    """Remove what interrupted deliveries left in the staging folder; the number of files."""
    oldest, removed = time.time() - STALE_AFTER_S, 0
    for path in staging_folder().iterdir():
        if path.is_file() and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
