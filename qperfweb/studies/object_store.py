"""The object store that several machines share, behind each machine's own folder.

Without QPERF_OBJECT_STORE there is none: the store folder is everything. With it the object store
holds the truth and the folder is what this machine has seen of it. Files are named after their
content and never change, so a copy is as good as the original and nothing is ever invalidated.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages

from qperfweb.core.errors import Unavailable

AT_ONCE = 16
_PIECE = 1 << 20


class StoreUnreachable(Unavailable):
    """The object store does not answer; try again, or ask the administrator to look at it."""


def shared_store() -> Storage | None:
    """The object store of this installation; None when the folder is everything."""
    return storages["objects"] if "objects" in settings.STORAGES else None


def put_files(files: Iterable[tuple[Path, str]]) -> None:
    """Copy files there under their names; durable when this returns.

    Raises StoreUnreachable; what was copied by then stays and does no harm.
    """
    store = shared_store()
    if store is None:
        return

    def put(path: Path, name: str) -> None:
        if not store.exists(name):
            with path.open("rb") as file:
                store.save(name, File(file, name=path.name))

    with _unreachable(), ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda one: put(*one), files))


def bring(path: Path, name: str) -> bool:
    """Copy ``name`` from there to ``path`` unless it is here already; False when nobody has it.

    Raises StoreUnreachable.
    """
    if path.exists():
        return True
    store = shared_store()
    if store is None:
        return False
    draft = settings.STORE_DIR / "tmp" / uuid.uuid4().hex
    draft.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with _unreachable():
            if not store.exists(name):
                return False
            with store.open(name) as source, draft.open("xb") as copy:
                while piece := source.read(_PIECE):
                    copy.write(piece)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return True


def bring_all(files: Iterable[tuple[Path, str]]) -> None:
    """``bring`` for many at once: the time goes by in waiting."""
    missing = [(path, name) for path, name in files if not path.exists()]
    if missing and shared_store() is not None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda one: bring(*one), missing))


def delete(name: str) -> None:
    """Take a file away there, or a folder with what is in it; nothing happens when it is gone."""
    store = shared_store()
    if store is None:
        return
    for below in list(names_under(name)) or [name]:
        with _unreachable():
            store.delete(below)


def names_under(prefix: str) -> Iterator[str]:
    """Every name in the object store that begins with the folder ``prefix``."""
    store = shared_store()
    if store is None:
        return
    with _unreachable():
        folders, files = store.listdir(prefix)
    yield from (f"{prefix}/{name}" for name in files)
    for folder in folders:
        yield from names_under(f"{prefix}/{folder}")


@contextmanager
def _unreachable() -> Iterator[None]:
    """The client's exceptions are its own; their words may hold addresses and keys."""
    try:
        yield
    except Exception as error:
        if type(error).__module__.partition(".")[0] in ("botocore", "boto3", "s3transfer"):
            raise StoreUnreachable from error
        raise
