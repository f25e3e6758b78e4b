"""A database of another release is noticed before anything is served."""

from __future__ import annotations

import os
import subprocess
import sys

from django.db import connection

from qperfweb.core.schema import schema_state
from tests.database import ROOT

NEWER = "INSERT INTO django_migrations (app, name, applied) VALUES ('core', '9999_later', now())"


def test_the_migrated_database_fits(db):
    assert schema_state().problem == ""


def test_a_newer_database_is_not_served_and_not_migrated(own_database, as_owner):
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(NEWER)
    assert "belongs to a newer release (it has core.9999_later" in schema_state().problem
    for command in ("check_database", "migrate"):
        done = subprocess.run(
            [sys.executable, "manage.py", command],
            cwd=ROOT,
            env={**os.environ, **own_database.environment},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert "belongs to a newer release" in done.stderr


def test_a_missing_migration_is_named_with_its_remedy(own_database, as_owner):
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'core' AND name LIKE '0002%'")
    assert schema_state().problem == "the database needs 1 migration(s): ./run manage migrate"
