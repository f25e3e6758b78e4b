"""The state folder: everything that an installation must keep, outside the source tree."""

from __future__ import annotations

import base64
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from qperfweb.setup.console import SetupError

OURS = frozenset({"secret_key", "identity_key", "trail_key", "database.json", "demo.lock"})


def state_folder() -> Path:
    """QPERF_STATE, else XDG_STATE_HOME/qperfweb, else ~/.local/state/qperfweb. Not created here."""
    named = os.environ.get("QPERF_STATE")
    if named:
        return Path(named).expanduser().resolve()
    base = os.environ.get("XDG_STATE_HOME")
    parent = Path(base) if base else Path.home() / ".local" / "state"
    return (parent / "qperfweb").resolve()


def store_folder() -> Path:
    """QPERF_STORE, else ``store`` in the state folder. Not created here."""
    named = os.environ.get("QPERF_STORE")
    return Path(named).expanduser().resolve() if named else state_folder() / "store"


def anchors_file() -> Path:
    """QPERF_TRAIL_ANCHORS, else ``trail-anchors.txt`` in the state folder."""
    return Path(os.environ.get("QPERF_TRAIL_ANCHORS") or state_folder() / "trail-anchors.txt")


def make_state_folder() -> Path:
    """Create the state folder for its owner alone; its parents keep their permissions.

    A folder that was made beforehand is closed to others when it is empty or ours already; one
    that holds something else is somebody's, and is left as it is.
    """
    folder = state_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        content = {entry.name for entry in folder.iterdir()}
        if content and not content & OURS:
            raise SetupError(
                f"the state folder {folder} is open to others and holds other things: "
                "chmod 700 it, or name another with QPERF_STATE"
            )
        folder.chmod(0o700)
    return folder


def write_private(path: Path, content: str) -> None:
    """Replace a file in one step; only its owner can read it (0600)."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(draft, path)


def kept_secret(name: str, *, size: int = 32) -> str:
    """A secret of this installation, made when first asked for and kept there (0600).

    size: random bytes; 32 of them in URL-safe base64 are also the form of a Fernet key.
    """
    folder = make_state_folder()
    path = folder / name
    if not path.exists():
        draft = folder / f".{name}.{secrets.token_hex(4)}"
        write_private(draft, base64.urlsafe_b64encode(secrets.token_bytes(size)).decode() + "\n")
        # Two processes may start at once: link() refuses to replace, so both read the same key.
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text(encoding="utf-8").strip()
