"""Rewrite objects in another transfer syntax: ``python -m analysis.dicom.transcoder``.

Reads one JSON line per file from standard input, ``{"path": ..., "syntax": ..., "target": ...}``,
writes the object to ``target`` and answers ``{"done": true}``, or ``{"done": false}`` where it
cannot be done. Only lossless rewritings are offered: the object keeps its UID.
"""

from __future__ import annotations

import json
import resource
import sys
import warnings
from pathlib import Path
from typing import Final

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import UID

from analysis.dicom.inspection import (
    BIG_ENDIAN,
    ENCAPSULATED,
    IMPLICIT_LITTLE,
    NATIVE,
    read_header,
    syntax_of,
)
from analysis.dicom.limits import MIB

EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
RLE, JPEG_LS, JPEG_2000 = (
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
)
COMPRESSIONS: Final = {RLE, JPEG_LS, JPEG_2000}
TARGETS: Final = {EXPLICIT_LITTLE, IMPLICIT_LITTLE} | COMPRESSIONS
"""Transfer syntaxes that can be written, all without loss."""

MEMORY_BYTES: Final = 3 * 1024 * MIB
_SWAPPED: Final = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}


def transcode(path: Path, syntax: str, target: Path) -> None:
    """Write the object of ``path`` to ``target`` in one of TARGETS; raises whatever hinders it.

    An object without pixels, or with float ones, has nothing to compress: it is written in Explicit
    VR Little Endian instead.
    """
    with path.open("rb") as file:
        read_header(file)  # refuses what would inflate beyond the limits
    ds = dcmread(path, force=True)
    stored = syntax_of(ds) or IMPLICIT_LITTLE
    if stored in ENCAPSULATED:
        ds.decompress(generate_instance_uid=False)
    elif stored == BIG_ENDIAN:
        _swap(ds)
    if not hasattr(ds, "file_meta") or "TransferSyntaxUID" not in ds.file_meta:
        _name(ds)
    ds.file_meta.TransferSyntaxUID = UID(EXPLICIT_LITTLE)
    if syntax in COMPRESSIONS and "PixelData" in ds and int(ds.BitsAllocated) > 1:
        ds.compress(syntax, generate_instance_uid=False)
    elif syntax in NATIVE:
        ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.save_as(target, enforce_file_format=True)


def _name(ds: FileDataset) -> None:
    """File meta information for an object that came without."""
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID


def _swap(ds: Dataset) -> None:
    """Values of words of several bytes in little endian order, at every depth."""
    for element in ds.iterall():
        size = _SWAPPED.get(element.VR)
        if size and isinstance(element.value, bytes) and len(element.value) % size == 0:
            words = np.frombuffer(element.value, f">u{size}")
            element.value = words.astype(f"<u{size}").tobytes()
    # Every value has been read by now; what is written is no longer tied to the old order.
    ds.set_original_encoding(False, True)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            transcode(Path(asked["path"]), asked["syntax"], Path(asked["target"]))
            done = True
        except Exception:  # pydicom and its decoders raise almost anything on hostile bytes
            done = False
        sys.stdout.write(json.dumps({"done": done}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
