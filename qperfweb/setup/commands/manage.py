"""Run Django's manage.py with this installation's database: ./run manage COMMAND [ARGUMENT ...]

./run manage help lists the commands. migrate and its kin connect as the owner of the tables,
run_worker as the worker, everything else as the web server. The embedded PostgreSQL is started when
it is not running.
"""

from __future__ import annotations

import subprocess
from argparse import Namespace

from qperfweb.setup.databases import Database, open_database
from qperfweb.setup.environment import PYTHON, ROOT, ensure_environment, environment_variables

VERBATIM = True
PASSES_ON = True


def main(options: Namespace, rest: list[str]) -> int:
    ensure_environment()
    with open_database(quiet=True) as database:
        return django(database, *(rest or ["help"]))


def django(database: Database, *arguments: str) -> int:
    """Run manage.py with its output shown; the exit code."""
    command = [str(PYTHON), str(ROOT / "manage.py"), *arguments]
    variables = environment_variables() | database.variables()
    return subprocess.run(command, env=variables).returncode
