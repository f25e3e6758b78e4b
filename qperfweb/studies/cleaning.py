"""Deleting files of the store that nothing names any more.

Sites may share a file without knowing of each other, so whether a hash is still named is asked of
all sites at once; the answer is a set of hashes and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.apps import apps

from qperfweb.core.rls import site_scope
from qperfweb.core.seal import all_site_ids

from . import object_store, storage
from .models import Patient

_WAYS_TO_THE_PATIENT = {
    "study": "study__patient",
    "series": "series__study__patient",
    "reading": "reading__study__patient",
}


def wanting_files(model: Any) -> Any:
    """Rows of a model whose files have to be kept: not those of patients who were erased.

    Signed results and their reports keep their rows, which nobody can delete, but not their files.
    """
    names = {field.name for field in model._meta.concrete_fields}
    rows = model._default_manager.all()
    way = next((way for name, way in _WAYS_TO_THE_PATIENT.items() if name in names), None)
    if way is not None:
        rows = rows.exclude(**{f"{way}__identity_digest__startswith": Patient.ERASED})
    return rows


def named_anywhere(hashes: Collection[str]) -> set[str]:
    """Those of ``hashes`` that a row of any site names."""
    found: set[str] = set()
    with site_scope(all_site_ids()):
        for model in apps.get_models():
            names = {field.name for field in model._meta.concrete_fields}
            if not model.__module__.startswith("qperfweb.") or not {"site", "sha256"} <= names:
                continue
            rows = wanting_files(model).filter(sha256__in=hashes)
            if "resolution" in names:  # a rejected object no longer wants its file
                rows = rows.exclude(resolution="reject")
            found.update(rows.values_list("sha256", flat=True))
    return found


def delete_unnamed(hashes: Collection[str]) -> int:
    """Delete the files of these hashes as far as no row names them; how many were deleted.

    Call after the commit that took the last name away.
    """
    deleted = 0
    for sha256 in set(hashes) - named_anywhere(hashes):
        path = storage.local_path(sha256)
        deleted += path.exists()
        storage.remove(path)
        object_store.delete(storage.object_name(sha256))
    return deleted
