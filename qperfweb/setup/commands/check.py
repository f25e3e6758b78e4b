"""Look at the code without running it: ruff, mypy, import contracts, TypeScript and biome."""

from __future__ import annotations

import subprocess
from argparse import Namespace

from qperfweb.setup.console import say
from qperfweb.setup.environment import ROOT, VENV, ensure_environment, environment_variables
from qperfweb.setup.frontend import ensure_modules, npm
from qperfweb.setup.state import state_folder

CHECKS = (
    ("ruff check", ["ruff", "check", "."]),
    ("ruff format", ["ruff", "format", "--check", "."]),
    ("mypy", ["mypy"]),
    ("import contracts", ["lint-imports"]),
)


def main(options: Namespace, rest: list[str]) -> int:
    ensure_environment(development=True)
    ensure_modules()
    failed = static_checks()
    say(summary("check", failed))
    return 1 if failed else 0


def static_checks() -> list[str]:
    """Run every check, whatever the others say; the names of those that failed."""
    failed = []
    for name, (program, *arguments) in CHECKS:
        say(f"-- {name}")
        command = [str(VENV / "bin" / program), *arguments]
        if subprocess.run(command, cwd=ROOT, env=development_variables()).returncode != 0:
            failed.append(name)
    say("-- frontend types and style")
    if npm("run", "check", "--silent") != 0:
        failed.append("frontend types and style")
    return failed


def development_variables() -> dict[str, str]:
    """Secrets, files and databases of tests never mix with an installation on this machine."""
    state = state_folder()
    variables = environment_variables() | {
        "QPERF_STATE": str(state.with_name(f"{state.name}-tests"))
    }
    for name in ("DATABASE_URL", "DATABASE_WORKER_URL", "DATABASE_OWNER_URL"):
        variables.pop(name, None)
    return variables


def summary(what: str, failed: list[str]) -> str:
    """The closing line."""
    if failed:
        return f"{what}: FAILED in {', '.join(failed)}"
    return f"{what}: everything passed"
