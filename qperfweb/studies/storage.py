"""Content-addressed files: every received object once, named by its SHA-256, never changed.

A file is written to ``tmp``, flushed to disk and renamed into place, so that a crash leaves either
the whole object or nothing. Objects of several sites may share a file; who may see it is decided by
the rows that name it.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """A file in the store."""

    sha256: str
    size_bytes: int
    path: Path


def object_path(sha256: str) -> Path:
    """Where the object of that hash lies."""
    return settings.STORE_DIR / "objects" / sha256[:2] / sha256[2:4] / sha256


def store_bytes(chunks: Iterable[bytes]) -> StoredObject:
    """Store an object from its chunks; storing the same content again changes nothing.

    Raises OSError when the disk is full or not writable; nothing is left behind then.
    """
    temporary = settings.STORE_DIR / "tmp" / uuid.uuid4().hex
    temporary.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    try:
        with temporary.open("xb") as file:
            for chunk in chunks:
                digest.update(chunk)
                size += file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        target = object_path(digest.hexdigest())
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.replace(temporary, target)
        return StoredObject(sha256=digest.hexdigest(), size_bytes=size, path=target)
    finally:
        temporary.unlink(missing_ok=True)
