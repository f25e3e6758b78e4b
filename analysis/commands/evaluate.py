"""``python -m analysis evaluate NAME DATA``: measure a shipped network on series with a truth."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from analysis.errors import BadInput


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "evaluate",
        help="measure a network against known truth",
        description="Measure a shipped network on the labelled series under DATA and on simulated "
        "ones; writes a JSON report and contact sheets.",
    )
    targets = parser.add_subparsers(dest="target", required=True)
    segmentation = targets.add_parser("segmentation", help="Dice, contour distances, failures")
    segmentation.add_argument("data", type=Path, nargs="?", help="folder of labelled series")
    segmentation.add_argument("--out", type=Path, default=Path("test-output/segmentation"))
    segmentation.add_argument("--version", help="version of the network (the newest)")
    segmentation.add_argument(
        "--simulated", type=int, default=64, help="simulated slices (0: none)"
    )
    ood = targets.add_parser("ood", help="slices that must be refused, against normal ones")
    ood.add_argument("data", type=Path, nargs="?", help="folder of labelled series")
    ood.add_argument("--out", type=Path, default=Path("test-output/ood"))
    ood.add_argument("--version", help="version of the network (the newest)")
    ood.add_argument("--fit", action="store_true", help="fit the doubt score anew and judge that")
    contours = targets.add_parser(
        "contours", help="flow and insertions by automatic against true contours"
    )
    contours.add_argument("--tier", choices=("easy", "standard", "wild"), default="standard")
    contours.add_argument("--count", type=int, help="the first cases of the tier (all)")
    contours.add_argument("--out", type=Path, default=Path("test-output/contours"))
    pools = targets.add_parser("aif", help="finding the ventricles on input-function images")
    pools.add_argument("data", type=Path, nargs="?", help="folder with aif/*.npz")
    pools.add_argument("--out", type=Path, default=Path("test-output/aif"))
    pools.add_argument("--version", help="version of the network (the newest)")
    pools.add_argument("--count", type=int, default=100, help="series of each simulated set")
    patches = targets.add_parser("uncertainty", help="patch-level doubt against cheaper estimators")
    patches.add_argument("--count", type=int, default=20, help="simulated slices, about 8 s each")
    patches.add_argument("--out", type=Path, default=Path("test-output/uncertainty"))
    patches.add_argument("--version", help="version of the network (the newest)")
    flow = targets.add_parser("flow", help="recovery of known flow, agreement with a patient")
    flow.add_argument("data", type=Path, nargs="?", help="folder with data/dual_sequence")
    flow.add_argument("--out", type=Path, default=Path("test-output/flow"))
    exams = targets.add_parser("exams", help="whole simulated exams: measured against true")
    exams.add_argument("--first", type=int, default=300, help="first seed")
    exams.add_argument("--count", type=int, default=20, help="how many seeds")
    exams.add_argument("--out", type=Path, help="folder for the numbers and pictures (none)")
    flags = targets.add_parser("flags", help="what the flags of simulated exams foretell")
    flags.add_argument("--first", type=int, default=700, help="first seed")
    flags.add_argument("--count", type=int, default=16, help="how many seeds")
    parser.set_defaults(run=run)
    flags.set_defaults(run=run_flags)
    exams.set_defaults(run=run_exams)
    flow.set_defaults(run=run_flow)
    ood.set_defaults(run=run_ood)
    contours.set_defaults(run=run_contours)
    pools.set_defaults(run=run_pools)
    patches.set_defaults(run=run_patches)


def run(args: argparse.Namespace) -> int:
    from analysis.evaluation.segmentation import evaluate_data

    if args.data is not None and not args.data.is_dir():
        raise BadInput(f"{args.data} is not a folder.")
    report = evaluate_data(args.data, args.out, version=args.version, simulated=args.simulated)
    for name, part in report.items():
        print(f"{name}: {json.dumps(part['summary'])}")
    print(f"written to {args.out}")
    return 0


def run_flow(args: argparse.Namespace) -> int:
    from analysis.evaluation.flow import evaluate_flow

    if args.data is not None and not args.data.is_dir():
        raise BadInput(f"{args.data} is not a folder.")
    print(json.dumps(evaluate_flow(args.data, args.out), indent=1))
    print(f"written to {args.out}")
    return 0


def run_ood(args: argparse.Namespace) -> int:
    from analysis.evaluation.refusals_report import evaluate_refusals

    if args.data is not None and not args.data.is_dir():
        raise BadInput(f"{args.data} is not a folder.")
    report = evaluate_refusals(args.data, args.out, version=args.version, refit=args.fit)
    report.pop("rows")
    print(json.dumps(report, indent=1))
    print(f"written to {args.out}")
    return 0


def run_contours(args: argparse.Namespace) -> int:
    from analysis.evaluation.segmentation_exam_report import evaluate_contours

    print(json.dumps(evaluate_contours(args.tier, args.count, args.out)["all"], indent=1))
    print(f"written to {args.out}")
    return 0


def run_pools(args: argparse.Namespace) -> int:
    from analysis.evaluation.blood_pools import evaluate_pools

    if args.data is not None and not args.data.is_dir():
        raise BadInput(f"{args.data} is not a folder.")
    print(
        json.dumps(
            evaluate_pools(args.data, args.out, version=args.version, count=args.count), indent=1
        )
    )
    print(f"written to {args.out}")
    return 0


def run_patches(args: argparse.Namespace) -> int:
    from analysis.evaluation.patch_level import evaluate_patches

    report = evaluate_patches(args.out, count=args.count, version=args.version)
    print(json.dumps(report, indent=1))
    print(f"written to {args.out}")
    return 0


def run_exams(args: argparse.Namespace) -> int:
    from analysis.evaluation.exams import evaluate_exams

    for line in evaluate_exams(range(args.first, args.first + args.count), args.out):
        print(line, flush=True)
    return 0


def run_flags(args: argparse.Namespace) -> int:
    from analysis.evaluation.flags import evaluate_flags

    for line in evaluate_flags(range(args.first, args.first + args.count)):
        print(line, flush=True)
    return 0
