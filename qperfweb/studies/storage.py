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
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

STALE_AFTER_S = 24 * 3600


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
    target = object_path(staged.sha256)
    if target.exists():
        discard(staged)
    else:
        _flush(staged.path)
        made = [p for p in (target.parent, target.parent.parent) if not p.exists()]
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.replace(staged.path, target)
        for folder in (target.parent, *(p.parent for p in made)):
            _flush(folder)
    return StoredObject(sha256=staged.sha256, size_bytes=staged.size_bytes, path=target)


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
