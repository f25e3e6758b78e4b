"""Is this file an object that can be used? Header facts, without decoding a pixel."""

from __future__ import annotations

import struct
import warnings
import zlib
from dataclasses import replace
from typing import IO, Final

from pydicom import dcmread
from pydicom.dataset import FileDataset

from analysis.dicom import values as v
from analysis.dicom.facts import HeaderFacts
from analysis.dicom.header import MOST_FRAMES, MOST_PIXELS_PER_FRAME, header_facts
from analysis.dicom.limits import DEFAULT_LIMITS, MIB, Limits
from analysis.dicom.plain import plain_pixels
from analysis.dicom.refusals import Refused

IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
NATIVE: Final = {IMPLICIT_LITTLE, "1.2.840.10008.1.2.1", DEFLATED, BIG_ENDIAN}
ENCAPSULATED: Final = {
    "1.2.840.10008.1.2.5",  # RLE
    *(f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70)),  # JPEG baseline, extended, lossless
    *(f"1.2.840.10008.1.2.4.{n}" for n in (80, 81)),  # JPEG-LS
    *(f"1.2.840.10008.1.2.4.{n}" for n in (90, 91, 201, 202, 203)),  # JPEG 2000, HTJ2K
}
"""What pydicom decodes with pylibjpeg and its plugins."""

PARAMETRIC_MAP: Final = "1.2.840.10008.5.1.4.1.1.30"
IMAGE_CLASSES: Final = {
    "1.2.840.10008.5.1.4.1.1.4": "MR Image",
    "1.2.840.10008.5.1.4.1.1.4.1": "Enhanced MR Image",
    "1.2.840.10008.5.1.4.1.1.4.3": "Enhanced MR Color Image",
    "1.2.840.10008.5.1.4.1.1.4.4": "Legacy Converted Enhanced MR Image",
    "1.2.840.10008.5.1.4.1.1.7": "Secondary Capture Image",
    PARAMETRIC_MAP: "Parametric Map",
}
_DIRECTORY: Final = "1.2.840.10008.1.3.10"
_ENVELOPED = bytes.fromhex("2a864886f70d010703")  # CMS enveloped-data: DICOM secure media
_MOST_FRAGMENTS: Final = 1_000_000
_PIXEL_ELEMENTS: Final = {(0x7FE0, 0x0008), (0x7FE0, 0x0009), (0x7FE0, 0x0010)}


def inspect(file: IO[bytes], size: int, limits: Limits = DEFAULT_LIMITS) -> HeaderFacts:
    """Check one object and return its facts. ``file`` is seekable and stands at its start.

    Raises:
        Refused: with the reason; nothing else, whatever the bytes are.
    """
    if size == 0:
        raise Refused("empty")
    if size > limits.object_bytes:
        raise Refused("too-large")
    try:
        ds = read_header(file, limits)
        _check_kind(ds)
        if file.tell() >= size and syntax_of(ds) != DEFLATED:
            raise Refused("truncated")
        facts = header_facts(ds)
        _check_dimensions(facts)
        plain = plain_pixels(
            ds, file, syntax=facts.transfer_syntax_uid, rows=facts.rows, columns=facts.columns
        )
        _check_pixels(ds, facts, file, size)
        return replace(facts, plain=plain)
    except Refused:
        raise
    except (MemoryError, RecursionError) as error:
        raise Refused("damaged") from error
    except Exception as error:  # pydicom raises almost anything on hostile bytes
        raise Refused("damaged") from error


def read_header(file: IO[bytes], limits: Limits = DEFAULT_LIMITS) -> FileDataset:
    """Dataset up to its pixel data; the file then stands at the pixel data element.

    Raises:
        Refused: not DICOM, encrypted, or deflated beyond the limits.
    """
    start = file.read(132)
    file.seek(0)
    has_preamble = start[128:132] == b"DICM"
    if not has_preamble:
        if _ENVELOPED in start and start[:1] == b"0":
            raise Refused("encrypted")
        if not _looks_like_dataset(start):
            raise Refused("not-dicom")
    elif _transfer_syntax(file) == DEFLATED:
        _check_deflated(file, limits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dcmread(file, stop_before_pixels=True, force=not has_preamble)


def _looks_like_dataset(start: bytes) -> bool:
    """A dataset without preamble begins with a low element of group 2 or 8, little endian."""
    if len(start) < 132:
        return False
    group, element, length = struct.unpack("<HHL", start[:8])
    explicit = start[4:6].isalpha() and start[4:6].isupper()
    return group in (0x0002, 0x0008) and element < 0x0100 and (explicit or length <= 64)


def _transfer_syntax(file: IO[bytes]) -> str:
    """TransferSyntaxUID of the file meta information, the file rewound.

    pydicom inflates a deflated dataset without a bound, so this has to be known before.
    """
    file.seek(132)
    head = file.read(4096)
    file.seek(0)
    at, found = 0, ""
    while at + 8 <= len(head):
        group, element = struct.unpack("<HH", head[at : at + 4])
        if group != 0x0002:
            break
        long_form = head[at + 4 : at + 6] in (b"OB", b"UN", b"OW", b"SQ", b"UT")
        if long_form and at + 12 > len(head):
            break
        length = (
            struct.unpack("<L", head[at + 8 : at + 12])[0]
            if long_form
            else struct.unpack("<H", head[at + 6 : at + 8])[0]
        )
        at += 12 if long_form else 8
        if element == 0x0010:
            found = head[at : at + length].rstrip(b"\x00 ").decode("latin-1")
        at += length
    return found


def _check_deflated(file: IO[bytes], limits: Limits) -> None:
    data = file.read()
    file.seek(0)
    at = data.find(DEFLATED.encode())
    # The group length element says where the dataset begins; without it nothing is inflated.
    if data[132:140] != b"\x02\x00\x00\x00UL\x04\x00" or at < 0:
        raise Refused("damaged")
    begin = 144 + struct.unpack("<L", data[140:144])[0]
    inflate, total, piece = zlib.decompressobj(-zlib.MAX_WBITS), 0, data[begin:]
    try:
        while piece:
            total += len(inflate.decompress(piece, 16 * MIB))
            piece = inflate.unconsumed_tail
            if total > limits.object_bytes:
                raise Refused("too-large")
    except zlib.error as error:
        raise Refused("damaged") from error


def _check_kind(ds: FileDataset) -> None:
    sop_class = v.uid(ds, "SOPClassUID") or v.uid(ds.file_meta, "MediaStorageSOPClassUID")
    modality = v.text(ds, "Modality").upper()
    if sop_class == _DIRECTORY:
        raise Refused("directory-index")
    if not len(ds):
        raise Refused("truncated")
    if v.items(ds, "EncryptedAttributesSequence"):
        raise Refused("encrypted")
    if modality and modality != "MR":
        raise Refused("wrong-modality", modality[:16])
    if sop_class and sop_class not in IMAGE_CLASSES:
        raise Refused("wrong-object", sop_class)
    if syntax_of(ds) not in NATIVE | ENCAPSULATED | {""}:
        raise Refused("bad-compression", syntax_of(ds))


def syntax_of(ds: FileDataset) -> str:
    return v.uid(ds.file_meta, "TransferSyntaxUID")


def _check_dimensions(facts: HeaderFacts) -> None:
    rows, columns, count = facts.rows, facts.columns, facts.frame_count
    plausible = min(rows, columns, count) > 0 and rows * columns <= MOST_PIXELS_PER_FRAME
    if not plausible or count > MOST_FRAMES:
        raise Refused("bad-dimensions", f"{rows} rows, {columns} columns, {count} frames")


def _check_pixels(ds: FileDataset, facts: HeaderFacts, file: IO[bytes], size: int) -> None:
    """Is the pixel data there to its end? The file stands at the element."""
    begin = file.tell()
    deflated = facts.transfer_syntax_uid == DEFLATED
    if deflated:
        return  # inflated completely before; loading reports what is missing
    order = ">" if facts.transfer_syntax_uid == BIG_ENDIAN else "<"
    head = file.read(12)
    if len(head) < 8 or struct.unpack(order + "HH", head[:4]) not in _PIXEL_ELEMENTS:
        raise Refused("truncated")
    if head[4:6].isalpha():
        (length,), header = struct.unpack(order + "L", head[8:12]), 12
    else:
        (length,), header = struct.unpack(order + "L", head[4:8]), 8
    if length == 0xFFFFFFFF:
        file.seek(begin + header)
        _check_fragments(file, size)
        return
    bits = v.integer(ds, "BitsAllocated") or 16
    expected = facts.rows * facts.columns * facts.frame_count * facts.samples_per_pixel * bits // 8
    if length < expected and "422" not in facts.photometric:
        raise Refused("bad-dimensions", f"{length} bytes of pixels where {expected} are declared")
    if begin + header + length > size:
        raise Refused("truncated")


def _check_fragments(file: IO[bytes], size: int) -> None:
    for _ in range(_MOST_FRAGMENTS):
        head = file.read(8)
        if len(head) < 8:
            raise Refused("truncated")
        group, element, length = struct.unpack("<HHL", head)
        if (group, element) == (0xFFFE, 0xE0DD):
            return
        if (group, element) != (0xFFFE, 0xE000) or file.seek(length, 1) > size:
            raise Refused("truncated" if (group, element) == (0xFFFE, 0xE000) else "damaged")
    raise Refused("damaged")
