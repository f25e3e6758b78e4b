"""The pixels of most objects: one uncompressed frame of 16 bits, found where the header ends.

Decoding such a frame with pydicom parses the whole object a second time. Inspection has just read
its header and stands at the pixels, so what is needed to read them is noted among its facts.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO, Final

import numpy as np
from pydicom.dataset import Dataset

from analysis.dicom import values as v
from analysis.dicom.refusals import Refused
from analysis.domain import Floats

_LITTLE_ENDIAN: Final = {"1.2.840.10008.1.2": False, "1.2.840.10008.1.2.1": True}
"""Transfer syntax -> whether it writes value representations."""
_PIXEL_DATA: Final = struct.pack("<HH", 0x7FE0, 0x0010)
_ELSEWHERE: Final = (
    "NumberOfFrames", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
    "RealWorldValueMappingSequence", "PixelValueTransformationSequence",
    "ModalityLUTSequence", "FloatPixelData", "DoubleFloatPixelData",
)  # fmt: skip
"""With one of these in its header an object is not plain."""


@dataclass(frozen=True)
class PlainPixels:
    """Where the values of one frame stand in a file, and what they mean.

    offset: of the first value, bytes. bits: how many of the 16 are used. slope, intercept: of the
    modality rescale.
    """

    offset: int
    rows: int
    columns: int
    bits: int
    signed: bool
    slope: float
    intercept: float

    def read(self, file: IO[bytes]) -> tuple[Floats, float, float]:
        """(H, W) float32 real values, slope, largest possible value.

        Raises:
            Refused: the file is shorter than it was.
        """
        file.seek(self.offset)
        content = file.read(self.rows * self.columns * 2)
        if len(content) < self.rows * self.columns * 2:
            raise Refused("truncated")
        stored = np.frombuffer(content, dtype="<i2" if self.signed else "<u2")
        unused = 16 - self.bits
        if unused:  # overlays of old scanners stand there
            stored = (stored << unused) >> unused
        real = stored.reshape(self.rows, self.columns).astype(np.float64) * self.slope
        ceiling = largest_value(self.bits, self.signed, self.slope, self.intercept)
        return (real + self.intercept).astype(np.float32), self.slope, ceiling


def largest_value(bits: int, signed: bool, slope: float, intercept: float) -> float:
    """The largest real value that stored integers can mean; a slope may be negative."""
    stored = range(-(2 ** (bits - 1)), 2 ** (bits - 1)) if signed else range(2**bits)
    return max(stored[0] * slope, stored[-1] * slope) + intercept


def plain_pixels(
    ds: Dataset, file: IO[bytes], *, syntax: str, rows: int, columns: int
) -> PlainPixels | None:
    """How to read the pixels at which ``file`` stands, and stays; None where a decoder must."""
    if syntax not in _LITTLE_ENDIAN or any(name in ds for name in _ELSEWHERE):
        return None
    said = [
        v.integer(ds, name)
        for name in ("BitsAllocated", "BitsStored", "HighBit", "SamplesPerPixel")
    ]
    bits = said[1]
    sign = v.integer(ds, "PixelRepresentation")
    if bits is None or not 1 <= bits <= 16 or said != [16, bits, bits - 1, 1]:
        return None
    if sign not in (0, 1) or v.text(ds, "PhotometricInterpretation") != "MONOCHROME2":
        return None
    begin, head = file.tell(), file.read(12)
    file.seek(begin)
    length, width = _length(head, with_vr=_LITTLE_ENDIAN[syntax])
    if head[:4] != _PIXEL_DATA or length != rows * columns * 2:
        return None
    return PlainPixels(
        offset=begin + width,
        rows=rows,
        columns=columns,
        bits=bits,
        signed=sign == 1,
        slope=v.number(ds, "RescaleSlope") or 1.0,
        intercept=v.number(ds, "RescaleIntercept") or 0.0,
    )


def _length(head: bytes, *, with_vr: bool) -> tuple[int, int]:
    """Length of the value of an element, and of what stands before it."""
    at = 8 if with_vr else 4
    if len(head) < at + 4 or (with_vr and head[4:6] not in (b"OW", b"OB")):
        return -1, 0
    return int.from_bytes(head[at : at + 4], "little"), at + 4
