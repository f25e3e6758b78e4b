"""``.venv``: made from requirements.txt, and again whenever that changes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from qperfweb.setup.console import SetupError, say, step
from qperfweb.setup.locks import exclusive

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
RUNTIME = ("requirements.txt",)
DEVELOPMENT = ("requirements-dev.txt", "requirements.txt")
NEEDED_BYTES = 3 * 1024**3

_NO_NETWORK = (
    "NewConnectionError",
    "Name or service not known",
    "Temporary failure in name resolution",
    "Connection refused",
    "Network is unreachable",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "Read timed out",
    "ProxyError",
    "Could not fetch URL",
    "No matching distribution found",
)


def ensure_environment(*, development: bool = False) -> None:
    """Make ``.venv`` and install what is missing; a moment when nothing has changed."""
    VENV.mkdir(exist_ok=True)
    with exclusive(VENV / ".lock"):
        files = DEVELOPMENT if development else RUNTIME
        wanted = _fingerprint(files)
        usable = _is_usable()
        if usable and wanted in _stamps():
            return
        require_disk(VENV, NEEDED_BYTES, "the Python packages")
        if not usable:
            with step("Python environment in .venv"):
                _make()
        with step("Python packages (first time: several minutes)"):
            _install(files[0])
        installed = {wanted, _fingerprint(RUNTIME)}
        _stamp_file().write_text("\n".join(sorted(installed)) + "\n", encoding="utf-8")


def site_packages() -> Path:
    """Where ``.venv`` keeps its packages."""
    found = sorted(VENV.glob("lib/python3.*/site-packages"))
    if not found:
        raise SetupError("there is no .venv yet: ./run setup")
    return found[-1]


def require_disk(folder: Path, needed_bytes: int, what: str) -> None:
    """Refuse before a disk is full instead of after."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        gigabytes = 1024**3
        raise SetupError(
            f"not enough disk for {what}: {needed_bytes / gigabytes:.1f} GiB needed, "
            f"{free / gigabytes:.1f} GiB free at {folder}"
        )


def _is_usable() -> bool:
    """Does ``.venv`` hold a Python that works and is new enough? It may have been uninstalled."""
    try:
        code = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
        return subprocess.run([PYTHON, "-c", code], capture_output=True).returncode == 0
    except OSError:
        return False


def _make() -> None:
    # A lock file of ours lies in the folder, so clear what is there instead of the folder itself.
    for entry in VENV.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != ".lock":
            entry.unlink()
    done = subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True, text=True)
    if done.returncode != 0:
        if "ensurepip" in done.stdout + done.stderr:
            raise SetupError(
                "this Python cannot make environments: install its venv module "
                f"(Debian: apt-get install python3-venv), or start with another: {sys.executable}"
            )
        raise SetupError(f"cannot make .venv: {(done.stderr or done.stdout).strip()}")


def _install(requirements: str) -> None:
    log = VENV / "install.log"
    command = [str(PYTHON), "-m", "pip", "install", "--no-input", "--progress-bar", "off"]
    command += ["--disable-pip-version-check", "--retries", "2", "--no-compile"]
    command += ["--requirement", requirements, "--constraint", "constraints.txt"]
    output = _follow(command, log)
    if output is None:
        _compile()
        return
    if "No space left on device" in output:
        raise SetupError(f"the disk became full while installing (see {log})")
    if any(sign in output for sign in _NO_NETWORK):
        raise SetupError(
            f"cannot download the Python packages: no network, or the index lacks one (see {log})"
        )
    errors = [line for line in output.splitlines() if line.startswith("ERROR")]
    raise SetupError(f"pip failed: {errors[-1] if errors else 'no message'} (see {log})")


def _compile() -> None:
    """Byte code of what was installed, on all processors; pip itself uses one. What fails here is
    no module that anybody imports."""
    command = [str(PYTHON), "-m", "compileall", "-q", "-j", "0", str(site_packages())]
    subprocess.run(command, capture_output=True)


def _follow(command: Sequence[str], log: Path) -> str | None:
    """Run with output to ``log``, telling every few seconds how far it is; None when it worked."""
    told = time.monotonic()
    with (
        open(log, "w", encoding="utf-8") as file,
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            file.write(line)
            file.flush()
            if line.startswith(("Collecting", "Installing")) and time.monotonic() - told > 5:
                told = time.monotonic()
                say(f"     {line.strip()[:90]}")
    if process.returncode == 0:
        return None
    return log.read_text(encoding="utf-8")


def _fingerprint(files: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for name in (*files, "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return f"{files[0]} {digest.hexdigest()}"


def _stamp_file() -> Path:
    return VENV / "installed"


def _stamps() -> list[str]:
    try:
        return _stamp_file().read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def environment_variables() -> dict[str, str]:
    """For programs of ``.venv``: its folder first on the PATH, nothing of an outer one."""
    inherited = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "VIRTUAL_ENV")}
    path = f"{VENV / 'bin'}{os.pathsep}{inherited.get('PATH', '')}"
    return inherited | {"PATH": path, "PYTHONUNBUFFERED": "1"}
