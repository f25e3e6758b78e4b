"""Which columns name files of the store, and what kind of file.

One table, so that whoever compares rows and files (the doctor, a backup's check) forgets none. A
new column of hashes fails tests/architecture/test_named_files.py until it is listed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps

from qperfweb.studies.cleaning import wanting_files

OBJECTS = (
    "studies.Instance.sha256",
    "studies.IntakeProblem.sha256",
    "reviews.ReportDocument.sha256",
    "dicom_network.ResultObject.sha256",
)
"""Columns that name an object; where a row has none, they are empty."""

BUNDLES = ("runs.AnalysisRun.bundle_sha256",)

NOT_FILES = (
    "accounts.ApiToken.token_sha256",
    "runs.AnalysisRun.input_sha256",
    "runs.AnalysisRun.parameters_sha256",
    "reviews.Signature.sha256",
    "reviews.Addendum.sha256",
    "projects.Project.content_sha256",
)
"""Hashes of something else."""


@dataclass(frozen=True, kw_only=True)
class Naming:
    """One row that names one file. ``row`` is its table and id, without patient data."""

    row: str
    row_id: int
    sha256: str


def objects_named() -> Iterator[Naming]:
    """Every object that a row of the open scope names; the same one several times."""
    return _named(OBJECTS)


def bundles_named() -> Iterator[Naming]:
    """Every bundle that a run of the open scope names."""
    return _named(BUNDLES)


def _named(columns: tuple[str, ...]) -> Iterator[Naming]:
    for column in columns:
        label, _, field = column.rpartition(".")
        model = apps.get_model(label)
        rows = wanting_files(model).exclude(**{field: ""}).order_by("pk")
        for row_id, sha256 in rows.values_list("pk", field).iterator(chunk_size=10_000):
            yield Naming(row=f"{label} {row_id}", row_id=row_id, sha256=sha256)
