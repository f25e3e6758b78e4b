"""Decode one frame in a process of its own: ``python -m analysis.dicom.decoder PATH FRAME``.

Writes a NumPy array file to standard output: (rows, columns) or (rows, columns, 3) stored values.
Decoders of compressed pixels are large programs in C that strangers feed; whoever runs for long
asks this one, which may die, run out of memory or be killed for slowness.
"""

from __future__ import annotations

import io
import resource
import sys
import warnings
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.pixels.utils import iter_pixels

from analysis.dicom.inspection import inspect
from analysis.dicom.limits import MIB

MEMORY_BYTES = 2 * 1024 * MIB
SECONDS = 20


def decode(path: Path, number: int) -> bytes:
    """Frame ``number`` (from 1) as the bytes of a NumPy array file."""
    with path.open("rb") as file:
        inspect(file, path.stat().st_size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = dcmread(path, force=True)
        (values,) = iter_pixels(ds, indices=[number - 1], raw=False)
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(values), allow_pickle=False)
    return buffer.getvalue()


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    sys.stdout.buffer.write(decode(Path(sys.argv[1]), int(sys.argv[2])))


if __name__ == "__main__":
    main()
