"""Receive DICOM objects, empty watched folders and send results until interrupted.

The network page of each site or QPERF_DICOM_CALLERS says who may send by C-STORE and which site
receives: SCANNER1=north,PACS@10.0.0.5=south. Everybody else is refused. QPERF_DICOM_AE_TITLE and
QPERF_DICOM_PORT are what senders call.
"""

from __future__ import annotations

from argparse import Namespace

from qperfweb.setup.console import say
from qperfweb.setup.databases import open_database
from qperfweb.setup.environment import ensure_environment
from qperfweb.setup.processes import Supervisor
from qperfweb.setup.web import dicom_listener, require_fitting_database

PASSES_ON = True


def main(options: Namespace, rest: list[str]) -> int:
    ensure_environment()
    with open_database() as database, Supervisor(database) as supervisor:
        require_fitting_database(database, "web")
        supervisor.start(dicom_listener(database, rest))
        say("Receiving DICOM (Ctrl-C stops)")
        supervisor.watch()
    return 0
