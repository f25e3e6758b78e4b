"""Zip files from strangers: members are streamed, never written under their own names."""

from __future__ import annotations

import shutil
import struct
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from analysis.dicom.limits import MIB, Limits
from analysis.dicom.refusals import Refusal, Refused, refusal

_END = b"PK\x05\x06"
_END64 = b"PK\x06\x06"
_SPOOL_BYTES: Final = 16 * MIB
_METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""bzip2 and lzma unpack from a few bytes to gigabytes in one step: not accepted."""

MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


@dataclass(frozen=True)
class ZipMember:
    """One member of an open archive, read on demand."""

    archive: zipfile.ZipFile
    info: zipfile.ZipInfo

    @property
    def size(self) -> int:
        return self.info.file_size

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The unpacked member as a seekable file, on disk where it is large.

        Raises:
            Refused: damaged data.
        """
        with self.copy() as unpacked:
            yield unpacked

    def copy(self) -> IO[bytes]:
        """The same as ``open``; the caller closes it."""
        unpacked = tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115  # handed on
        try:
            with self.archive.open(self.info) as packed:
                shutil.copyfileobj(packed, unpacked, MIB)
        except Exception as error:  # zipfile and zlib raise many kinds on hostile bytes
            unpacked.close()
            raise Refused("zip-damaged") from error
        unpacked.seek(0)
        return unpacked


def open_archive(file: Path | IO[bytes], limits: Limits) -> zipfile.ZipFile:
    """Open a zip after checking the size of its table of contents.

    Raises:
        Refused: not a zip, damaged, or a table of contents beyond the limits.
    """
    try:
        with file.open("rb") if isinstance(file, Path) else _kept_open(file) as opened:
            _check_directory(opened, limits)
        archive = zipfile.ZipFile(file)
    except Refused:
        raise
    except Exception as error:  # zipfile raises many kinds on hostile bytes
        raise Refused("zip-damaged") from error
    if len(archive.infolist()) > limits.zip_members:
        archive.close()
        raise Refused("zip-too-many", f"{len(archive.infolist())} members")
    return archive


def members(
    archive: zipfile.ZipFile, where: str, limits: Limits
) -> Iterator[tuple[str, ZipMember] | Refusal]:
    """Name and member of each file in the archive, or why it is not unpacked."""
    total = 0
    for info in archive.infolist():
        if info.is_dir():
            continue
        name = f"{where}!/{info.filename}"
        problem = _problem(info, limits)
        if problem:
            yield refusal(name, problem)
            continue
        total += info.file_size
        if total > limits.zip_bytes:
            yield refusal(name, "zip-too-large")
            return
        yield name, ZipMember(archive, info)


def _problem(info: zipfile.ZipInfo, limits: Limits) -> str | None:
    name = info.filename.replace("\\", "/")
    if name.startswith("/") or ":" in name.split("/")[0] or ".." in PurePosixPath(name).parts:
        return "zip-path"
    if info.flag_bits & 0x1:
        return "zip-encrypted"
    if info.compress_type not in _METHODS:
        return "zip-method"
    ratio = info.file_size / max(info.compress_size, 1)
    if info.file_size > limits.ratio_from_bytes and ratio > limits.member_ratio:
        return "zip-bomb"
    if info.file_size > limits.object_bytes:
        return "too-large"
    return None


@contextmanager
def _kept_open(file: IO[bytes]) -> Iterator[IO[bytes]]:
    yield file
    file.seek(0)


def _check_directory(file: IO[bytes], limits: Limits) -> None:
    """zipfile reads the whole central directory into memory: look at its size first."""
    end = file.seek(0, 2)
    file.seek(max(0, end - 66_000))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        raise Refused("zip-damaged")
    (size,) = struct.unpack("<L", tail[at + 12 : at + 16])
    at64 = tail.rfind(_END64)
    if at64 >= 0 and len(tail) >= at64 + 48:
        size = max(
            size if size != 0xFFFFFFFF else 0, struct.unpack("<Q", tail[at64 + 40 : at64 + 48])[0]
        )
    if size != 0xFFFFFFFF and size > limits.zip_directory_bytes:
        raise Refused("zip-too-many", f"a table of contents of {size // MIB} MiB")
