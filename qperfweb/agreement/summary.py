"""Agreement in figures, as the page and the CSV show it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

from django.db.models import F, FloatField, TextField
from django.db.models.functions import Cast, Extract

from .contours import contour_summary
from .drift import Point, control_charts
from .queries import (
    Filters,
    edited_readings,
    final_values,
    override_reasons,
    pairs,
    version_of,
)
from .statistics import (
    TooFewPairs,
    bland_altman,
    coefficient_of_variation,
    icc_2_1,
    paired_test,
)
from .totals import totals_in_database, totals_of

EQUIVALENCE_MARGIN = {"stress": 0.1, "rest": 0.1, "mpr": 0.2}
"""ml/min/g; MPR without a unit. A tenth is well below the repeatability of the measurement (8-13 %
of 2-3 ml/min/g, Brown 2018), as is a fifth of an MPR of 2-4; the page states it."""

MOST_READINGS_WITH_CONTOURS = 200

LABELS = {
    "final": ("final", "automated"),
    "readers": ("first reader", "second reader"),
    "versions": ("first version", "second version"),
}
"""What is subtracted from what: difference = second label - first label."""


def summary(filters: Filters) -> dict[str, Any]:
    """Figures, points for the plot, and what must be known to read them."""
    is_final = filters.comparison == "final"
    reasons = []
    if is_final:
        rows = final_values(filters)
        totals = totals_in_database(rows)
        reasons = override_reasons(rows.order_by().values("reading__study_id"))
    else:
        totals = totals_of(pairs(filters))
    result: dict[str, Any] = {
        "pairs": totals.pairs,
        "studies": totals.studies,
        "labels": LABELS[filters.comparison],
        "unit": "" if filters.measure == "mpr" else "ml/min/g",
        "edited_share": totals.edited_share if is_final else {},
        "reasons": [{"reason": r, "count": n} for r, n in reasons],
        "points": totals.points,
        "caution": _caution(filters),
        "contours": _contours(filters),
        "drift": _drift(filters),
    }
    try:
        agreement = bland_altman(totals.sums)
        test = paired_test(totals.sums, margin=EQUIVALENCE_MARGIN[filters.measure])
        return result | {
            "bland_altman": asdict(agreement),
            "test": asdict(test) | {"equivalent": test.equivalent},
            "icc": asdict(icc_2_1(totals.sums.means)),
            "cv": coefficient_of_variation(totals.sums),
            "missing_reason": None,
        }
    except TooFewPairs as error:
        nothing = dict.fromkeys(("bland_altman", "test", "icc", "cv"))
        return result | nothing | {"missing_reason": str(error)}


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
    rows = final_values(whole).order_by("reading__signed_at", "reading_id")
    # Models as text, moments as numbers: what is read once for each version or drawn point, and not
    # once for each reading, costs little.
    found = rows.values_list(
        "reading__run__pipeline_version",
        Cast("reading__run__model_versions", TextField()),
        Cast(Extract("reading__signed_at", "epoch"), FloatField()),
        "reading__study_id",
        F("automated_value") - F("final_value"),
    )
    by_version: dict[tuple[str, str], list[Point]] = {}
    for pipeline, models, moment, study, difference in found:
        by_version.setdefault((pipeline, models), []).append((moment, study, difference))
    return control_charts(
        {
            version_of(pipeline, json.loads(models)): points
            for (pipeline, models), points in by_version.items()
        }
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
