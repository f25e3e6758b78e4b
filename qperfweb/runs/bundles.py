"""Result bundles: one folder of memory-mappable arrays per run, named by its own content.

A bundle is written to a temporary folder, flushed to disk and renamed into place; after that it
never changes. ``manifest.json`` lists dtype, shape, unit, scale and SHA-256 of every array, and the
manifest's own SHA-256 is the bundle's name. A half-written bundle therefore cannot exist, and two
runs with identical results share one.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCHEMA = "qperf-bundle-1"
MANIFEST = "manifest.json"
NOT_A_NUMBER = 0
"""Stored value of quantised arrays that stands for "no value here"."""
_WRITERS = 2
_FLUSHES_AT_ONCE = 16

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How one kind of array is kept: its dtype on disk and its unit.

    quantised: stored as uint16 with the scale and offset that give the values back, 0 for none.
    """

    dtype: str
    unit: str
    quantised: bool = False


KINDS: Mapping[str, Kind] = {
    "time_s": Kind(dtype="float64", unit="s"),
    "is_pd": Kind(dtype="bool", unit=""),
    "frame_status": Kind(dtype="uint8", unit=""),
    "signal": Kind(dtype="uint16", unit="signal", quantised=True),
    "corrected": Kind(dtype="uint16", unit="signal", quantised=True),
    "displacement_px": Kind(dtype="float16", unit="px"),
    "gd_mmol_per_l": Kind(dtype="uint16", unit="mmol/L", quantised=True),
    "gd_fit": Kind(dtype="uint16", unit="mmol/L", quantised=True),
    "mbf": Kind(dtype="float32", unit="ml/min/g"),
    "mbf_se": Kind(dtype="float32", unit="ml/min/g"),
    "delay_s": Kind(dtype="float32", unit="s"),
    "quality": Kind(dtype="uint8", unit=""),
    "relative_upslope": Kind(dtype="float32", unit="1"),
    "upslope": Kind(dtype="float32", unit="1"),
    "labels": Kind(dtype="uint8", unit=""),
    "segments": Kind(dtype="uint8", unit=""),
    "myocardium_probability": Kind(dtype="float32", unit="1"),
    "probabilities": Kind(dtype="float16", unit="1"),
    "uncertainty": Kind(dtype="float32", unit="1"),
    "rv_insertion_rc": Kind(dtype="float64", unit="px"),
    "pixel_spacing_mm": Kind(dtype="float64", unit="mm"),
}
"""What a bundle keeps, by array name. Anything else that the pipeline offers is kept as it is."""


class BundleDamaged(RuntimeError):
    """A stored result does not match its checksum; restore it from a backup."""


def write_bundle(store: Path, arrays: Mapping[str, Mapping[str, Array]]) -> str:
    """Write ``{group: {name: array}}`` and return the bundle's SHA-256.

    Raises OSError when the disk is full; nothing is left behind then.
    """
    temporary = store / "tmp" / uuid.uuid4().hex
    temporary.mkdir(parents=True)
    try:
        entries = _write_arrays(temporary, arrays)
        manifest = json.dumps({"schema": SCHEMA, "arrays": entries}, sort_keys=True, indent=1)
        (temporary / MANIFEST).write_bytes(manifest.encode())
        digest = hashlib.sha256(manifest.encode()).hexdigest()
        target = bundle_folder(store, digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        _flush_all(temporary)
        if not target.exists():
            os.replace(temporary, target)
            _flush(target.parent)
        return digest
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """One stored bundle, opened for reading."""

    folder: Path
    entries: Mapping[str, Mapping[str, Any]]

    def __contains__(self, key: str) -> bool:
        return key in self.entries

    def path(self, key: str) -> Path:
        return self.folder / f"{key}.npy"

    def stored(self, key: str) -> Array:
        """The array as it lies on disk, memory-mapped read-only."""
        array: Array = np.load(self.path(key), mmap_mode="r", allow_pickle=False)
        return array

    def values(self, key: str) -> Array:
        """The array in its unit: quantised ones are scaled back to float32."""
        entry, array = self.entries[key], self.stored(key)
        if not entry["quantised"]:
            return array
        values: Array = array * np.float32(entry["scale"]) + np.float32(entry["offset"])
        values[array == NOT_A_NUMBER] = np.nan
        return values


def open_bundle(store: Path, digest: str) -> Bundle:
    """The bundle of that name.

    Raises BundleDamaged when its manifest is missing or is not the one that gave it its name.
    """
    folder = bundle_folder(store, digest)
    if not (folder / MANIFEST).exists():
        on_missing(digest)
    return _open(folder, digest)


def _nowhere_else(digest: str) -> None:
    """A store folder of its own: what is not here is nowhere."""


on_missing: Callable[[str], None] = _nowhere_else
"""Called for a bundle that is not in the folder; the web application brings it from the object
store. This module also runs where neither Django nor that store's keys are."""


@lru_cache(maxsize=256)
def _open(folder: Path, digest: str) -> Bundle:
    try:
        manifest = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise BundleDamaged(BundleDamaged.__doc__) from error
    if hashlib.sha256(manifest).hexdigest() != digest:
        raise BundleDamaged(BundleDamaged.__doc__)
    return Bundle(folder=folder, entries=json.loads(manifest)["arrays"])


def forget_bundles() -> None:
    """Open no bundle from memory that may be gone by now."""
    _open.cache_clear()


def verify_bundle(store: Path, digest: str) -> list[str]:
    """Names of arrays whose bytes no longer match the manifest; empty when all is well."""
    bundle = open_bundle(store, digest)
    return [
        key
        for key, entry in bundle.entries.items()
        if not bundle.path(key).is_file() or _sha256(bundle.path(key)) != entry["sha256"]
    ]


def bundle_folder(store: Path, digest: str) -> Path:
    return store / bundle_name(digest)


def bundle_name(digest: str) -> str:
    """The bundle's name below the store folder and in the object store."""
    return f"bundles/{digest[:2]}/{digest}"


def _write_arrays(
    folder: Path, arrays: Mapping[str, Mapping[str, Array]]
) -> dict[str, dict[str, Any]]:
    """Write every array, not yet durable; what the manifest says of each."""
    named = {
        f"{group}.{name}": (name, array)
        for group, members in arrays.items()
        for name, array in members.items()
    }
    # Scaling, hashing and writing all let go of the interpreter: two processors share them.
    with ThreadPoolExecutor(_WRITERS) as pool:
        writing = {
            key: pool.submit(_write_array, folder / f"{key}.npy", name, array)
            for key, (name, array) in named.items()
        }
        return {key: written.result() for key, written in writing.items()}


def _write_array(path: Path, name: str, array: Array) -> dict[str, Any]:
    kind = KINDS.get(name)
    array = np.asarray(array)
    scale, offset = 1.0, 0.0
    quantised = kind is not None and kind.quantised
    if quantised:
        array, scale, offset = quantise(array)
    elif kind is not None:
        array = array.astype(kind.dtype)
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    path.write_bytes(buffer.getbuffer())
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "unit": kind.unit if kind else "",
        "scale": scale,
        "offset": offset,
        "quantised": quantised,
        "sha256": hashlib.sha256(buffer.getbuffer()).hexdigest(),
    }


def quantise(array: Array) -> tuple[NDArray[np.uint16], float, float]:
    """uint16 values, scale, offset: value = stored * scale + offset; 0 stands for not finite."""
    wide = np.array(array, dtype=np.float64)
    finite = np.isfinite(wide)
    if not finite.any():
        return np.zeros(wide.shape, dtype=np.uint16), 1.0, 0.0
    known = wide if finite.all() else wide[finite]
    low, high = float(known.min()), float(known.max())
    scale = (high - low) / (65535 - 1) or 1.0
    with np.errstate(invalid="ignore"):
        wide -= low
        wide /= scale
        np.rint(wide, out=wide)
    wide += 1
    wide[~finite] = NOT_A_NUMBER
    return wide.astype(np.uint16), scale, low - scale


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush_all(folder: Path) -> None:
    """Make a folder and its files durable; waiting for the disk together takes a fraction."""
    with ThreadPoolExecutor(_FLUSHES_AT_ONCE) as pool:
        list(pool.map(_flush, folder.iterdir()))
    _flush(folder)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
