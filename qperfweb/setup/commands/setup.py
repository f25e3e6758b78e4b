"""Make .venv, install requirements.txt into it and build the frontend.

Done again only for what has changed. Packages come from where pip is configured to look;
PIP_EXTRA_INDEX_URL may name PyTorch's index of CPU builds to avoid gigabytes of GPU libraries.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from qperfweb.setup.console import say
from qperfweb.setup.environment import ensure_environment
from qperfweb.setup.frontend import ensure_frontend


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--development", action="store_true", help="what tests and checks need as well"
    )


def main(options: Namespace, rest: list[str]) -> int:
    ensure_environment(development=options.development)
    ensure_frontend()
    say("Set-up is complete.")
    return 0
