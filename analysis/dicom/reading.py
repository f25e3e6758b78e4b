"""Files, folders and zips to objects with facts; what cannot be used becomes a Refusal."""

from __future__ import annotations

import hashlib
import os
import stat
import weakref
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from analysis.dicom.archives import MAGIC, members, open_archive
from analysis.dicom.facts import HeaderFacts
from analysis.dicom.inspection import inspect
from analysis.dicom.limits import DEFAULT_LIMITS, Limits
from analysis.dicom.refusals import Refusal, Refused, refusal


class Source(Protocol):
    """Bytes that can be opened again."""

    @property
    def size(self) -> int: ...

    def open(self) -> AbstractContextManager[IO[bytes]]: ...


@dataclass(frozen=True)
class FileSource:
    path: Path
    size: int

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise Refused("unreadable") from error
        with file:
            yield file


@dataclass(frozen=True)
class Candidate:
    """Something that may be a DICOM object. where: its path as the sender knows it."""

    where: str
    source: Source


@dataclass(frozen=True)
class ReadObject:
    """A checked DICOM object: its facts, and where its pixels can be read from."""

    where: str
    facts: HeaderFacts
    source: Source


def read_objects(
    paths: Iterable[Path | str],
    *,
    limits: Limits = DEFAULT_LIMITS,
    progress: Callable[[int], None] | None = None,
    known: Mapping[Path, HeaderFacts] | None = None,
) -> tuple[list[ReadObject], list[Refusal]]:
    """Read folders, files and zips. Pixels stay on disk; each object is inspected once.

    ``known``: facts of files that were inspected before and have not changed since; they are not
    read again. The same SOP instance twice is used once (``duplicate``); with other content the
    first one stays and the second is set aside (``conflict``). ``progress`` is called with the
    count so far.
    """
    objects: dict[str, ReadObject] = {}
    refusals: list[Refusal] = []
    for count, found in enumerate(walk(paths, limits=limits), start=1):
        if progress:
            progress(count)
        if isinstance(found, Refusal):
            refusals.append(found)
            continue
        try:
            facts = _facts(found.source, limits, known or {})
            first = objects.get(facts.sop_instance_uid)
            if first is not None:
                same = _digest(first.source) == _digest(found.source)
                raise Refused("duplicate" if same else "conflict")
        except Refused as reason:
            refusals.append(reason.at(found.where))
        else:
            objects[facts.sop_instance_uid] = ReadObject(found.where, facts, found.source)
    return list(objects.values()), refusals


def walk(
    paths: Iterable[Path | str], *, limits: Limits = DEFAULT_LIMITS
) -> Iterator[Candidate | Refusal]:
    """Every file under the paths and every member of every zip, in the order of their names."""
    count = 0
    for path in map(Path, paths):
        for found in _walk_path(path, limits):
            count += 1
            if count > limits.files:
                yield refusal(str(path), "too-many-files", f"more than {limits.files}")
                return
            yield found


def _walk_path(path: Path, limits: Limits) -> Iterator[Candidate | Refusal]:
    if not path.exists():
        yield refusal(str(path), "missing")
        return
    if path.is_file():
        yield from _walk_file(path, path.name, limits)
        return
    for folder, below, names in os.walk(path):
        below.sort()
        for name in sorted(names):
            file = Path(folder, name)
            yield from _walk_file(file, str(file.relative_to(path.parent)), limits)


def _walk_file(path: Path, where: str, limits: Limits) -> Iterator[Candidate | Refusal]:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a pipe or a device would block
            raise Refused("unreadable")
        with path.open("rb") as file:
            is_zip = file.read(4) in MAGIC
        if is_zip:
            yield from _walk_zip(path, where, limits, nested=False)
        else:
            yield Candidate(where, FileSource(path, status.st_size))
    except OSError:
        yield refusal(where, "unreadable")
    except Refused as reason:
        yield reason.at(where)


def _walk_zip(
    file: Path | IO[bytes], where: str, limits: Limits, *, nested: bool
) -> Iterator[Candidate | Refusal]:
    archive = open_archive(file, limits)
    if not isinstance(file, Path):
        _close_with(archive, file)
    for found in members(archive, where, limits):
        if isinstance(found, Refusal):
            yield found
            continue
        name, member = found
        try:
            with archive.open(member.info) as packed:
                is_zip = packed.read(4) in MAGIC
            if not is_zip:
                yield Candidate(name, member)
            elif nested:
                yield refusal(name, "zip-nested")
            else:
                yield from _walk_zip(member.copy(), name, limits, nested=True)
        except Refused as reason:
            yield reason.at(name)
        except Exception:  # a damaged member fails in zipfile or zlib, in many ways
            yield refusal(name, "zip-damaged")


def _close_with(archive: zipfile.ZipFile, file: IO[bytes]) -> None:
    """Members of a nested archive are read long after it was walked: its copy closes with it."""
    weakref.finalize(archive, file.close)


def _facts(source: Source, limits: Limits, known: Mapping[Path, HeaderFacts]) -> HeaderFacts:
    if isinstance(source, FileSource) and source.path in known:
        return known[source.path]
    with source.open() as file:
        return inspect(file, source.size, limits)


def _digest(source: Source) -> bytes:
    with source.open() as file:
        # Any binary stream will do; the stubs name a narrower protocol.
        return hashlib.file_digest(file, "sha256").digest()  # type: ignore[arg-type]
