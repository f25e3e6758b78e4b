"""``python -m analysis.evaluation.motion --data DIR``: how well motion correction does.

Between-frame Dice of the labelled frames (median over all pairs, labels warped by the same
displacement) on real series as they are and with breathing added, and the displacement error on
simulated exams. Pictures of the worst cases are written beside the numbers.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.constants import LV_CAVITY, MYOCARDIUM
from analysis.domain import MotionResult
from analysis.evaluation.motion_cases import MotionCase, cropped, real_series, with_breathing
from analysis.evaluation.motion_metrics import between_frames, displacement_error
from analysis.motion import SLICE, MotionConfig, correct_motion

CROP_PX = 24
WORST = 3


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Dice before and after, of the myocardium and of cavity and myocardium together."""

    name: str
    kind: str
    before: float
    after: float
    heart_before: float
    heart_after: float
    smallest_jacobian: float
    largest_shift_px: float
    untouched_frames: int
    bad_frames: int
    seconds: float


def judge(case: MotionCase, config: MotionConfig = SLICE) -> tuple[Judged, MotionResult]:
    """Correct one case and compare its labels."""
    began = time.process_time()
    result = correct_motion(
        case.signal,
        frame_status=np.zeros(len(case.signal), dtype=np.uint8),
        pixel_spacing_mm=case.pixel_spacing_mm,
        config=config,
    )
    seconds = time.process_time() - began
    before, heart_before = between_frames(case.labels)
    after, heart_after = between_frames(case.labels, result.displacement_px)
    largest = np.abs(result.displacement_px).max(axis=(1, 2, 3))
    judged = Judged(
        name=case.name,
        kind=case.kind,
        before=before,
        after=after,
        heart_before=heart_before,
        heart_after=heart_after,
        smallest_jacobian=float(result.smallest_jacobian.min()),
        largest_shift_px=float(largest.max()),
        untouched_frames=int((largest == 0).sum()),
        bad_frames=int((result.frame_status > 0).sum()),
        seconds=seconds,
    )
    return judged, result


def all_cases(folder: Path, seeds: Sequence[int], *, crop_px: int = 0) -> Iterable[MotionCase]:
    """The real series, each followed by itself with every added breath."""
    for series in real_series(folder):
        case = cropped(series, crop_px) if crop_px else series
        yield case
        for seed in seeds:
            yield with_breathing(case, seed)


def summary(judged: Sequence[Judged]) -> dict[str, dict[str, float]]:
    """Means and worst values per kind of series."""
    kinds = sorted({one.kind for one in judged})
    return {kind: _of_kind([one for one in judged if one.kind == kind]) for kind in kinds}


def _of_kind(judged: Sequence[Judged]) -> dict[str, float]:
    before, after = (np.array([getattr(one, n) for one in judged]) for n in ("before", "after"))
    return {
        "series": len(judged),
        "before": round(float(before.mean()), 3),
        "after": round(float(after.mean()), 3),
        "worst_before": round(float(before.min()), 3),
        "worst_after": round(float(after.min()), 3),
        "largest_loss": round(float((before - after).max()), 3),
        "heart_after": round(float(np.mean([one.heart_after for one in judged])), 3),
        "smallest_jacobian": round(min(one.smallest_jacobian for one in judged), 2),
        "bad_frames": sum(one.bad_frames for one in judged),
        "seconds_per_series": round(float(np.mean([one.seconds for one in judged])), 2),
    }


def judge_simulated(seeds: Sequence[int], out: Path) -> list[dict[str, Any]]:
    """Displacement error on the saturation-recovery and PD frames of simulated slices.

    The M-modes of the slice that moved most are written to ``out``.
    """
    from analysis.evaluation.motion_pictures import draw_m_modes
    from analysis.phantom.exam import simulate_exam

    rows: list[dict[str, Any]] = []
    for seed in seeds:
        for part in simulate_exam(seed, conditions=("stress",)).acquisitions[0].slices:
            result = correct_motion(
                part.signal.astype(np.float32),
                frame_status=part.is_pd.astype(np.uint8),
                pixel_spacing_mm=part.geometry.pixel_spacing_mm,
                is_pd=part.is_pd,
            )
            heart = np.isin(part.truth.labels, (LV_CAVITY, MYOCARDIUM))
            true = part.truth.displacement_px.astype(np.float32)
            every = np.ones(len(true), dtype=bool)
            after = displacement_error(result.displacement_px, true, heart, every)
            before = displacement_error(np.zeros_like(result.displacement_px), true, heart, every)
            if np.median(before) > max((row["before_px"] for row in rows), default=0.0):
                centre = np.argwhere(heart).mean(axis=0)
                draw_m_modes(
                    out / "motion_simulated.png",
                    f"Simulated exam {seed}, {part.position} slice: the column through the heart",
                    part.signal[~part.is_pd].astype(np.float32),
                    result.corrected[~part.is_pd],
                    (centre[0], centre[1]),
                )
            rows.append(
                {
                    "seed": seed,
                    "position": part.position,
                    "before_px": round(float(np.median(before[~part.is_pd])), 3),
                    "after_px": round(float(np.median(after[~part.is_pd])), 3),
                    "after_95th_px": round(float(np.percentile(after[~part.is_pd], 95)), 3),
                    "pd_after_px": round(float(np.median(after[part.is_pd])), 3),
                }
            )
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Judge, print the table, write report.json and pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of labelled series")
    parser.add_argument("--out", type=Path, default=Path("test-output/motion"))
    parser.add_argument("--seeds", type=int, nargs="*", default=[1], help="of the added breathing")
    parser.add_argument("--simulated", type=int, default=0, help="simulated exams")
    parser.add_argument("--crop", action="store_true", help="crop the frames, heart off the middle")
    args = parser.parse_args(arguments)
    judged: list[Judged] = []
    kept: dict[str, tuple[MotionCase, MotionResult]] = {}
    for case in all_cases(args.data, args.seeds, crop_px=CROP_PX if args.crop else 0):
        one, result = judge(case)
        judged.append(one)
        print(_line(one), flush=True)
        kept[one.name] = (case, result)
        kept = {name: value for name, value in kept.items() if name in _worst_names(judged)}
    report: dict[str, Any] = {"summary": summary(judged), "series": [asdict(j) for j in judged]}
    if args.simulated:
        report["simulated"] = judge_simulated(range(1, args.simulated + 1), args.out)
    for name, part in [*report["summary"].items(), ("simulated", report.get("simulated", []))]:
        print(f"{name}: {json.dumps(part)}")
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "report.json").write_text(json.dumps(report, indent=1))
    _draw_worst(args.out, judged, kept)


def _worst_names(judged: Sequence[Judged]) -> set[str]:
    """The three of each kind that end worst, and the three still series that lose most."""
    names: set[str] = set()
    for kind in ("moving", "added"):
        ended = sorted((one for one in judged if one.kind == kind), key=lambda one: one.after)
        names |= {one.name for one in ended[:WORST]}
    still = [one for one in judged if one.kind == "still"]
    lost = sorted(still, key=lambda one: one.after - one.before)
    return names | {one.name for one in lost[:WORST]}


def _line(one: Judged) -> str:
    return (
        f"{one.name:<24}{one.kind:<8}{one.before:.3f} -> {one.after:.3f}   heart "
        f"{one.heart_after:.3f}   Jacobian {one.smallest_jacobian:.2f}   shift up to "
        f"{one.largest_shift_px:4.1f} px   untouched {one.untouched_frames:2d}   "
        f"bad {one.bad_frames}"
    )


def _draw_worst(
    out: Path, judged: Sequence[Judged], kept: dict[str, tuple[MotionCase, MotionResult]]
) -> None:
    from analysis.evaluation.motion_pictures import draw_case, write_movie

    for one in judged:
        if one.name not in kept:
            continue
        case, result = kept[one.name]
        title = f"{one.name} ({one.kind}): {one.before:.3f} -> {one.after:.3f}"
        stem = one.name.replace(" ", "_")
        moved = result.displacement_px
        draw_case(out / f"{stem}.png", title, case.signal, result.corrected, case.labels, moved)
        write_movie(out / f"{stem}.gif", case.signal, result.corrected)
    print(f"pictures written to {out}")


if __name__ == "__main__":
    main()
