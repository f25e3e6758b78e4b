"""Make the data that a release leaves behind, for test_upgrade.py.

Run it with the code of that release, from its checkout::

    QPERF_STATE=/tmp/release python tests/upgrade/make_release_dump.py tests/upgrade/release-0.1.0

It writes release-0.1.0.dump (pg_dump's custom format) and release-0.1.0.json: the number of rows of
every table, the invented patient's name, and the keys, which open nothing but this.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, os.getcwd())
KEYS = {
    f"QPERF_{name}": base64.urlsafe_b64encode(name.ljust(32, ".").encode()).decode()
    for name in ("SECRET_KEY", "IDENTITY_KEY", "TRAIL_KEY")
}
COUNTS = """
    SELECT format('SELECT %L, count(*) FROM %I', tablename, tablename) FROM pg_tables
    WHERE schemaname = 'public' ORDER BY tablename
"""


def main(target: Path) -> None:
    from tests import database

    server = database.start_server()
    try:
        template = database.migrated_template(server)
        with database.clone(server, template) as own:
            with tempfile.TemporaryDirectory() as store:
                environment = {**os.environ, **KEYS, **own.environment, "QPERF_STORE": store}
                environment["DATABASE_URL"] = (
                    f"postgresql://{database.TEST_LOGIN}:{database.test_password(server)}"
                    f"@127.0.0.1:{server.cluster.port}/{own.name}?options=-c%20role%3Dqperf_web"
                )
                code = f"import runpy; runpy.run_path({__file__!r})['fill']()"
                subprocess.run([sys.executable, "-c", code], env=environment, check=True)
            counts = {}
            for statement in server.psql(COUNTS, database=own.name).stdout.splitlines():
                table, _, rows = (
                    server.psql(statement, database=own.name).stdout.strip().partition("|")
                )
                counts[table] = int(rows)
            dump = [str(server._programs / "pg_dump"), "--format=custom", "--compress=9"]
            url = server.url("qperf_admin", own.name)
            subprocess.run([*dump, "-f", f"{target}.dump", url], check=True)
        facts = {"rows": counts, "keys": KEYS, "patient": "Simulated^Exam1"}
        Path(f"{target}.json").write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")
    finally:
        server.stop()


def fill() -> None:
    """Two studies; one reading drawn in, overridden, signed and added to, the other a draft."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "qperfweb.settings"
    import django

    django.setup()
    from django.db import connection

    from qperfweb.accounts.models import Membership, Site, User
    from qperfweb.core import seal
    from qperfweb.core.rls import site_scope
    from qperfweb.reviews.confirmation import Confirmation
    from qperfweb.reviews.services import reading_edit, reading_open
    from qperfweb.reviews.signing import addendum_add, reading_sign
    from tests.runs.examples import a_finished_run, a_study

    def become(role: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {role}")

    site = Site.objects.create(slug="north", name="North Hospital")
    reader = User.objects.create_user("rowan", "not a password of anybody", full_name="R. Reader")
    Membership.objects.create(user=reader, site=site, role="reader")
    proof = Confirmation(user_id=reader.pk, method="password")
    for number in (1, 2):
        with site_scope([site.pk]):
            study = a_study(site, number)
            become("qperf_worker")
            a_finished_run(study)
            become("qperf_web")
            reading = reading_open(study, reader)
            edit = {"kind": "override", "condition": "stress", "segment": 4, "value": 1.5}
            edit |= {"reason": "dark rim", "base_revision": reading.revision}
            reading = reading_edit(reading, reader, edit)
            if number == 1:
                flag = {"kind": "acknowledge", "flag": "stress_mid:check-contour"}
                flag |= {"base_revision": reading.revision}
                reading = reading_edit(reading, reader, flag)
                reading = reading_sign(
                    reading, reader, base_revision=reading.revision, confirmation=proof,
                    meaning="author",
                )  # fmt: skip
                addendum_add(reading, reader, text="Seen again.", confirmation=proof)
    become("qperf_worker")
    seal.seal_trail()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
