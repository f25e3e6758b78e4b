"""Content-addressed files: every received object once, named by its SHA-256, never changed.

A file is staged in ``tmp``, flushed to disk and renamed into place, so that a crash leaves either
the whole object or nothing. Objects of several sites may share a file; who may see it is decided by
the rows that name it. Where machines share an object store, the folder is what this one has seen of
it (object_store.py).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from . import object_store

STALE_AFTER_S = 24 * 3600
_FLUSHES_AT_ONCE = 16


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """A file in the store, or staged on its way there."""

    sha256: str
    size_bytes: int
    path: Path


def object_path(sha256: str) -> Path:
    """Where the object of that hash lies, brought from the object store when it was not here yet.

    A path without a file when nobody has the object. Raises StoreUnreachable.
    """
    path = local_path(sha256)
    object_store.bring(path, object_name(sha256))
    return path


def object_paths(hashes: Iterable[str]) -> list[Path]:
    """``object_path`` of many, brought together."""
    wanted = [(local_path(sha256), object_name(sha256)) for sha256 in hashes]
    object_store.bring_all(wanted)
    return [path for path, _ in wanted]


def local_path(sha256: str) -> Path:
    """Where this machine keeps the object of that hash."""
    path: Path = settings.STORE_DIR / object_name(sha256)
    return path


def object_name(sha256: str) -> str:
    """The object's name below the store folder and in the object store."""
    return f"objects/{sha256[:2]}/{sha256[2:4]}/{sha256}"


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
        sha256=staged.sha256, size_bytes=staged.size_bytes, path=local_path(staged.sha256)
    )


def keep_all(staged: Sequence[StoredObject]) -> None:
    """``keep`` for many at once: waiting for the disk together takes a fraction of the time."""
    new = {one.sha256: one for one in staged if not local_path(one.sha256).exists()}
    with ThreadPoolExecutor(min(_FLUSHES_AT_ONCE, max(1, len(new)))) as pool:
        list(pool.map(_flush, (one.path for one in new.values())))
        folders: set[Path] = set()
        for one in new.values():
            target = local_path(one.sha256)
            folders.update((target.parent, *_missing_above(target.parent)))
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.replace(one.path, target)
        list(pool.map(_flush, folders))
    object_store.put_files(
        (local_path(sha256), object_name(sha256)) for sha256 in {one.sha256 for one in staged}
    )
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
    """Remove what interrupted deliveries and analyses left half-done; the number of entries."""
    stale = list(stale_staging(STALE_AFTER_S))
    for path in stale:
        remove(path)
    return len(stale)


def stale_staging(age_s: float) -> Iterator[Path]:
    """Files and folders in the staging folder that nobody has touched for so long."""
    oldest = time.time() - age_s
    for path in staging_folder().iterdir():
        with suppress(FileNotFoundError):  # somebody finished it just now
            if path.stat().st_mtime < oldest:
                yield path


def remove(path: Path) -> None:
    """Take away a file, or a folder with what is in it; nothing happens when it is gone."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
