"""How well the doubt score tells slices to be refused from normal ones, and how it is fitted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy import stats

from analysis.constants import MYOCARDIUM
from analysis.domain import Bools, Doubles
from analysis.evaluation.refusals import Candidate, Kind, real_candidates, simulated_candidates
from analysis.evaluation.segmentation_metrics import dice
from analysis.segmentation import segment
from analysis.uncertainty.plausibility import (
    DOUBTFUL_ABOVE,
    FITTED,
    NAMES,
    Evidence,
    Model,
    doubt_from,
    evidence,
)

RIDGE: Final = 0.3
SHARE_PASSED: Final = 0.95
"""Share of normal slices that the threshold lets through on the half that it is chosen on."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A candidate, what was seen in it and, for a normal one, how well it was segmented."""

    kind: Kind
    name: str
    found: Evidence
    dice: float


def look_at(candidates: Iterable[Candidate], *, version: str | None = None) -> list[Row]:
    """Segment every candidate and gather the evidence, without knowing what it is."""
    rows = []
    for one in candidates:
        answer = segment(one.series, one.time_s, one.pixel_spacing_mm, version=version)
        found = evidence(
            one.series,
            one.time_s,
            answer.probabilities,
            answer.uncertainty,
            pixel_spacing_mm=one.pixel_spacing_mm,
        )
        wall = answer.probabilities.argmax(axis=0) == MYOCARDIUM
        overlap = float("nan") if one.labels is None else dice(wall, one.labels == MYOCARDIUM)
        rows.append(Row(kind=one.kind, name=one.name, found=found, dice=overlap))
    return rows


def area_under_curve(doubts: Doubles, refuse: Bools) -> float:
    """Chance that a slice to be refused has more doubt than a normal one."""
    ranks = stats.rankdata(doubts)
    bad, good = int(refuse.sum()), int((~refuse).sum())
    if not bad or not good:
        return float("nan")
    return float((ranks[refuse].sum() - bad * (bad + 1) / 2) / (bad * good))


def fit(rows: Sequence[Row], *, ridge: float = RIDGE) -> Model:
    """Logistic regression by Newton's method, both groups weighted equally, slightly shrunk."""
    evidences = np.array([row.found.values() for row in rows])
    refuse = np.array([row.kind != "normal" for row in rows])
    design = np.c_[np.ones(len(rows)), evidences]
    importance = np.where(refuse, 0.5 / refuse.mean(), 0.5 / (1 - refuse.mean()))
    shrink = ridge * np.diag([0.0] + [1.0] * len(NAMES))
    weights = np.zeros(design.shape[1])
    for _ in range(60):
        chance = 1 / (1 + np.exp(-design @ weights))
        slope = design.T @ (importance * (chance - refuse)) + shrink @ weights
        curvature = (design * (importance * chance * (1 - chance))[:, None]).T @ design + shrink
        weights -= np.linalg.solve(curvature, slope)
    usual = np.median(evidences[~refuse], axis=0)
    return Model(
        constant=round(float(weights[0]), 3),
        weights=tuple(round(float(w), 3) for w in weights[1:]),
        usual=tuple(round(float(u), 3) for u in usual),
    )


def threshold(rows: Sequence[Row], model: Model) -> float:
    """Doubt that SHARE_PASSED of the normal slices stay below."""
    normal = [doubt_from(row.found, model=model).value for row in rows if row.kind == "normal"]
    return round(float(np.quantile(normal, SHARE_PASSED)), 3)


def judge_rows(
    rows: Sequence[Row], *, model: Model = FITTED, above: float = DOUBTFUL_ABOVE
) -> dict[str, Any]:
    """AUC, sensitivity by kind, specificity, and whether doubt foretells a poor segmentation."""
    doubts = np.array([doubt_from(row.found, model=model).value for row in rows])
    kinds = np.array([row.kind for row in rows])
    refuse = kinds != "normal"
    report: dict[str, Any] = {
        "slices": len(rows),
        "threshold": above,
        "auc": round(area_under_curve(doubts, refuse), 4),
        "auc_of_1-U_alone": round(
            area_under_curve(-np.array([row.found.agreement for row in rows]), refuse), 4
        ),
        "sensitivity": round(float((doubts[refuse] > above).mean()), 4),
        "specificity": round(float((doubts[~refuse] <= above).mean()), 4),
        "by_kind": {},
    }
    for kind in dict.fromkeys(kinds[refuse].tolist()):
        one = kinds == kind
        report["by_kind"][kind] = {
            "slices": int(one.sum()),
            "auc": round(area_under_curve(doubts[one | ~refuse], refuse[one | ~refuse]), 4),
            "refused": round(float((doubts[one] > above).mean()), 4),
        }
    known = np.array([row.dice for row in rows])
    there = np.isfinite(known)
    if there.sum() >= 8:
        doubt_u = 1 - np.array([row.found.agreement for row in rows])
        failed = there & (known < 0.7)
        report["normal"] = {
            "dice_myocardium": round(float(known[there].mean()), 4),
            "spearman_u_dice": round(float(stats.spearmanr(doubt_u[there], known[there])[0]), 3),
            "spearman_doubt_dice": round(float(stats.spearmanr(doubts[there], known[there])[0]), 3),
            "below_0.7": int(failed.sum()),
            "below_0.7_and_refused": int((doubts[failed] > above).sum()),
            "refused": [row.name for row, d in zip(rows, doubts, strict=True)
                        if row.kind == "normal" and d > above],
        }  # fmt: skip
    return report


def evaluate_refusals(
    data: Path | None,
    out: Path,
    *,
    version: str | None = None,
    refit: bool = False,
    counts: dict[Kind, int] | None = None,
) -> dict[str, Any]:
    """Judge the shipped score on the odd simulated slices and on real ones; writes ood.json.

    The even slices are what the shipped model was fitted on; refit repeats that.
    """
    rows = look_at(simulated_candidates(counts), version=version)
    halves = [[row for row in rows if int(row.name.split()[-1]) % 2 == half] for half in (0, 1)]
    model, above = FITTED, DOUBTFUL_ABOVE
    report: dict[str, Any] = {}
    if refit:
        model = fit(halves[0])
        above = threshold(halves[0], model)
        report["fitted"] = {**model.__dict__, "threshold": above}
    report["simulated, not fitted on"] = judge_rows(halves[1], model=model, above=above)
    seen: list[Row] = []
    if data is not None:
        seen = look_at(real_candidates(data), version=version)
        report["real"] = judge_rows(seen, model=model, above=above)
    report["rows"] = [
        {"set": name, "kind": row.kind, "name": row.name, "dice": round(row.dice, 4),
         "doubt": round(doubt_from(row.found, model=model).value, 4),
         **{key: round(value, 4) for key, value in zip(NAMES, row.found.values(), strict=True)}}
        for name, part in (("simulated", rows), ("real", seen)) for row in part
    ]  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    (out / "ood.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    return report
