"""Bring a backup back: ./run restore FILE [--keys KEYS]

The file is read whole and verified first; nothing is touched when a byte is wrong. The database
must be empty, or --replace moves it aside (never removes it). Files that the store has already
stay. A backup of an older release is migrated; one of a newer release is refused. At the end rows
and files are held against each other.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from qperfweb.setup import backups
from qperfweb.setup.cluster import ADMIN
from qperfweb.setup.commands.backup import key_in_use
from qperfweb.setup.commands.manage import django
from qperfweb.setup.console import SetupError, say, step
from qperfweb.setup.databases import Database, client_program, open_database, psql, query
from qperfweb.setup.environment import ensure_environment, require_disk
from qperfweb.setup.postgres import DATABASE
from qperfweb.setup.state import (
    anchors_file,
    make_state_folder,
    state_folder,
    store_folder,
    write_private,
)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="what ./run backup made")
    parser.add_argument("--keys", type=Path, help="the keys that ./run backup --keys wrote")
    parser.add_argument(
        "--replace", action="store_true", help="move the present (embedded) database aside first"
    )


def main(options: Namespace, rest: list[str]) -> int:
    if not options.file.is_file():
        raise SetupError(f"there is no {options.file}")
    ensure_environment()
    make_state_folder()
    with step("Verify the backup"):
        manifest = backups.verified_manifest(options.file)
    backups.require_older_or_same(manifest)
    require_disk(state_folder(), options.file.stat().st_size, "what is restored")
    take_keys(manifest, options.keys)
    with open_database(quiet=True) as database:
        restore(database, options.file, replace=options.replace)
        with step(f"Migrations since release {manifest.release}"):
            if django(database, "migrate", "-v", "0", "--skip-checks") != 0:
                raise SetupError("the restored database could not be migrated")
        say("Rows and files:")
        return django(database, "doctor")


def restore(database: Database, backup: Path, *, replace: bool) -> None:
    """Database and files of a verified backup. Raises SetupError when the database is not empty."""
    if not database.owner:
        raise SetupError("a restore makes tables: set DATABASE_OWNER_URL (docs/operations.md)")
    _make_room(database, replace=replace)
    with tempfile.TemporaryDirectory(prefix="restore-", dir=state_folder()) as folder:
        dump = Path(folder) / backups.DUMP
        with step("Files"):
            new = backups.extract(backup, dump=dump, store=store_folder(), anchors=anchors_file())
        say(f"  -- {new} file(s) were not in the store yet")
        with step("Database"):
            options = ["-w", "--exit-on-error", "--single-transaction", "--no-owner"]
            done = client_program("pg_restore", database.owner, *options, str(dump))
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or ["no message"]
            raise SetupError(f"the database cannot be restored: {lines[0]}")
    # The planner knows nothing of restored tables until it has looked at them.
    psql(database.owner, "ANALYZE;")


def take_keys(manifest: backups.Manifest, given: Path | None) -> None:
    """Put the keys into the state folder, or see that the right ones are there.

    Raises SetupError when the present key is another one: names would be lost behind it.
    """
    keys = json.loads(given.read_text("utf-8")) if given else {}
    for name, fingerprint in manifest.key_fingerprints.items():
        key = keys.get(name, "")
        path = state_folder() / name
        if key and backups.key_fingerprint(key) != fingerprint:
            raise SetupError(f"{given} holds another {name} than the backup needs")
        if not path.exists() and not os.environ.get(f"QPERF_{name.upper()}"):
            if not key:
                raise SetupError(
                    f"the backup needs the {name} of its installation: give --keys, or copy that "
                    f"file to {path}"
                )
            write_private(path, key + "\n")
        if backups.key_fingerprint(key_in_use(name)) != fingerprint:
            raise SetupError(f"the {name} of this installation is not that of the backup")


def _make_room(database: Database, *, replace: bool) -> None:
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    if query(database.owner, tables) == "0":
        return
    server = database.embedded
    if not replace or server is None:
        raise SetupError(
            "the database is not empty: name an empty one, another QPERF_STATE, or give --replace "
            "to move the embedded one aside"
        )
    aside = f"{DATABASE}_before_{time.strftime('%Y%m%d_%H%M%S')}"
    others = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{DATABASE}'"
    if query(server.url(ADMIN, "postgres"), others) != "0":
        raise SetupError("the database is in use: stop web server, workers and listener first")
    done = server.psql(
        f"ALTER DATABASE {DATABASE} RENAME TO {aside};\n"
        f"CREATE DATABASE {DATABASE} OWNER qperf_owner TEMPLATE template0 ENCODING 'UTF8';\n"
        f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;\n"
        f"GRANT CONNECT ON DATABASE {DATABASE} TO qperf_owner, qperf_web, qperf_worker;\n"
    )
    if done.returncode != 0:
        raise SetupError(f"the database cannot be moved aside: {done.stderr.strip()}")
    say(f"  -- the database that was there is now called {aside}")
