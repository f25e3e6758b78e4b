"""The script that makes database and roles, with names and passwords filled in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

ROLES = ("qperf_owner", "qperf_web", "qperf_worker")


def roles_script(passwords: Mapping[str, str], database: str) -> str:
    """roles.sql with its variables set inside, so that no password is on a command line."""
    known = [f"\\set database '{database}'"]
    for role in ROLES:
        known.append(f"\\set {role.removeprefix('qperf_')}_password '{passwords[role]}'")
    script = (Path(__file__).parent / "roles.sql").read_text(encoding="utf-8")
    return "\n".join([*known, script])
