"""Tables and a plot beside the flow report: the published list, 48 segments, what U foretells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy import stats

from analysis.domain import Doubles
from analysis.evaluation.fine_grid import FineAgreement
from analysis.evaluation.segmentation_exam import Compared

POOR_BELOW: Final = 0.87
"""Dice of poor slices: the accepted and the refused ones of Yalcinkaya 2022 had .87 and .81."""
WRONG_ABOVE: Final = 0.05
"""Their slices count as wrong where flow is more than 5 % off."""


def published_list(agreements: Sequence[FineAgreement | None]) -> dict[str, Any]:
    """Mean, SD and nine-tenths range of every measure on the 1 mm grid (Xue 2020a)."""
    rows = [one.to_json() for one in agreements if one is not None]
    table = {name: np.array([row[name] for row in rows]) for name in rows[0]} if rows else {}
    return {
        "slices": len(rows),
        **{
            name: {
                "mean": round(float(np.nanmean(values)), 4),
                "sd": round(float(np.nanstd(values)), 4),
                "range_90": [round(float(v), 4) for v in np.nanquantile(values, (0.05, 0.95))],
            }
            for name, values in table.items()
        },
    }


def dataset(compared: Sequence[Compared]) -> dict[str, int]:
    """How many slices of each sequence class, condition, position and field strength."""
    counts = Counter(
        f"{c.sequence} {c.condition} {c.position} {c.field_strength_t:g} T"
        for c in (item.case for item in compared)
    )
    return dict(sorted(counts.items()))


def fine_segments(compared: Sequence[Compared]) -> dict[str, Any]:
    """Fermi flow of 48 segments: automatic against true contours, and against the true flow."""
    if not compared:
        return {}
    table = np.concatenate([item.fermi for item in compared], axis=1)
    return {
        "automatic_against_true_contours": _agreement(table[1], table[2]),
        "automatic_against_true_flow": _agreement(table[0], table[2]),
    }


def _agreement(first: Doubles, second: Doubles) -> dict[str, Any] | None:
    both = np.isfinite(first) & np.isfinite(second)
    if both.sum() < 3:
        return None
    first, second = first[both], second[both]
    difference = second - first
    spread = 1.96 * float(difference.std(ddof=1))
    bias = float(difference.mean())
    return {
        "segments": int(both.sum()),
        "r_squared": round(float(np.corrcoef(first, second)[0, 1] ** 2), 4),
        "bias": round(bias, 4),
        "limits": [round(bias - spread, 4), round(bias + spread, 4)],
    }


def _flow_error(item: Compared) -> float:
    true, found = item.whole
    return abs(found / true - 1) if true > 0 else float("nan")


def doubt_foretells(compared: Sequence[Compared]) -> dict[str, Any]:
    """Rank correlation of U with overlap and with the flow error, and both above and below 0.2."""
    doubt = np.array([item.uncertainty for item in compared])
    overlap = np.array([item.dice_myocardium for item in compared])
    error = np.array([_flow_error(item) for item in compared])
    answer: dict[str, Any] = {}
    for name, values, bad in (
        ("dice", overlap, overlap < POOR_BELOW),
        ("flow_error", error, error > WRONG_ABOVE),
    ):
        known = np.isfinite(doubt) & np.isfinite(values)
        if known.sum() < 3 or np.ptp(doubt[known]) == 0 or np.ptp(values[known]) == 0:
            continue
        answer[name] = {
            "slices": int(known.sum()),
            "spearman": round(float(stats.spearmanr(doubt[known], values[known])[0]), 3),
            "bad": int(bad[known].sum()),
            "auc_of_bad": _area(doubt[known], bad[known]),
        }
    return answer


def _area(doubt: Doubles, bad: Any) -> float | None:
    """Chance that a bad slice has the larger doubt; None where all are alike."""
    if bad.all() or not bad.any():
        return None
    return round(
        float(stats.mannwhitneyu(doubt[bad], doubt[~bad]).statistic / (bad.sum() * (~bad).sum())), 3
    )


def draw_doubt(compared: Sequence[Compared], path: Path) -> None:
    """U of every slice against its overlap and against the error of its flow."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    FigureCanvasAgg(figure)
    doubt = [item.uncertainty for item in compared]
    panels = (
        ("Dice of the myocardium", [item.dice_myocardium for item in compared], POOR_BELOW),
        ("flow off by (share)", [_flow_error(item) for item in compared], WRONG_ABOVE),
    )
    for index, (name, values, limit) in enumerate(panels):
        axes = figure.add_subplot(1, 2, index + 1)
        axes.plot(doubt, values, "o", markersize=4, alpha=0.6, color="#2a6fbb")
        axes.axhline(limit, color="#444", linestyle="--", linewidth=1)
        axes.set_xlabel("U of the slice")
        axes.set_ylabel(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
