"""``python -m analysis simulate``: patients that never were, as DICOM, with their truth."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from analysis.errors import BadInput


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "simulate",
        help="write simulated exams as DICOM, with their truth",
        description="Simulate perfusion exams. DICOM goes to OUT/PATIENT/dicom, the truth (labels, "
        "flow, displacement, arterial input) to OUT/truth/PATIENT. The same seed gives the same "
        "files; patient k of a run is the patient of seed N + k.",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    parser.add_argument("--seed", type=int, required=True, metavar="N", help="seed of patient 1")
    parser.add_argument("--patients", type=int, default=1, metavar="K", help="how many (1)")
    parser.add_argument("--sequence", choices=("dual", "single"), default="dual")
    parser.add_argument("--readout", choices=("flash", "bssfp"), help="random by default")
    parser.add_argument(
        "--field-strength", type=float, choices=(1.5, 3.0), metavar="T", help="1.5 or 3 (random)"
    )
    parser.add_argument("--tier", choices=("easy", "standard", "wild"), default="standard")
    parser.add_argument("--beats", type=int, default=60, help="images per slice (60)")
    parser.add_argument("--conditions", default="stress,rest", help="in order, comma-separated")
    parser.add_argument(
        "--style",
        default="siemens",
        help="whose headers to write: siemens (default), siemens-enhanced, siemens-gadgetron "
        "(inline concentrations and maps), siemens-gadgetron-maps, philips, philips-enhanced, ge",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from analysis.phantom import simulate_exam, write_dicom, write_truth
    from analysis.phantom.styles import STYLES

    conditions = tuple(part.strip() for part in args.conditions.split(",") if part.strip())
    if not conditions or set(conditions) - {"stress", "rest"}:
        raise BadInput(f"Conditions are stress and rest, not {args.conditions!r}.")
    if args.style not in STYLES:
        raise BadInput(f"No such style: {args.style!r}. There are: {', '.join(sorted(STYLES))}.")
    if args.patients < 1 or args.beats < 20 or args.seed < 0:
        raise BadInput("At least 1 patient, 20 beats and a seed of 0 or more are needed.")
    for seed in range(args.seed, args.seed + args.patients):
        start = time.perf_counter()
        exam = simulate_exam(
            seed,
            field_strength=args.field_strength,
            sequence=args.sequence,
            conditions=conditions,
            beats=args.beats,
            readout=args.readout,
            tier=args.tier,
            style=args.style,
        )
        name = exam.patient.patient_id
        try:
            count = write_dicom(exam, args.out / name / "dicom")
            write_truth(exam, args.out / "truth" / name)
        except OSError as error:
            raise BadInput(f"Cannot write to {args.out}: {error.strerror}.") from error
        seconds = time.perf_counter() - start
        print(f"{name}: {count} objects in {seconds:.1f} s", file=sys.stderr)
    return 0
