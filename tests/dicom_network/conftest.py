"""A web server of its own over a database of its own, for real DICOM clients."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Server:
    address: str
    environment: dict[str, str]


@pytest.fixture
def environment(own_database: Any, settings: Any, tmp_path: Path) -> dict[str, str]:
    """For a process that shares this test's database, store and keys."""
    return {
        **os.environ,
        **own_database.environment,
        "QPERF_STATE": str(tmp_path / "state"),
        "QPERF_STORE": str(settings.STORE_DIR),
        "QPERF_SECRET_KEY": settings.SECRET_KEY,
        "QPERF_IDENTITY_KEY": settings.IDENTITY_KEY,
        "OMP_NUM_THREADS": "1",
    }


@pytest.fixture
def server(environment: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "qperfweb.asgi:application"]
    command += ["--port", str(port), "--log-level", "warning", "--lifespan", "off"]
    kept = environment | {"QPERF_DATABASE_KEPT": "1"}  # as ./run serve has it
    with process(command, kept, tmp_path / "web.log"):
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: bool(urllib.request.urlopen(f"{address}/readyz", timeout=5)))
        yield Server(address, environment)


@pytest.fixture
def listener(
    environment: dict[str, str], site: Any, other_site: Any, tmp_path: Path
) -> Iterator[int]:
    """The port of a running receiver: SCANNER sends for north, ELSEWHERE from afar for south."""
    port = free_port()
    log = tmp_path / "listener.log"
    callers = f"SCANNER={site.slug},ELSEWHERE@10.9.9.9={other_site.slug}"
    command = [sys.executable, "manage.py", "dicom_listener", "--host", "127.0.0.1"]
    command += ["--port", str(port)]
    with process(command, environment | {"QPERF_DICOM_CALLERS": callers}, log):
        wait_for(lambda: b"listens" in log.read_bytes())
        yield port


@pytest.fixture
def token_of(user_of: Any) -> Any:
    """``token_of(site, role, scope)``: the text of a token of a new person."""
    from qperfweb.accounts.tokens import create_token

    def make(site: Any, role: str = "reader", scope: str = "send") -> str:
        lasting = timedelta(days=1)
        return create_token(user_of(role, site), site, scope=scope, name="test", valid_for=lasting)

    return make


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(
    command: list[str], environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        running = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield running
        finally:
            running.terminate()
            try:
                running.wait(30)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def wait_for(ready: Any, seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            if ready():
                return
        except OSError:
            pass
        assert time.monotonic() < until, "it did not come up"
        time.sleep(0.2)


def wait_for_delivery(site: Any) -> None:
    """Until a delivery to the site is finished."""
    from qperfweb.core.rls import site_scope
    from qperfweb.studies.models import IntakeBatch

    def arrived() -> bool:
        with site_scope([site.pk]):
            return IntakeBatch.objects.filter(finished_at__isnull=False).exists()

    wait_for(arrived)
