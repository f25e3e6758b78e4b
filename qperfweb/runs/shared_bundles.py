"""Bundles and the object store: a bundle made on one machine is opened on every other."""

from __future__ import annotations

import json

from django.conf import settings

from qperfweb.studies import object_store

from .bundles import MANIFEST, bundle_folder, bundle_name


def share_bundle(digest: str) -> None:
    """Copy a bundle to the object store, its manifest last: what has one is complete.

    Raises StoreUnreachable.
    """
    folder, name = bundle_folder(settings.STORE_DIR, digest), bundle_name(digest)
    arrays = sorted(path for path in folder.iterdir() if path.name != MANIFEST)
    object_store.put_files((path, f"{name}/{path.name}") for path in arrays)
    object_store.put_files([(folder / MANIFEST, f"{name}/{MANIFEST}")])


def bring_bundle(digest: str) -> None:
    """Copy a bundle from the object store unless it is here; nothing happens when nobody has it.

    Raises StoreUnreachable.
    """
    folder, name = bundle_folder(settings.STORE_DIR, digest), bundle_name(digest)
    if (folder / MANIFEST).exists() or object_store.shared_store() is None:
        return
    waiting = folder.with_name(f"{digest}.manifest")
    if not object_store.bring(waiting, f"{name}/{MANIFEST}"):
        return
    arrays = [f"{key}.npy" for key in json.loads(waiting.read_bytes())["arrays"]]
    object_store.bring_all((folder / array, f"{name}/{array}") for array in arrays)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    waiting.replace(folder / MANIFEST)
