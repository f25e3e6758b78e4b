"""The account under which PostgreSQL runs when ``./run`` is root: PostgreSQL refuses to be root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qperfweb.setup.console import SetupError

NAME = "qperfweb"


@dataclass(frozen=True, kw_only=True)
class RunAs:
    """Whose processes and files the database server's are; ``None`` means our own."""

    uid: int | None = None
    gid: int | None = None

    def popen_options(self) -> dict[str, Any]:
        """Arguments of ``subprocess`` that change to this user."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: os.PathLike[str]) -> None:
        """Give one file or folder (never its parents) to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def database_user(cluster_folder: Path | None) -> RunAs:
    """Ourselves; as root the owner of an existing cluster, else the system user ``qperfweb``."""
    if os.geteuid() != 0:
        return RunAs()
    if cluster_folder is not None and cluster_folder.exists():
        owner = cluster_folder.stat()
        return RunAs(uid=owner.st_uid, gid=owner.st_gid)
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        _make()
        entry = pwd.getpwnam(NAME)
    return RunAs(uid=entry.pw_uid, gid=entry.pw_gid)


def _make() -> None:
    if shutil.which("useradd"):
        command = ["useradd", "--system", "--user-group", "--no-create-home"]
        command += ["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", NAME]
    elif shutil.which("adduser"):  # BusyBox
        command = ["adduser", "-S", "-D", "-H", "-h", "/nonexistent", "-s", "/sbin/nologin", NAME]
    else:
        raise SetupError(
            f"PostgreSQL cannot run as root and there is no useradd to make a user {NAME}: "
            "start as a normal user or make that user"
        )
    done = subprocess.run(command, capture_output=True, text=True)
    # Another ./run may have made it in the meantime: useradd then exits with 9.
    if done.returncode not in (0, 9):
        raise SetupError(f"cannot make the system user {NAME}: {done.stderr.strip()}")
