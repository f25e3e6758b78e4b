"""Serve the site until interrupted.

The database must be migrated (./run manage migrate). Put a TLS proxy in front where others can
reach it, and set QPERF_HTTPS=1 and QPERF_ALLOWED_HOSTS (docs/operations.md). With
QPERF_DICOM=1, or where QPERF_DICOM_CALLERS, QPERF_DICOM_DESTINATIONS or QPERF_WATCH_FOLDERS is set,
the DICOM listener is started too.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from qperfweb.setup.console import SetupError, say
from qperfweb.setup.databases import open_database
from qperfweb.setup.environment import ensure_environment
from qperfweb.setup.frontend import ensure_frontend
from qperfweb.setup.processes import Supervisor
from qperfweb.setup.web import (
    dicom_is_configured,
    dicom_listener,
    port_is_free,
    require_fitting_database,
    web_server,
)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (8000)")


def main(options: Namespace, rest: list[str]) -> int:
    ensure_environment()
    ensure_frontend()
    if not port_is_free(options.host, options.port):
        raise SetupError(f"port {options.port} is taken: choose another with --port")
    with open_database() as database, Supervisor(database) as supervisor:
        require_fitting_database(database, "web")
        supervisor.start(web_server(database, options.host, options.port))
        if dicom_is_configured():
            supervisor.start(dicom_listener(database))
        say(f"Serving http://{options.host}:{options.port}/ (Ctrl-C stops)")
        supervisor.watch()
    return 0
