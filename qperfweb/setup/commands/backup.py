"""Back up database and files into one file, while everything runs: ./run backup FILE

The database is dumped as it is at one moment; then the files that its rows name are copied. Files
come before their rows and never change, so the two fit. Keys are not in the file: --keys writes
them to another, to be kept elsewhere; without the identity key nobody can be named again. A server
of your own needs DATABASE_BACKUP_URL (docs/operations.md).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from qperfweb.setup import backups
from qperfweb.setup.console import SetupError, complain, say, step
from qperfweb.setup.databases import Database, client_program, open_database, query
from qperfweb.setup.environment import (
    PYTHON,
    ROOT,
    ensure_environment,
    environment_variables,
    require_disk,
)
from qperfweb.setup.state import (
    kept_secret,
    state_folder,
    store_folder,
    write_private,
)

LAST = "last-backup.json"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the file to make")
    parser.add_argument("--keys", type=Path, help="also write the keys, to this other file")
    parser.add_argument(
        "--without-files", action="store_true", help="the database alone; the store is kept safe"
    )


def main(options: Namespace, rest: list[str]) -> int:
    ensure_environment()
    with open_database(quiet=True) as database:
        missing = back_up(database, options.file.absolute(), with_files=not options.without_files)
    if options.keys:
        write_keys(options.keys.absolute())
    for name in missing[:20]:
        complain(f"not in the store: {name}")
    if missing:
        raise SetupError(
            f"{options.file} lacks {len(missing)} file(s) that rows name: ./run manage doctor"
        )
    return 0


def back_up(database: Database, target: Path, *, with_files: bool = True) -> list[str]:
    """Make the backup; names of files that rows name and the store does not have or has damaged.

    Raises SetupError when there is no login that reads everything.
    """
    if not database.everything:
        raise SetupError(
            "a backup reads the rows of every site: set DATABASE_BACKUP_URL to a login that may "
            "(docs/operations.md, Back up)"
        )
    begun = time.monotonic()
    missing: list[str] = []
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=".dump-", dir=target.parent) as folder:
        dump = Path(folder) / backups.DUMP
        with step("Database"):
            _dump(database.everything, dump)
        with step("Files"), backups.writing(target) as writer:
            writer.add(dump, backups.DUMP)
            if with_files:
                missing = _add_files(database, writer)
            anchors = Path(
                os.environ.get("QPERF_TRAIL_ANCHORS") or state_folder() / backups.ANCHORS
            )
            if anchors.exists():
                writer.add(anchors, backups.ANCHORS)
            writer.finish(_manifest(database, writer, with_files))
    seconds = time.monotonic() - begun
    size = target.stat().st_size
    noted = {"file": str(target), "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    noted |= {"bytes": str(size), "with_files": str(with_files), "complete": str(not missing)}
    write_private(state_folder() / LAST, json.dumps(noted, indent=1) + "\n")
    say(f"{target}: {len(writer.sha256)} files, {size / 2**20:.1f} MiB, {seconds:.1f} s")
    return missing


def write_keys(target: Path) -> None:
    """The keys that a restored database needs, 0600."""
    keys = {name: key_in_use(name) for name in backups.KEYS}
    write_private(target, json.dumps(keys, indent=1) + "\n")
    say(f"{target}: the keys; keep them apart from the backup")


def key_in_use(name: str) -> str:
    return os.environ.get(f"QPERF_{name.upper()}") or kept_secret(name)


def _dump(url: str, target: Path) -> None:
    done = client_program("pg_dump", url, "-w", "--format=custom", "--file", str(target))
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise SetupError(f"the database cannot be dumped: {lines[0]}")


def _add_files(database: Database, writer: backups.BackupWriter) -> list[str]:
    """Copy what rows name into the backup; names that are missing or damaged."""
    variables = environment_variables() | database.variables() | {"QPERF_DATABASE_LOGIN": "web"}
    done = subprocess.run(
        [str(PYTHON), str(ROOT / "manage.py"), "named_files"],
        env=variables,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise SetupError(f"the files cannot be listed: {done.stderr.strip().splitlines()[-1]}")
    store, missing = store_folder(), []
    found: list[tuple[str, Path]] = []
    for name in done.stdout.split():
        inside = sorted(p for p in (store / name).iterdir()) if (store / name).is_dir() else []
        if inside:
            found += [(f"{name}/{path.name}", path) for path in inside]
        elif (store / name).is_file():
            found.append((name, store / name))
        else:
            missing.append(name)
    needed = sum(path.stat().st_size for _, path in found)
    require_disk(writer.folder, needed, "the backup")
    for name, path in found:
        sha256 = writer.add(path, f"store/{name}")
        if re.fullmatch(r"[0-9a-f]{64}", path.name) and sha256 != path.name:
            missing.append(name)
    return missing


def _manifest(
    database: Database, writer: backups.BackupWriter, with_files: bool
) -> backups.Manifest:
    rows = query(database.everything, "SELECT app || '.' || name FROM django_migrations")
    ours = {path.parent.parent.name for path in ROOT.glob("qperfweb/*/migrations/__init__.py")}
    return backups.Manifest(
        format=backups.FORMAT,
        release=backups.release(),
        made_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        migrations=sorted(row for row in rows.split() if row.partition(".")[0] in ours),
        key_fingerprints={
            name: backups.key_fingerprint(key_in_use(name))
            for name in ("identity_key", "trail_key")
        },
        with_files=with_files,
        sha256=dict(writer.sha256),
    )
