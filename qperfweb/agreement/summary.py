"""Agreement of automated and final flow in figures, as the page and the CSV show it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from .queries import Filters, edited_share, override_reasons, pairs
from .statistics import (
    TooFewPairs,
    bland_altman,
    coefficient_of_variation,
    icc_2_1,
    paired_test,
)

EQUIVALENCE_MARGIN = 0.1
"""ml/min/g. A tenth is well below the repeatability of the measurement (8-13 % of 2-3 ml/min/g,
Brown 2018); the page states it beside the result."""

MOST_POINTS = 5000


def summary(filters: Filters) -> dict[str, Any]:
    """Figures, points for the plot, and what must be known to read them."""
    rows = list(pairs(filters))
    studies = {row["study"] for row in rows}
    result: dict[str, Any] = {
        "pairs": len(rows),
        "studies": len(studies),
        "edited_share": edited_share(rows),
        "reasons": [{"reason": r, "count": n} for r, n in override_reasons(studies)],
        "points": _points(rows),
        "caution": _caution(filters),
    }
    automated = np.array([row["automated"] for row in rows])
    final = np.array([row["final"] for row in rows])
    patients = np.array([row["patient"] for row in rows])
    try:
        agreement = bland_altman(final, automated, patients)
        test = paired_test(final, automated, patients, margin=EQUIVALENCE_MARGIN)
        means = _means_by_patient(final, automated, patients)
        return result | {
            "bland_altman": asdict(agreement),
            "test": asdict(test) | {"equivalent": test.equivalent},
            "icc": asdict(icc_2_1(means)),
            "cv": coefficient_of_variation(final, automated),
            "missing_reason": None,
        }
    except TooFewPairs as error:
        nothing = dict.fromkeys(("bland_altman", "test", "icc", "cv"))
        return result | nothing | {"missing_reason": str(error)}


def _points(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every point that fits on a page; beyond that an even sample."""
    step = max(1, -(-len(rows) // MOST_POINTS))
    return [
        {
            "study": row["study"],
            "segment": row["segment"],
            "source": row["source"],
            "mean": (row["automated"] + row["final"]) / 2,
            "difference": row["automated"] - row["final"],
        }
        for row in rows[::step]
    ]


def _caution(filters: Filters) -> str:
    if filters.subset == "edited":
        return (
            "Only segments that a reader changed. They were chosen because they looked wrong, so "
            "they say nothing about the others."
        )
    return (
        "All segments. Where a reader changed nothing, the final value equals the automated one by "
        "definition: narrow limits may only mean few edits."
    )


def _means_by_patient(final: np.ndarray, automated: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """(patients, 2): ICC needs independent targets, so each patient gives one pair of means."""
    _, codes = np.unique(patients, return_inverse=True)
    count = np.bincount(codes)
    return np.stack([np.bincount(codes, weights=v) / count for v in (final, automated)], axis=1)
