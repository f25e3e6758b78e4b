"""Nothing serves with a login that row-level security does not bind."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.db import connection

from qperfweb.core.logins import PrivilegedLogin, refuse_a_privileged_login
from qperfweb.setup.cluster import ADMIN
from tests.database import ROOT


def check_database(own_database, url: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **own_database.environment, "DATABASE_URL": url}
    command = [sys.executable, "manage.py", "check_database"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_the_web_role_is_let_through(own_database):
    done = check_database(own_database, own_database.url("qperf_web"))
    assert (done.returncode, done.stdout) == (0, "the database fits\n")


def test_the_owner_is_refused_in_one_line(own_database):
    done = check_database(own_database, own_database.url("qperf_owner"))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "qperf_owner, the owner of the tables" in done.stderr


def test_a_superuser_is_refused(own_database):
    done = check_database(own_database, own_database.url(ADMIN))
    assert done.returncode == 1
    assert "superuser or BYPASSRLS" in done.stderr


def test_a_connection_that_became_the_owner_is_refused(as_owner):
    with as_owner(), pytest.raises(PrivilegedLogin):
        # The connection stays open here only because the test's transaction needs it.
        refuse_a_privileged_login(connection=_StaysOpen(), sender=None)


class _StaysOpen:
    """The test's connection, minus closing."""

    def cursor(self):
        return connection.cursor()

    def close(self) -> None:
        pass
