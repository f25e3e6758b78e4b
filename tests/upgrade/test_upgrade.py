"""What earlier releases left behind is migrated without losing a row, and still verifies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from qperfweb.setup.cluster import ADMIN
from qperfweb.setup.databases import client_program, query
from tests import database as databases
from tests.database import ROOT

HERE = Path(__file__).parent
RELEASES = sorted(path.stem for path in HERE.glob("release-*.dump"))

LOOK = """
from qperfweb.accounts.models import Site
from qperfweb.core.rls import site_scope
from qperfweb.reviews.models import Reading
from qperfweb.reviews.signing import signed_document
from qperfweb.studies.identity import open_identity
from qperfweb.studies.models import Study
with site_scope(Site.objects.values_list("pk", flat=True)):
    study = Study.objects.order_by("pk").first()
    print(open_identity(study.patient.identity).name)
    print(study.runs.get().segments.count())
    print(sorted(Reading.objects.values_list("state", flat=True)))
"""


@pytest.mark.parametrize("release", RELEASES)
def test_data_of_an_earlier_release_is_migrated_whole(release, database_server, tmp_path):
    facts = json.loads((HERE / f"{release}.json").read_text("utf-8"))
    with databases.clone(database_server, "template0") as own:
        restored = client_program(
            "pg_restore", own.url("qperf_owner"), "-w", "--no-owner", "--exit-on-error",
            str(HERE / f"{release}.dump"),
        )  # fmt: skip
        assert restored.returncode == 0, restored.stderr
        environment = {**os.environ, **own.environment, **facts["keys"]}
        environment |= {"QPERF_STATE": str(tmp_path / "state")}

        def manage(*arguments):
            command = [sys.executable, "-W", "ignore", "manage.py", *arguments]
            done = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr[-3000:]
            return done.stdout

        manage("migrate", "-v", "0")
        assert "fits" in manage("check_database")
        for table, rows in facts["rows"].items():
            if table.startswith(("django_", "auth_")):
                continue  # the record of migrations grows with them
            kept = query(own.url(ADMIN), f"SELECT count(*) FROM {table}")
            assert int(kept) >= rows, table
        said = manage("shell", "--verbosity", "0", "-c", LOOK).splitlines()
        assert said == [facts["patient"], "32", "['draft', 'signed']"]


def test_there_is_an_earlier_release_to_upgrade_from():
    assert "release-0.1.0" in RELEASES
