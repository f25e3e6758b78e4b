"""Bundles and the object store: a bundle made on one machine is opened on every other."""

from __future__ import annotations

import json
from collections.abc import Collection

from django.conf import settings

from qperfweb.core.errors import Conflict
from qperfweb.core.rls import site_scope
from qperfweb.core.seal import all_site_ids
from qperfweb.studies import object_store, storage
from qperfweb.studies.cleaning import wanting_files

from .bundles import MANIFEST, bundle_folder, bundle_name, forget_bundles
from .models import AnalysisRun


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


def find_bundle(digest: str) -> None:
    """``bring_bundle`` for whoever wants to open it.

    Raises Conflict when it went with its patient.
    """
    bring_bundle(digest)
    if (bundle_folder(settings.STORE_DIR, digest) / MANIFEST).exists():
        return
    naming = AnalysisRun.objects.filter(bundle_sha256=digest)
    if naming.exists() and not wanting_files(AnalysisRun).filter(bundle_sha256=digest).exists():
        raise Conflict(
            "This patient was erased; the arrays of this result are gone.", code="erased"
        )


def delete_unnamed_bundles(digests: Collection[str]) -> int:
    """Delete these bundles as far as no run of a patient who is still here names them.

    Sites may share a bundle without knowing of each other. Call after the commit that took the last
    patient away.
    """
    with site_scope(all_site_ids()):
        rows = wanting_files(AnalysisRun).filter(bundle_sha256__in=digests)
        named = set(rows.values_list("bundle_sha256", flat=True))
    going = set(digests) - named
    for digest in going:
        storage.remove(bundle_folder(settings.STORE_DIR, digest))
        object_store.delete(bundle_name(digest))
    forget_bundles()
    return len(going)
