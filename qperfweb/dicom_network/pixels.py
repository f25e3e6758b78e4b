"""Frames out of a stored file: as they lie there, or decoded by a child process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames

from analysis.dicom.inspection import (
    BIG_ENDIAN,
    DEFLATED,
    IMPLICIT_LITTLE,
    NATIVE,
    read_header,
    syntax_of,
)
from analysis.dicom.transcoder import EXPLICIT_LITTLE
from qperfweb.core.errors import NotFound, UserError

from .decoding import decoded_frame
from .holdings import Held
from .negotiation import COMPRESSED_TYPES
from .transcoding import transcoded


class NotServed(UserError):
    """This representation of the object is not offered."""

    status = 406
    code = "not_acceptable"


_PLAIN_FRAME = f"application/octet-stream; transfer-syntax={EXPLICIT_LITTLE}"


@dataclass(frozen=True)
class Frame:
    """content_type says how ``data`` is coded."""

    content_type: str
    data: bytes


def frames(path: Path, numbers: list[int], *, syntax: str = "") -> Iterator[Frame]:
    """Frames by number, from 1, in a transfer syntax; "" for the one that they are stored in.

    Raises NotFound for a frame that is not there, NotServed for one that cannot be rewritten.
    """
    with path.open("rb") as file:
        ds = read_header(file)
        stored = syntax_of(ds) or IMPLICIT_LITTLE
        count = int(ds.get("NumberOfFrames") or 1)
        if "Rows" not in ds or not all(1 <= number <= count for number in numbers):
            raise NotFound(f"This object has {count if 'Rows' in ds else 0} frames.")
        if syntax in ("", stored) and stored not in NATIVE:
            yield from _fragments(ds, file, numbers, stored)
        elif syntax in ("", EXPLICIT_LITTLE):
            if stored == DEFLATED or stored not in NATIVE:
                yield from _decoded_frames(path, numbers)
                return
            begin = file.tell()
            start = begin + _header_length(file.read(12))
            for number in numbers:
                data = _native(ds, file, start, number, stored)
                yield Frame(_PLAIN_FRAME, data)
        else:
            yield from _rewritten(path, numbers, syntax)


def _fragments(ds: Dataset, file: IO[bytes], numbers: list[int], syntax: str) -> Iterator[Frame]:
    """Compressed frames; the file stands at the pixel data element."""
    file.seek(12, 1)
    count = int(ds.get("NumberOfFrames") or 1)
    found = dict(enumerate(generate_frames(file, number_of_frames=count), start=1))
    for number in numbers:
        yield Frame(f"{COMPRESSED_TYPES[syntax]}; transfer-syntax={syntax}", found[number])


def _rewritten(path: Path, numbers: list[int], syntax: str) -> Iterator[Frame]:
    try:
        copy = transcoded(path, syntax)
    except ValueError as error:
        raise NotServed("These frames cannot be compressed like that.") from error
    with copy:
        ds = read_header(copy)
        if syntax_of(ds) != syntax:  # nothing that can be compressed: floats, single bits
            raise NotServed("These frames cannot be compressed like that.")
        yield from _fragments(ds, copy, numbers, syntax)


def decoded(path: Path, number: int) -> tuple[Dataset, NDArray[np.generic]]:
    """Header and values (rows, columns[, 3]) of a frame. Raises NotFound, NotServed."""
    with path.open("rb") as file:
        ds = read_header(file)
    if (syntax_of(ds) or IMPLICIT_LITTLE) not in NATIVE - {DEFLATED}:
        count = int(ds.get("NumberOfFrames") or 1)
        if "Rows" not in ds or not 1 <= number <= count:
            raise NotFound(f"This object has {count if 'Rows' in ds else 0} frames.")
        return ds, _decoded_values(path, number)
    (frame,) = frames(path, [number])
    bits, samples = _bits(ds), int(ds.get("SamplesPerPixel") or 1)
    shape = (int(ds.Rows), int(ds.Columns)) if samples == 1 else (int(ds.Rows), int(ds.Columns), 3)
    if bits == 1:
        packed = np.frombuffer(frame.data, np.uint8)
        values = np.unpackbits(packed, bitorder="little")[: shape[0] * shape[1]]
        return ds, values.reshape(shape)
    if samples > 1 and int(ds.get("PlanarConfiguration") or 0):
        planes = np.frombuffer(frame.data, np.uint8).reshape(3, shape[0], shape[1])
        return ds, np.moveaxis(planes, 0, -1)
    signed = int(ds.get("PixelRepresentation") or 0)
    kind = "f" if is_float(ds) else ("i" if signed else "u")
    return ds, np.frombuffer(frame.data, f"<{kind}{bits // 8}").reshape(shape)


def _decoded_frames(path: Path, numbers: list[int]) -> Iterator[Frame]:
    for number in numbers:
        values = _decoded_values(path, number)
        data = np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()
        yield Frame(_PLAIN_FRAME, data)


def _decoded_values(path: Path, number: int) -> NDArray[np.generic]:
    try:
        return decoded_frame(path, number)
    except ValueError as error:
        raise NotServed("This frame cannot be decoded; fetch the object.") from error


def is_float(ds: Dataset) -> bool:
    return str(ds.get("SOPClassUID")) == "1.2.840.10008.5.1.4.1.1.30" and _bits(ds) >= 32


def _bits(ds: Dataset) -> int:
    """Bits Allocated; intake took the object with 16 for granted where it says nothing."""
    return int(ds.get("BitsAllocated") or 16)


def _header_length(head: bytes) -> int:
    return 12 if head[4:6].isalpha() else 8


def _native(ds: Dataset, file: IO[bytes], start: int, number: int, syntax: str) -> bytes:
    bits = _bits(ds)
    pixels = int(ds.Rows) * int(ds.Columns) * int(ds.get("SamplesPerPixel") or 1)
    first, last = (number - 1) * pixels * bits, number * pixels * bits
    file.seek(start + first // 8)
    data = file.read((last + 7) // 8 - first // 8)
    if len(data) < (last + 7) // 8 - first // 8:
        raise NotFound("The stored object ends before this frame.")
    if bits == 1 and first % 8:
        loose = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        shifted = loose[first % 8 : first % 8 + pixels]
        return np.packbits(shifted, bitorder="little").tobytes()
    if syntax == BIG_ENDIAN and bits > 8:
        return np.frombuffer(data, f">u{bits // 8}").astype(f"<u{bits // 8}").tobytes()
    return data


def compressed_frames(path: Path) -> list[Frame]:
    """All frames of a compressed object as they came; none where it is not compressed."""
    with path.open("rb") as file:
        ds = read_header(file)
    if (syntax_of(ds) or IMPLICIT_LITTLE) in NATIVE:
        return []
    return list(frames(path, list(range(1, int(ds.get("NumberOfFrames") or 1) + 1))))


def syntax_at(one: Held) -> str:
    """Transfer syntax of a held object."""
    with one.path.open("rb") as file:
        return syntax_of(read_header(file)) or IMPLICIT_LITTLE
