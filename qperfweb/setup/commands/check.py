"""Look at the code without running it: ruff, mypy, import contracts, TypeScript and biome."""

from __future__ import annotations

import subprocess
from argparse import Namespace
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from qperfweb.setup.console import say
from qperfweb.setup.environment import ROOT, VENV, ensure_environment, environment_variables
from qperfweb.setup.frontend import ensure_modules, npm_captured
from qperfweb.setup.state import state_folder

Check = tuple[str, Callable[[], subprocess.CompletedProcess[str]]]
AT_ONCE = 2


def _program(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(VENV / "bin" / name), *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=development_variables(), capture_output=True, text=True
    )


CHECKS: tuple[Check, ...] = (
    ("mypy", partial(_program, "mypy")),  # first: it takes as long as all others together
    ("ruff check", partial(_program, "ruff", "check", ".")),
    ("ruff format", partial(_program, "ruff", "format", "--check", ".")),
    ("import contracts", partial(_program, "lint-imports")),
    ("frontend types and style", partial(npm_captured, "run", "check", "--silent")),
)
FRONTEND_TESTS: Check = ("frontend tests", partial(npm_captured, "test", "--silent"))


def main(options: Namespace, rest: list[str]) -> int:
    ensure_environment(development=True)
    ensure_modules()
    failed = failing(*CHECKS)
    say(summary("check", failed))
    return 1 if failed else 0


def failing(*checks: Check) -> list[str]:
    """Run every check, whatever the others say, and show what each says; the names of those that
    failed."""
    failed = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name, running in [(name, pool.submit(check)) for name, check in checks]:
            done = running.result()
            say(f"-- {name}\n{done.stdout}{done.stderr}".rstrip())
            if done.returncode != 0:
                failed.append(name)
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
