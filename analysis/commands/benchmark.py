"""python -m analysis benchmark: how fast and how good the parts are, beside a reference."""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from analysis.errors import BadInput

BENCHMARKS: Final = {
    "network": "analysis.benchmarks.network",
    "patch_uncertainty": "analysis.benchmarks.patch_uncertainty",
    "flow_map": "analysis.benchmarks.flow_map",
    "motion": "analysis.benchmarks.motion",
    "exam_ready_s": "analysis.benchmarks.exam_ready",
    "peak_memory_mib": "analysis.benchmarks.peak_memory",
    "intake_objects_per_s": "analysis.benchmarks.intake",
}
"""Module of every row: ``run()`` gives name, value, unit, reference, reference_value, ratio."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register ``benchmark`` with the command line."""
    parser = subparsers.add_parser(
        "benchmark", help="measure speed and memory", description=__doc__
    )
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    parser.add_argument("--only", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run all benchmarks, or one."""
    if args.only is not None and args.only not in BENCHMARKS:
        raise BadInput(f"There is no benchmark {args.only!r}; known are {', '.join(BENCHMARKS)}.")
    rows = benchmark_rows([args.only] if args.only else list(BENCHMARKS))
    if args.json:
        print(json.dumps({"rows": rows}))
    else:
        for row in rows:
            print(_line(row))
    return 0


def benchmark_rows(names: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of the named benchmarks, in order."""
    return [dict(importlib.import_module(BENCHMARKS[name]).run()) for name in names]


def _line(row: Mapping[str, Any]) -> str:
    text = f"{row['name']:<20} {row['value']:>10.4g} {row['unit']}"
    if row.get("reference_value") is not None:
        text += f"   {row['reference']}: {row['reference_value']:.4g} (ratio {row['ratio']:.3g})"
    return text
