"""Facts that are kept beside an object, so that its header need not be read again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pydicom

from analysis.dicom.facts import HeaderFacts

_READ_BY = ("facts", "header", "inspection", "plain", "values")


def _reader() -> str:
    """Names the program that reads headers: another one, or another pydicom, may read more."""
    read_by = hashlib.sha256(pydicom.__version__.encode())
    for name in _READ_BY:
        read_by.update((Path(__file__).parent / f"{name}.py").read_bytes())
    return read_by.hexdigest()[:16]


READER: Final = _reader()


def to_store(facts: HeaderFacts) -> dict[str, Any]:
    """What may be kept in plain text: the facts without who the patient is, and who read them."""
    return {**facts.without_identity().to_json(), "reader": READER}


def from_store(value: Mapping[str, Any]) -> HeaderFacts | None:
    """The facts, without identity; None where another program read them: then the object says."""
    return HeaderFacts.from_json(value) if value.get("reader") == READER else None
