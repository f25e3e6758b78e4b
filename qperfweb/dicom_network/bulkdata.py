"""Binary values of stored objects: pixel data, documents, private blocks."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

from pydicom.dataset import Dataset

from analysis.dicom.inspection import (
    BIG_ENDIAN,
    DEFLATED,
    IMPLICIT_LITTLE,
    read_header,
    syntax_of,
)
from analysis.dicom.transcoder import EXPLICIT_LITTLE
from qperfweb.core.errors import NotFound

from .pixels import NotServed
from .transcoding import transcoded

PIXELS = ("7FE00008", "7FE00009", "7FE00010")
DOCUMENT = "00420011"
_NOT_THERE = "This object has no such element."


Opener = Callable[[], IO[bytes]]


def bulk_value(path: Path, place: list[str]) -> tuple[Opener, int]:
    """One binary value, little endian: what opens a file that stands at it, and its length.

    place: tag of an element of the object itself, or tag, number of the item from 1, tag, and so on
    into sequences. Raises NotFound, NotServed.
    """
    file = _in_little_endian(path)
    try:
        ds: Dataset = read_header(file)
        if len(place) == 1 and place[0] in PIXELS:
            length = _length_of_pixels(file, place[0])
            if file.name != str(path):
                return lambda: file, length
            begin = file.tell()
            file.close()
            return partial(_opened, path, begin), length
        value = _element(ds, place)
    except BaseException:
        file.close()
        raise
    file.close()
    return partial(io.BytesIO, value), len(value)


def _opened(path: Path, begin: int) -> IO[bytes]:
    file = path.open("rb")
    file.seek(begin)
    return file


def _in_little_endian(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        stored = syntax_of(read_header(file)) or IMPLICIT_LITTLE
    if stored not in (DEFLATED, BIG_ENDIAN):
        return path.open("rb")
    try:
        return transcoded(path, EXPLICIT_LITTLE)
    except ValueError as error:
        raise NotServed("This value cannot be read; fetch the object.") from error


def _length_of_pixels(file: IO[bytes], tag: str) -> int:
    """The file stands at the pixel data element, and at its value afterwards."""
    head = file.read(12)
    group, number = struct.unpack("<HH", head[:4]) if len(head) >= 8 else (0, 0)
    if f"{group:04X}{number:04X}" != tag:
        raise NotFound(_NOT_THERE)
    explicit = head[4:6].isalpha()
    if not explicit:
        file.seek(-4, 1)
    (length,) = struct.unpack("<L", head[8:12] if explicit else head[4:8])
    return int(length)


def _element(ds: Dataset, place: list[str]) -> bytes:
    for tag, number in zip(place[:-1:2], place[1::2], strict=True):
        sequence = ds.get(int(tag, 16))
        items = sequence.value if sequence is not None and sequence.VR == "SQ" else []
        if not 1 <= int(number) <= len(items):
            raise NotFound(_NOT_THERE)
        ds = items[int(number) - 1]
    element = ds.get(int(place[-1], 16))
    if element is None or not isinstance(element.value, bytes):
        raise NotFound(_NOT_THERE)
    if place == [DOCUMENT]:
        # The padding to an even length is no part of the document.
        length = int(ds.get("EncapsulatedDocumentLength") or len(element.value))
        return element.value[:length]
    return element.value
