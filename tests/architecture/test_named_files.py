"""The table of columns that name files is complete."""

from __future__ import annotations

from django.apps import apps

from qperfweb.runs.named_files import BUNDLES, NOT_FILES, OBJECTS


def test_every_column_of_hashes_is_known_as_a_file_or_as_something_else():
    columns = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model.__module__.startswith("qperfweb.")
        for field in model._meta.concrete_fields
        if field.name.endswith("sha256")
    }
    assert columns == {*OBJECTS, *BUNDLES, *NOT_FILES}
