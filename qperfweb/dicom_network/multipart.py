"""multipart/related, read from and written to streams: nothing is held in memory as a whole."""

from __future__ import annotations

import re
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from qperfweb.core.errors import Invalid, UserError

PIECE = 1 << 20
LONGEST_HEADER = 16 * 1024


class NotTaken(UserError):
    """This kind of body is not taken."""

    status = 415
    code = "unsupported_media_type"


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class PartFile:
    """A part's body in a file of its own, which goes when it has been read once."""

    path: Path
    size: int

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        try:
            with self.path.open("rb") as file:
                yield file
        finally:
            self.path.unlink(missing_ok=True)


def boundary_of(content_type: str) -> bytes | None:
    """The boundary of objects in a multipart/related; None where the body is one object.

    Raises NotTaken for anything else, Invalid for a multipart without a boundary.
    """
    kind, _, rest = content_type.partition(";")
    if kind.strip().lower() == "application/dicom":
        return None
    of_parts = re.search(r'\btype="?([^";,\s]+)"?', rest, re.IGNORECASE)
    if kind.strip().lower() != "multipart/related" or (
        of_parts is not None and of_parts.group(1).lower() != "application/dicom"
    ):
        raise NotTaken('Send objects as multipart/related; type="application/dicom".')
    found = re.search(r'boundary="?([^";,\s]{1,200})"?', rest, re.IGNORECASE)
    if found is None:
        raise Invalid("The content type names no boundary.")
    return found.group(1).encode("ascii", "replace")


def read_parts(stream: Readable, boundary: bytes | None, folder: Path) -> Iterator[PartFile]:
    """The parts of a body, one after the other, each in a file in ``folder``.

    boundary: None where the whole body is one part.

    Raises Invalid when the body is no multipart or ends in the middle of a part.
    """
    if boundary is None:
        part = _kept(iter(lambda: stream.read(PIECE), b""), folder)
        if part.size:
            yield part
        else:
            part.path.unlink()
        return
    window = _Window(stream)
    window.skip_past(b"--" + boundary)
    delimiter = b"\r\n--" + boundary
    while not window.begins_with(b"--"):
        window.skip_past(b"\r\n\r\n", at_most=LONGEST_HEADER)
        yield _kept(window.until(delimiter), folder)


def _kept(pieces: Iterable[bytes], folder: Path) -> PartFile:
    with tempfile.NamedTemporaryFile(dir=folder, prefix="stow-", delete=False) as file:
        try:
            for piece in pieces:
                file.write(piece)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
        return PartFile(Path(file.name), file.tell())


class _Window:
    """A stream with what has been read of it and not used yet."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._held = b""

    def begins_with(self, mark: bytes) -> bool:
        while len(self._held) < len(mark):
            self._more()
        return self._held.startswith(mark)

    def skip_past(self, mark: bytes, at_most: int = PIECE) -> None:
        while mark not in self._held:
            if len(self._held) > at_most:
                raise Invalid("The body is no multipart/related.")
            self._more()
        self._held = self._held.partition(mark)[2]

    def until(self, mark: bytes) -> Iterator[bytes]:
        """What comes before ``mark``, which is consumed."""
        while True:
            before, found, after = self._held.partition(mark)
            if found:
                self._held = after
                yield before
                return
            safe = len(self._held) - len(mark)
            if safe > 0:
                yield self._held[:safe]
                self._held = self._held[safe:]
            self._more()

    def _more(self) -> None:
        piece = self._stream.read(PIECE)
        if not piece:
            raise Invalid("The body ends in the middle; send it again.")
        self._held += piece


def new_boundary() -> str:
    return uuid.uuid4().hex


def write_parts(parts: Iterable[tuple[str, Iterable[bytes]]], boundary: str) -> Iterator[bytes]:
    """A multipart body of (content type, body) parts."""
    for content_type, body in parts:
        yield f"\r\n--{boundary}\r\nContent-Type: {content_type}\r\n\r\n".encode()
        yield from body
    yield f"\r\n--{boundary}--\r\n".encode()
