"""A real S3 server for tests: moto's, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.dicom_network.conftest import free_port, process, wait_for

BUCKET = "hospital"


@dataclass(frozen=True)
class S3Server:
    """Where it answers, and how a process or this one is told to use it."""

    endpoint: str
    running: subprocess.Popen[bytes]

    @property
    def environment(self) -> dict[str, str]:
        return {
            "QPERF_OBJECT_STORE": f"s3://{BUCKET}/qperf",
            "QPERF_OBJECT_STORE_ENDPOINT": self.endpoint,
            "QPERF_OBJECT_STORE_KEY": "test",
            "QPERF_OBJECT_STORE_SECRET": "test",
            "QPERF_OBJECT_STORE_REGION": "us-east-1",
        }

    def storages(self, others: dict[str, Any]) -> dict[str, Any]:
        """settings.STORAGES of a process that uses it."""
        from botocore.config import Config

        return {
            **others,
            "objects": {
                "BACKEND": "storages.backends.s3.S3Storage",
                "OPTIONS": {
                    "bucket_name": BUCKET,
                    "location": "qperf",
                    "endpoint_url": self.endpoint,
                    "access_key": "test",
                    "secret_key": "test",
                    "region_name": "us-east-1",
                    "file_overwrite": True,
                    "default_acl": None,
                    "client_config": Config(
                        connect_timeout=1,
                        retries={"max_attempts": 1},
                        s3={"addressing_style": "path"},
                    ),
                },
            },
        }


@contextmanager
def s3_server(folder: Any) -> Iterator[S3Server]:
    """An empty server with one bucket."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-p", str(port)]
    with process(command, {"PATH": "/usr/bin:/bin"}, folder / "s3.log") as running:
        endpoint = f"http://127.0.0.1:{port}"
        wait_for(lambda: bool(urllib.request.urlopen(f"{endpoint}/moto-api/", timeout=5)))
        make = urllib.request.Request(f"{endpoint}/{BUCKET}", method="PUT")
        urllib.request.urlopen(make, timeout=5).close()
        yield S3Server(endpoint, running)
