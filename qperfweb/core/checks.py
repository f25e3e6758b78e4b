"""Settings checked before the site is served, and by ``./run manage check``."""

from __future__ import annotations

import os
import stat
from typing import Any

from django.conf import settings
from django.core import checks
from django.db import DatabaseError

from qperfweb.core.logins import PrivilegedLogin
from qperfweb.core.schema import schema_state
from qperfweb.core.sink import sink_of


def register_all() -> None:
    checks.register(check_state_folder, "security")
    checks.register(check_exposure, "security")
    checks.register(check_object_store, "security")
    checks.register(check_trail_sink, "security")
    checks.register(check_database, checks.Tags.database)


def check_state_folder(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Patients' images and the signing key lie there."""
    folder = settings.STATE_DIR
    if folder.exists() and stat.S_IMODE(folder.stat().st_mode) & 0o077:
        return [
            checks.Error(
                f"the state folder {folder} is open to other users",
                hint="chmod 700 it; ./run makes it so",
                id="qperf.E001",
            )
        ]
    return []


def check_exposure(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Served under another name than this machine's loopback, it must be TLS without DEBUG."""
    local = {"localhost", "127.0.0.1", "[::1]", "testserver"}
    if set(settings.ALLOWED_HOSTS) <= local:
        return []
    found: list[checks.CheckMessage] = []
    if settings.DEBUG:
        found.append(
            checks.Error(
                "QPERF_DEBUG shows data of every kind on error pages",
                hint="unset QPERF_DEBUG where others can reach the server",
                id="qperf.E002",
            )
        )
    if not settings.HTTPS:
        found.append(
            checks.Warning(
                "QPERF_ALLOWED_HOSTS names other hosts, but cookies may travel without TLS",
                hint="put a TLS proxy in front and set QPERF_HTTPS=1 (docs/operations.md)",
                id="qperf.W003",
            )
        )
    return found


def check_object_store(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """An address that is not understood would leave the files on one machine, unnoticed."""
    address = os.environ.get("QPERF_OBJECT_STORE", "")
    if not address or "objects" in settings.STORAGES:
        return []
    return [
        checks.Error(
            "QPERF_OBJECT_STORE is not an address of the form s3://bucket/folder",
            hint="unset it, or name bucket and folder; the server is QPERF_OBJECT_STORE_ENDPOINT",
            id="qperf.E007",
        )
    ]


def check_trail_sink(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """A log server that is named wrongly would get nothing, unnoticed."""
    try:
        sink_of(settings.TRAIL_SINK, settings.TRAIL_SINK_FORMAT)
    except ValueError as error:
        return [checks.Error(str(error), id="qperf.E008")]
    return []


def check_database(
    app_configs: Any, databases: Any = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """The login is bound by row-level security, and the schema is the code's."""
    if not databases or settings.DATABASE_LOGIN == "owner":
        return []
    try:
        state = schema_state()
    except PrivilegedLogin as error:
        return [checks.Error(str(error), id="qperf.E004")]
    except DatabaseError as error:
        first_line = (str(error).strip().splitlines() or ["no answer"])[0]
        return [checks.Error(f"the database cannot be used: {first_line}", id="qperf.E005")]
    if state.fits:
        return []
    return [checks.Error(state.problem, id="qperf.E006")]
