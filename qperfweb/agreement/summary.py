"""Agreement in figures, as the page and the CSV show it."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np

from .contours import contour_summary
from .drift import control_chart
from .queries import Filters, Pair, edited_readings, edited_share, override_reasons, pairs
from .statistics import (
    TooFewPairs,
    bland_altman,
    coefficient_of_variation,
    icc_2_1,
    paired_test,
)

EQUIVALENCE_MARGIN = {"stress": 0.1, "rest": 0.1, "mpr": 0.2}
"""ml/min/g; MPR without a unit. A tenth is well below the repeatability of the measurement (8-13 %
of 2-3 ml/min/g, Brown 2018), as is a fifth of an MPR of 2-4; the page states it."""

MOST_POINTS = 5000
MOST_READINGS_WITH_CONTOURS = 200

LABELS = {
    "final": ("final", "automated"),
    "readers": ("first reader", "second reader"),
    "versions": ("first version", "second version"),
}
"""What is subtracted from what: difference = second label - first label."""


def summary(filters: Filters) -> dict[str, Any]:
    """Figures, points for the plot, and what must be known to read them."""
    rows = pairs(filters)
    studies = {row["study"] for row in rows}
    is_final = filters.comparison == "final"
    first, second = _sides(filters, rows)
    patients = np.array([row["patient"] for row in rows])
    result: dict[str, Any] = {
        "pairs": len(rows),
        "studies": len(studies),
        "labels": LABELS[filters.comparison],
        "unit": "" if filters.measure == "mpr" else "ml/min/g",
        "edited_share": edited_share(rows) if is_final else {},
        "reasons": [{"reason": r, "count": n} for r, n in override_reasons(studies)]
        if is_final
        else [],
        "points": _points(rows, first, second),
        "caution": _caution(filters),
        "contours": _contours(filters),
        "drift": _drift(filters),
    }
    try:
        agreement = bland_altman(first, second, patients)
        margin = EQUIVALENCE_MARGIN[filters.measure]
        test = paired_test(first, second, patients, margin=margin)
        means = _means_by_patient(first, second, patients)
        return result | {
            "bland_altman": asdict(agreement),
            "test": asdict(test) | {"equivalent": test.equivalent},
            "icc": asdict(icc_2_1(means)),
            "cv": coefficient_of_variation(first, second),
            "missing_reason": None,
        }
    except TooFewPairs as error:
        nothing = dict.fromkeys(("bland_altman", "test", "icc", "cv"))
        return result | nothing | {"missing_reason": str(error)}


def _sides(filters: Filters, rows: list[Pair]) -> tuple[np.ndarray, np.ndarray]:
    """Values to subtract and to subtract from; automated minus final where those are compared."""
    first = np.array([row["first"] for row in rows], dtype=np.float64)
    second = np.array([row["second"] for row in rows], dtype=np.float64)
    return (second, first) if filters.comparison == "final" else (first, second)


def _points(rows: list[Pair], first: np.ndarray, second: np.ndarray) -> list[dict[str, Any]]:
    """Every point that fits on a page; beyond that an even sample."""
    step = max(1, -(-len(rows) // MOST_POINTS))
    return [
        {
            "study": row["study"],
            "segment": row["segment"],
            "source": row["source"],
            "mean": float(first[place] + second[place]) / 2,
            "difference": float(second[place] - first[place]),
        }
        for place, row in list(enumerate(rows))[::step]
    ]


def _contours(filters: Filters) -> dict[str, Any] | None:
    if filters.comparison != "final":
        return None
    readings = edited_readings(filters, MOST_READINGS_WITH_CONTOURS)
    return contour_summary(readings) | {"readings": len(readings)}


def _drift(filters: Filters) -> list[dict[str, Any]]:
    """Control charts of automated minus final, one global value per signed reading."""
    if filters.comparison != "final":
        return []
    whole = replace(filters, scope="global", segment=None, subset=_all_of(filters))
    return control_chart(
        {**row, "difference": row["first"] - row["second"]} for row in pairs(whole)
    )


def _all_of(filters: Filters) -> Any:
    return "all" if filters.subset == "edited" else filters.subset


def _caution(filters: Filters) -> str:
    if filters.comparison == "readers":
        return "First readings of locked projects, whose readers did not see each other's."
    if filters.comparison == "versions":
        return "Automated values of the same studies by both versions; nobody has edited them."
    if filters.subset == "edited":
        return (
            "Only values that a reader changed. They were chosen because they looked wrong, so "
            "they say nothing about the others."
        )
    if filters.subset == "scratch":
        return (
            "Readings of locked projects, drawn from scratch without seeing contours or numbers: "
            "the final value owes nothing to the automated one."
        )
    return (
        "All clinical readings. Where a reader changed nothing, the final value equals the "
        "automated one by definition: narrow limits may only mean few edits."
    )


def _means_by_patient(first: np.ndarray, second: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """(patients, 2): ICC needs independent targets, so each patient gives one pair of means."""
    _, codes = np.unique(patients, return_inverse=True)
    count = np.bincount(codes)
    return np.stack([np.bincount(codes, weights=v) / count for v in (first, second)], axis=1)
