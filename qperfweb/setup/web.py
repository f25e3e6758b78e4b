"""The web server and the worker as processes."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from qperfweb.setup.cluster import free_port
from qperfweb.setup.console import SetupError
from qperfweb.setup.databases import Database
from qperfweb.setup.environment import PYTHON, ROOT, environment_variables
from qperfweb.setup.processes import Child


def web_server(database: Database, host: str, port: int, log: Path | None = None) -> Child:
    """uvicorn with the web login; the owner's address is not in its environment."""
    command = [str(PYTHON), "-m", "uvicorn", "qperfweb.asgi:application"]
    command += ["--host", host, "--port", str(port), "--no-access-log", "--no-server-header"]
    command += ["--lifespan", "off", "--timeout-graceful-shutdown", "10", "--log-level", "warning"]
    variables = environment_variables() | {
        "DATABASE_URL": database.web,
        "QPERF_DATABASE_LOGIN": "web",
        "QPERF_DATABASE_KEPT": "1",
    }
    variables.pop("DATABASE_OWNER_URL", None)
    variables.pop("DATABASE_WORKER_URL", None)
    return Child("web server", command, variables, log)


def worker(database: Database, arguments: Sequence[str] = (), log: Path | None = None) -> Child:
    """One worker with the worker's login."""
    command = [str(PYTHON), str(ROOT / "manage.py"), "run_worker", *arguments]
    variables = environment_variables() | {
        "DATABASE_URL": database.worker or database.web,
        "QPERF_DATABASE_LOGIN": "worker",
    }
    variables.pop("DATABASE_OWNER_URL", None)
    variables.pop("DATABASE_WORKER_URL", None)
    return Child("worker", command, variables, log)


def dicom_listener(
    database: Database, arguments: Sequence[str] = (), log: Path | None = None
) -> Child:
    """The C-STORE receiver with the web login: it takes objects in as an upload does."""
    variables = environment_variables() | {
        "DATABASE_URL": database.web,
        "QPERF_DATABASE_LOGIN": "web",
    }
    variables.pop("DATABASE_OWNER_URL", None)
    variables.pop("DATABASE_WORKER_URL", None)
    command = [str(PYTHON), str(ROOT / "manage.py"), "dicom_listener", *arguments]
    return Child("DICOM listener", command, variables, log)


def dicom_is_configured() -> bool:
    """Is there anything to receive or to send? QPERF_DICOM=1 says so for what sites set."""
    settings = environment_variables()
    names = (
        "QPERF_DICOM",
        "QPERF_DICOM_CALLERS",
        "QPERF_DICOM_DESTINATIONS",
        "QPERF_WATCH_FOLDERS",
    )
    return any(settings.get(name) for name in names)


def require_fitting_database(database: Database, login: str) -> None:
    """Refuse to start on a login or a schema that does not fit, in one line."""
    variables = environment_variables() | database.variables() | {"QPERF_DATABASE_LOGIN": login}
    done = subprocess.run(
        [str(PYTHON), str(ROOT / "manage.py"), "check_database"],
        env=variables,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise SetupError(lines[-1].removeprefix("CommandError: ") if lines else "no answer")


def port_is_free(host: str, port: int) -> bool:
    """Can a server listen there?"""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def next_free_port(host: str, wanted: int) -> int:
    """``wanted``, else one of the twenty above it, else any."""
    for port in range(wanted, min(wanted + 20, 65536)):
        if port_is_free(host, port):
            return port
    return free_port()


def is_up(address: str) -> bool:
    """Is our web server there and ready for work?"""
    direct = build_opener(ProxyHandler({}))
    try:
        with direct.open(f"{address}readyz", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False
