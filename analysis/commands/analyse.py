"""python -m analysis analyse: DICOM in, result.json and one NPZ per slice out."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analysis.config import APICAL_RULES, FLOW_MODELS, PipelineConfig
from analysis.dicom import ReadObject, Refusal, classify, load_exam, read_objects
from analysis.errors import BadInput


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register ``analyse`` with the command line."""
    parser = subparsers.add_parser(
        "analyse",
        help="analyse the DICOM images of one study",
        description="Reads one study from folders, files or zips and writes DIR/result.json and "
        "one NPZ per slice. Exit code 0 done, 2 bad input, 3 nothing to analyse.",
    )
    parser.add_argument("input", type=Path, nargs="+", metavar="INPUT")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--json", action="store_true", help="print result.json to stdout as well")
    parser.add_argument("--model", choices=FLOW_MODELS, default="btex")
    parser.add_argument(
        "--other-models",
        choices=FLOW_MODELS,
        nargs="+",
        default=(),
        metavar="MODEL",
        help="models to map beside the main one, for comparison",
    )
    parser.add_argument("--haematocrit", type=float, default=PipelineConfig().haematocrit)
    parser.add_argument("--agent", help="contrast agent, where the header does not name it")
    parser.add_argument("--apical-rule", choices=APICAL_RULES, default="aha")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Analyse one study; raises BadInput or NothingToAnalyse with one sentence."""
    config = PipelineConfig(
        model=args.model,
        other_models=tuple(args.other_models),
        haematocrit=args.haematocrit,
        agent=args.agent,
        apical_rule=args.apical_rule,
    )
    _check_folder(args.out)
    objects, refusals = read_objects(args.input)
    if not objects:
        raise BadInput(_why_none(refusals))
    _one_study(objects)
    exam = load_exam(objects, classify([found.facts for found in objects]))

    from analysis.pipeline import analyse

    progress = None if args.quiet or not sys.stderr.isatty() else _show
    result = analyse(exam, config=config, progress=progress)
    result.document["refused"] = [refusal.to_json() for refusal in refusals]
    try:
        result.write(args.out)
    except OSError as error:
        raise BadInput(f"{args.out} cannot be written: {error.strerror}.") from error
    if args.json:
        print(json.dumps(result.document, allow_nan=False))
    else:
        print(_summary(result.document))
    return 0


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is a file; --out needs a folder.")


def _one_study(objects: Sequence[ReadObject]) -> None:
    studies = {found.facts.study_instance_uid for found in objects}
    if len(studies) > 1:
        raise BadInput(f"The input holds {len(studies)} studies; give one study at a time.")


def _why_none(refusals: Sequence[Refusal]) -> str:
    if not refusals:
        return "The input holds no file at all."
    first = refusals[0]
    more = f" ({len(refusals) - 1} more were refused)" if len(refusals) > 1 else ""
    return f"{first.where}: {first.message}{more}"


def _show(stage: str, share: float) -> None:
    print(f"\r{share:4.0%} {stage:<14}", end="", file=sys.stderr, flush=True)


def _summary(document: dict[str, Any]) -> str:
    lines = []
    for acquisition in document["acquisitions"]:
        flow, upslope = acquisition["global_mbf_ml_per_min_per_g"], acquisition["global_upslope"]
        if flow is not None:
            value = f"global MBF {flow:.2f} ml/min/g"
        elif upslope is not None:
            value = f"global relative upslope {upslope:.3f} (not quantitative)"
        else:
            value = "nothing measured"
        slices = ", ".join(piece["position"] for piece in acquisition["slices"])
        lines.append(f"{acquisition['key']} ({acquisition['sequence']}; {slices}): {value}")
    return "\n".join(lines)
