"""What work costs, however busy the machine is; for the benchmarks."""

from __future__ import annotations

import os
import time
from pathlib import Path

from django.db import connection


def processor_s() -> float:
    """Processor time of this process and, on Linux, its database backend: what a busy machine
    does not change. Ticks of 10 ms, so meaningful over several questions only."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    ticks = 0
    if backend.exists():
        fields = backend.read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")
