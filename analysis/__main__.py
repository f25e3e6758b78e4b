"""The command line: python -m analysis COMMAND. Each command is a module of analysis/commands/.

Exit codes: 0 done, 1 the analysis could not finish, 2 bad input, 3 nothing to analyse; the reason
is one line on stderr.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Final

from analysis.errors import AnalysisError, BadInput, NothingToAnalyse

COMMANDS: Final = {
    "analyse": "analysis.commands.analyse",
    "map-flow": "analysis.commands.map_flow",
    "simulate": "analysis.commands.simulate",
    "train": "analysis.commands.train",
    "evaluate": "analysis.commands.evaluate",
    "benchmark": "analysis.commands.benchmark",
}

FAILED, BAD_INPUT, NOTHING = 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # One thread is faster than two on shared cores, and memory stays predictable.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="python -m analysis", description="Quantitative myocardial perfusion MRI."
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    # The others are not imported where one was asked for: some of them are heavy.
    wanted = [given[0]] if given and given[0] in COMMANDS else list(COMMANDS)
    for name in wanted:
        importlib.import_module(COMMANDS[name]).add_parser(subparsers)
    parsed = parser.parse_args(given)
    try:
        return int(parsed.run(parsed))
    except AnalysisError as error:
        print(f"{parsed.command}: {error}", file=sys.stderr)
        if isinstance(error, NothingToAnalyse):
            return NOTHING
        return BAD_INPUT if isinstance(error, BadInput) else FAILED


if __name__ == "__main__":
    sys.exit(main())
