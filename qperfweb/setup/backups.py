"""The backup file: one tar that proves itself.

database.dump       pg_dump's custom format
store/...           every object and bundle that a row names
trail-anchors.txt   the heads of the trail's chains
manifest.json       last: release, migrations, SHA-256 of everything before it

Keys are never in it: whoever finds the file learns no names. They go to a file of their own.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from qperfweb.setup.console import SetupError
from qperfweb.setup.environment import ROOT

FORMAT = "qperf-backup-1"
DUMP = "database.dump"
ANCHORS = "trail-anchors.txt"
MANIFEST = "manifest.json"
KEYS = ("identity_key", "trail_key", "secret_key")
NEEDED_KEYS = KEYS[:2]
"""Without these what is restored is of no use; another secret_key only ends sessions."""
_MEMBER = re.compile(
    rf"{DUMP}|{ANCHORS}|{MANIFEST}"
    r"|store/objects/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64}"
    r"|store/bundles/[0-9a-f]{2}/[0-9a-f]{64}/[A-Za-z0-9_.-]+"
)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a backup says of itself. key_fingerprints: of the keys that its content needs."""

    format: str
    release: str
    made_at: str
    migrations: list[str]
    key_fingerprints: dict[str, str]
    with_files: bool
    sha256: dict[str, str]


class BackupWriter:
    """Adds members and remembers what they were."""

    def __init__(self, tar: tarfile.TarFile, folder: Path) -> None:
        self._tar = tar
        self.folder = folder
        self.sha256: dict[str, str] = {}
        self.bytes = 0

    def add(self, path: Path, name: str) -> str:
        """Copy a file in; its hash."""
        with path.open("rb") as file:
            information = self._tar.gettarinfo(arcname=name, fileobj=file)
            information.uid = information.gid = 0
            information.uname = information.gname = ""
            information.mode = 0o600
            reading = _Hashing(file)
            self._tar.addfile(information, reading)
        self.bytes += information.size
        self.sha256[name] = reading.digest.hexdigest()
        return self.sha256[name]

    def finish(self, manifest: Manifest) -> None:
        content = json.dumps(asdict(manifest), indent=1, sort_keys=True).encode()
        information = tarfile.TarInfo(MANIFEST)
        information.size, information.mode = len(content), 0o600
        information.mtime = int(time.time())
        self._tar.addfile(information, io.BytesIO(content))


@contextmanager
def writing(target: Path) -> Iterator[BackupWriter]:
    """A new backup: 0600, flushed to disk, under its name only when it is whole."""
    if target.exists():
        raise SetupError(f"there is a {target} already: a backup replaces nothing")
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar:
                yield BackupWriter(tar, target.parent)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def verified_manifest(backup: Path) -> Manifest:
    """Read the whole backup and compare every byte with what it says of itself.

    Raises SetupError when it is cut off, changed, or not a backup.
    """
    found: dict[str, str] = {}
    manifest: Manifest | None = None
    try:
        for name, file in _members(backup):
            if name == MANIFEST:
                manifest = _manifest(backup, file.read())
            else:
                reading = _Hashing(file)
                while reading.read(1 << 20):
                    pass
                found[name] = reading.digest.hexdigest()
    except (tarfile.TarError, EOFError) as error:
        raise SetupError(f"{backup} cannot be read: {error}") from error
    if manifest is None:
        raise SetupError(f"{backup} is cut off: it has no manifest at its end")
    if wrong := sorted(
        name for name in found | manifest.sha256 if found.get(name) != manifest.sha256.get(name)
    ):
        raise SetupError(f"{backup} is damaged: {wrong[0]} is not what was backed up")
    return manifest


def extract(backup: Path, *, dump: Path, store: Path, anchors: Path) -> int:
    """Put the members where they belong; the number of files that were new in the store.

    Files of the store are named after their content, so one that is there already stays.
    """
    new = 0
    for name, file in _members(backup):
        if name == DUMP:
            _copy(file, dump)
        elif name == ANCHORS and not anchors.exists():
            _copy(file, anchors)
        elif name.startswith("store/"):
            target = store / name.removeprefix("store/")
            if not target.exists():
                _copy(file, target)
                new += 1
    return new


def key_fingerprint(key: str) -> str:
    """Tells keys apart without telling anything about them."""
    return hashlib.sha256(b"qperf key " + key.strip().encode()).hexdigest()[:16]


def migrations_of_the_code() -> list[str]:
    """Names of this release's own migrations, in no particular order."""
    files = ROOT.glob("qperfweb/*/migrations/[0-9]*.py")
    return sorted(f"{path.parent.parent.name}.{path.stem}" for path in files)


def release() -> str:
    found = re.search(r'(?m)^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    return found.group(1) if found else "unknown"


def require_older_or_same(manifest: Manifest) -> None:
    """Refuse what a newer release made."""
    unknown = sorted(set(manifest.migrations) - set(migrations_of_the_code()))
    if unknown:
        raise SetupError(
            f"the backup is of a newer release ({manifest.release}; this one does not know "
            f"{unknown[-1]}): restore it with that release"
        )


class _Hashing:
    """Reads through to a file and keeps the hash of what went by."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.digest.update(piece)
        return piece


def _members(backup: Path) -> Iterable[tuple[str, IO[bytes]]]:
    with tarfile.open(backup, mode="r|") as tar:
        for information in tar:
            if not information.isreg() or not _MEMBER.fullmatch(information.name):
                raise SetupError(f"{backup} is no backup: it holds {information.name!r}")
            file = tar.extractfile(information)
            assert file is not None
            yield information.name, file


def _manifest(backup: Path, content: bytes) -> Manifest:
    try:
        manifest = Manifest(**json.loads(content))
    except (TypeError, ValueError) as error:
        raise SetupError(f"{backup} has a manifest that cannot be understood") from error
    if manifest.format != FORMAT:
        raise SetupError(f"{backup} has the format {manifest.format}, this release reads {FORMAT}")
    return manifest


def _copy(file: IO[bytes], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as copy:
        shutil.copyfileobj(file, copy, 1 << 20)
        copy.flush()
        os.fsync(copy.fileno())
    os.replace(draft, target)
