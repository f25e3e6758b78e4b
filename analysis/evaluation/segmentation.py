"""How well the shipped segmentation does on series whose truth is known."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from analysis.domain import Bytes
from analysis.evaluation.segmentation_cases import Case, frozen_slices, ge_case, real_cases
from analysis.evaluation.segmentation_metrics import Agreement, agreement
from analysis.evaluation.segmentation_sheet import draw_sheet
from analysis.phantom.population import Tier
from analysis.segmentation.inference import segment
from analysis.segmentation.locate import heart_score
from analysis.segmentation.window import bolus_foot_s

TIERS: tuple[Tier, ...] = ("easy", "standard", "wild")
FAILED_BELOW = 0.7
"""Myocardial Dice under which a slice counts as failed."""

CUT_AFTER_BOLUS_S = (10.0, 20.0)
"""Series that end this long after the bolus arrives: a limit that the paper states."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One case with the answer, its agreement with the truth and whether it was flagged."""

    case: Case
    answer: Bytes
    score: float
    flagged: bool
    agreement: Agreement
    seconds: float


def judge(case: Case, *, centre_known: bool = False, version: str | None = None) -> Judged:
    """Segment a case fully automatically, or around its true centre, and compare."""
    began = time.perf_counter()
    result = segment(
        case.series,
        case.time_s,
        case.pixel_spacing_mm,
        centre_rc=case.truth_centre if centre_known else None,
        version=version,
    )
    seconds = time.perf_counter() - began
    answer = result.probabilities.argmax(axis=0).astype(np.uint8)
    return Judged(
        case=case,
        answer=answer,
        score=heart_score(result.probabilities),
        flagged=bool(result.flags),
        agreement=agreement(answer, case.labels, case.pixel_spacing_mm),
        seconds=seconds,
    )


def summarise(judged: list[Judged]) -> dict[str, Any]:
    """Means of the agreement, failures, and how many of them were flagged."""
    table = {
        name: [item.agreement.to_json()[name] for item in judged]
        for name in judged[0].agreement.to_json()
    }
    with np.errstate(all="ignore"):
        means = {
            name: round(float(np.nanmean(values)), 4) if np.isfinite(values).any() else None
            for name, values in table.items()
        }
    wall = np.array(table["dice_myocardium"])
    failed = [item for item in judged if not item.agreement.dice_myocardium >= FAILED_BELOW]
    return {
        "series": len(judged),
        **means,
        "dice_myocardium_sd": round(float(np.nanstd(wall)), 4),
        "dice_myocardium_worst": round(float(np.nanmin(wall)), 4),
        "above_0.7": round(float(np.mean(wall >= FAILED_BELOW)), 4),
        "failed": [item.case.name for item in failed],
        "failed_and_flagged": sum(item.flagged for item in failed),
        "flagged": sum(item.flagged for item in judged),
        "seconds_per_slice": round(float(np.median([item.seconds for item in judged])), 3),
    }


def by_group(judged: list[Judged]) -> dict[str, dict[str, Any]]:
    """Dice of cavity and wall by every word of the cases' groups (state, slice, field strength).

    The range holds nine tenths of the slices.
    """
    groups: dict[str, dict[str, Any]] = {}
    for word in sorted({word for item in judged for word in item.case.group.split()} - {"T"}):
        part = [item.agreement for item in judged if word in item.case.group.split()]
        walls = np.array([item.dice_myocardium for item in part])
        low, high = np.nanquantile(walls, (0.05, 0.95))
        groups[word] = {
            "series": len(part),
            "dice_myocardium": round(float(np.nanmean(walls)), 4),
            "range_90": [round(float(low), 4), round(float(high), 4)],
            "dice_lv": round(float(np.nanmean([item.dice_lv for item in part])), 4),
            "boundary_error_mm": round(
                float(np.nanmean([item.boundary_error_mm for item in part])), 4
            ),
        }
    return groups


def cut_short(cases: Iterable[Case], after_bolus_s: float) -> Iterable[Case]:
    """The same cases without what follows so long after the bolus has arrived."""
    for case in cases:
        end = bolus_foot_s(case.series, case.time_s) + after_bolus_s
        kept = case.time_s <= end
        yield replace(case, series=case.series[kept], time_s=case.time_s[kept])


def evaluate(
    cases: Iterable[Case], *, centre_known: bool, version: str | None, sheet: Path
) -> dict[str, Any]:
    """Judge all cases, draw them worst first, and return the summary with one row per case."""
    judged = [judge(case, centre_known=centre_known, version=version) for case in cases]
    judged.sort(key=lambda item: np.nan_to_num(item.agreement.dice_myocardium))
    tiles = [
        (
            item.case,
            item.answer,
            f"{item.case.name}  {item.agreement.dice_myocardium:.2f}  "
            f"{item.agreement.dice_lv:.2f}{'  flag' if item.flagged else ''}",
        )
        for item in judged
    ]
    draw_sheet(tiles[:48], sheet)
    rows = [
        {
            "name": item.case.name,
            "group": item.case.group,
            "score": round(item.score, 3),
            "flagged": item.flagged,
            **{key: round(value, 4) for key, value in item.agreement.to_json().items()},
        }
        for item in judged
    ]
    return {"summary": summarise(judged), "groups": by_group(judged), "rows": rows}


def evaluate_data(
    data: Path | None,
    out: Path,
    *,
    version: str | None = None,
    simulated: int | None = None,
    tiers: tuple[Tier, ...] = TIERS,
) -> dict[str, Any]:
    """Every set that is at hand; writes segmentation.json and one sheet per set under out.

    simulated: at most so many cases of each tier of the frozen set; 0 leaves it out.
    """
    report: dict[str, Any] = {}
    if data is not None and (data / "single_sequence" / "arrays").is_dir():
        arrays = data / "single_sequence" / "arrays"
        cases = list(real_cases(arrays))
        report["real automatic"] = evaluate(
            cases, centre_known=False, version=version, sheet=out / "real.png"
        )
        for seconds in CUT_AFTER_BOLUS_S:
            report[f"real, cut {seconds:g} s after the bolus"] = evaluate(
                cut_short(cases, seconds),
                centre_known=False,
                version=version,
                sheet=out / f"real_cut_{seconds:g}.png",
            )
        report["real, aligned and centred by labels"] = evaluate(
            real_cases(arrays, align_by_labels=True),
            centre_known=True,
            version=version,
            sheet=out / "real_aligned.png",
        )
    if data is not None and (data / "ge_first_pass.zip").is_file():
        ge = ge_case(data / "ge_first_pass.zip", data / "ge_first_pass_labels.npz")
        report["GE automatic"] = evaluate(
            [ge], centre_known=False, version=version, sheet=out / "ge.png"
        )
    if simulated != 0:
        for tier in tiers:
            report[f"frozen {tier}"] = evaluate(
                frozen_slices(tier, simulated),
                centre_known=False,
                version=version,
                sheet=out / f"frozen_{tier}.png",
            )
    out.mkdir(parents=True, exist_ok=True)
    (out / "segmentation.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    return report
