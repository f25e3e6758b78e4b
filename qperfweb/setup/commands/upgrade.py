"""Bring the database to this release, with a backup first: ./run upgrade

Stop web server, workers and listener before. The database is backed up into the state folder
(migrations do not touch files of the store), then migrated. When a migration fails, the database is
as it was: PostgreSQL undoes what a failed migration began.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from qperfweb.setup import backups
from qperfweb.setup.commands.backup import back_up
from qperfweb.setup.commands.manage import django
from qperfweb.setup.console import SetupError, say
from qperfweb.setup.databases import Database, open_database, query
from qperfweb.setup.environment import ensure_environment
from qperfweb.setup.frontend import ensure_frontend
from qperfweb.setup.state import state_folder


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--backup", type=Path, help="where to put the backup (state folder)")


def main(options: Namespace, rest: list[str]) -> int:
    ensure_environment()
    ensure_frontend()
    with open_database(quiet=True) as database:
        return upgrade(database, options.backup)


def upgrade(database: Database, target: Path | None = None) -> int:
    """Back up and migrate; raises SetupError while something else uses the database."""
    if not database.owner:
        raise SetupError("an upgrade changes tables: set DATABASE_OWNER_URL (docs/operations.md)")
    if is_current(database):
        say("The database is of this release already.")
        return 0
    busy = "SELECT count(*) FROM pg_stat_activity WHERE usename IN ('qperf_web', 'qperf_worker') "
    busy += "AND datname = current_database()"
    if query(database.owner, busy) != "0":
        raise SetupError("something uses the database: stop web server, workers and listener first")
    if query(database.owner, "SELECT to_regclass('django_migrations') IS NOT NULL") == "t":
        when = time.strftime("%Y%m%d-%H%M%S")
        target = target or state_folder() / "backups" / f"before-{backups.release()}-{when}.tar"
        back_up(database, target, with_files=False)
    return django(database, "migrate", "-v", "1")


def is_current(database: Database) -> bool:
    """Has every migration of this release been applied?"""
    return django(database, "migrate", "--check", "-v", "0", "--skip-checks") == 0
