"""Frames out of a stored file: as they lie there, or decoded by a child process."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames

from analysis.dicom.inspection import BIG_ENDIAN, DEFLATED, NATIVE, read_header, syntax_of
from qperfweb.core.errors import NotFound, UserError

from .decoding import decoded_frame
from .holdings import Held

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
IMPLICIT_LITTLE = "1.2.840.10008.1.2"

COMPRESSED_TYPES = {
    "1.2.840.10008.1.2.5": "image/dicom-rle",
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.57": "image/jpeg",
    "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
    "1.2.840.10008.1.2.4.201": "image/jphc",
    "1.2.840.10008.1.2.4.202": "image/jphc",
    "1.2.840.10008.1.2.4.203": "image/jphc",
}


class NotServed(UserError):
    """This representation of the object is not offered."""

    status = 406
    code = "not_acceptable"


@dataclass(frozen=True)
class Frame:
    """content_type says how ``data`` is coded."""

    content_type: str
    data: bytes


def frames(path: Path, numbers: list[int], *, plain: bool = False) -> Iterator[Frame]:
    """Frames by number, from 1; ``plain``: compressed ones are decoded first.

    Raises NotFound for a frame that is not there, NotServed for one that cannot be decoded.
    """
    with path.open("rb") as file:
        ds = read_header(file)
        begin = file.tell()
        syntax = syntax_of(ds) or IMPLICIT_LITTLE
        count = int(ds.get("NumberOfFrames") or 1)
        if "Rows" not in ds or not all(1 <= number <= count for number in numbers):
            raise NotFound(f"This object has {count if 'Rows' in ds else 0} frames.")
        if syntax == DEFLATED:
            yield from _decoded_frames(path, numbers)
            return
        if syntax not in NATIVE and plain:
            yield from _decoded_frames(path, numbers)
            return
        if syntax not in NATIVE:
            file.seek(begin + 12)
            found = dict(enumerate(generate_frames(file, number_of_frames=count), start=1))
            for number in numbers:
                kind = COMPRESSED_TYPES.get(syntax, "application/octet-stream")
                yield Frame(f"{kind}; transfer-syntax={syntax}", found[number])
            return
        file.seek(begin)
        start = begin + _header_length(file.read(12))
        for number in numbers:
            data = _native(ds, file, start, number, syntax)
            yield Frame(f"application/octet-stream; transfer-syntax={EXPLICIT_LITTLE}", data)


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
        yield Frame(f"application/octet-stream; transfer-syntax={EXPLICIT_LITTLE}", data)


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


def bulk_value(path: Path, tag: str) -> tuple[int, int]:
    """Offset and length in the file of one top-level value. Raises NotFound, NotServed."""
    with path.open("rb") as file:
        ds = read_header(file)
        if syntax_of(ds) not in NATIVE - {DEFLATED}:
            raise NotServed("Bulk data of compressed objects are not served; fetch the frames.")
        begin = file.tell()
        if tag.upper() in ("7FE00008", "7FE00009", "7FE00010"):
            head = file.read(12)
            group, element_number = struct.unpack("<HH", head[:4]) if len(head) >= 8 else (0, 0)
            if f"{group:04X}{element_number:04X}" != tag.upper():
                raise NotFound("This object has no such element.")
            explicit = head[4:6].isalpha()
            (length,) = struct.unpack("<L", head[8:12] if explicit else head[4:8])
            return begin + (12 if explicit else 8), length
        element = ds.get_item(int(tag, 16))
        if not isinstance(element, RawDataElement) or not isinstance(element.value, bytes):
            raise NotFound("This object has no such element.")
        return int(element.value_tell), len(element.value)


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
