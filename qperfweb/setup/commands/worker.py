"""Analyse what comes in until interrupted: one exam at a time.

Start as many as there are processors to spare, on any machine that reaches the database
(DATABASE_WORKER_URL or DATABASE_URL of the role qperf_worker) and the store (QPERF_STORE). Unknown
arguments go to ./run manage run_worker.
"""

from __future__ import annotations

from argparse import Namespace

from qperfweb.setup.console import say
from qperfweb.setup.databases import open_database
from qperfweb.setup.environment import ensure_environment
from qperfweb.setup.processes import Supervisor
from qperfweb.setup.web import require_fitting_database, worker

PASSES_ON = True


def main(options: Namespace, rest: list[str]) -> int:
    ensure_environment()
    with open_database() as database, Supervisor(database) as supervisor:
        require_fitting_database(database, "worker")
        supervisor.start(worker(database, rest))
        say("Working (Ctrl-C stops)")
        supervisor.watch()
    return 0
