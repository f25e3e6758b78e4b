"""Write what the product consists of as a CycloneDX 1.6 bill of materials: ./run sbom [FILE]

Python packages as installed in .venv with what asks for them, frontend packages as locked, and the
networks' weights with their hashes. Without FILE it is printed. --audit asks the package indices
for known holes in them instead.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from qperfweb.setup.bill_of_materials import bill_of_materials
from qperfweb.setup.console import SetupError, say
from qperfweb.setup.environment import ROOT, VENV, ensure_environment, site_packages
from qperfweb.setup.frontend import npm

UNREACHABLE = ("ConnectionError", "Max retries", "Failed to", "ServiceError", "Temporary failure")
EXIT_NOT_ASKED = 3


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="where to write it")
    parser.add_argument("--audit", action="store_true", help="look for known holes")


def main(options: Namespace, rest: list[str]) -> int:
    ensure_environment(development=options.audit)
    if options.audit:
        return audit()
    bill = bill_of_materials(ROOT, site_packages(), made_at=time.gmtime())
    text = json.dumps(bill, indent=1) + "\n"
    if options.file is None:
        print(text, end="")
        return 0
    options.file.write_text(text, encoding="utf-8")
    say(f"{options.file}: {len(bill['components'])} components")
    return 0


def audit() -> int:
    """Known holes, from PyPI's and npm's data: 0 none, 1 some, 3 the data cannot be reached."""
    program = shutil.which("pip-audit", path=str(VENV / "bin"))
    if program is None:
        raise SetupError("pip-audit is missing: ./run setup --development")
    done = subprocess.run(
        [program, "--progress-spinner", "off", "--requirement", "requirements.txt"]
        + ["--disable-pip", "--no-deps"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    if done.returncode and any(sign in done.stderr for sign in UNREACHABLE):
        say("Python: not audited, the data of known holes cannot be reached from here.")
        python = EXIT_NOT_ASKED
    else:
        say((done.stdout or done.stderr).strip())
        python = 1 if done.returncode else 0
    node = npm("audit", "--omit=dev", "--audit-level=high")
    if node:
        say("Frontend: npm found holes, or its data cannot be reached from here (see above).")
    return python or (EXIT_NOT_ASKED if node else 0)
