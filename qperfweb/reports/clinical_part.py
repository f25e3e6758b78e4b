"""The part of the report that the reader entered and scored, in lines for the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.constants import SEGMENT_NAMES
from qperfweb.reviews.priors import difference
from qperfweb.reviews.summary import Summary, segment_words
from qperfweb.reviews.table import GLOBAL, Acquired

_SAYS = {"supports": "supports", "against": "speaks against", "open": "open"}


def clinical_part(
    document: Mapping[str, Any],
    acquired: list[Acquired],
    content: Mapping[str, Any],
    summary: Summary,
) -> dict[str, Any]:
    """Values of the template; empty lists leave their headings out."""
    return {
        "clinical": _examination(summary),
        "adequacy": _adequacy(summary),
        "score_rows": _score_rows(content),
        "scores": _scores(summary),
        "beside": _beside(summary),
        "comparison": _comparison(document, acquired, content),
        "left_out": _left_out(summary),
    }


def _examination(summary: Summary) -> list[list[str]]:
    hidden = ("Stress adequacy, the reader's judgement", "Adequacy in words")
    lines = [line for line in summary["clinical"] if line[0] not in hidden]
    for condition, rate in summary["measured_heart_rate"].items():
        if rate is not None:
            lines.append([f"Heart rate at {condition}, from the images", f"{rate:.0f}/min"])
    if summary["haematocrit"] is not None and lines:
        lines.append(["Haematocrit in use", f"{summary['haematocrit']['value']:.2f}"])
    return lines


def _adequacy(summary: Summary) -> list[str]:
    found = summary["adequacy"]
    if not summary["clinical"]:
        return []
    judged = found["judgement"]
    words = judged.replace("_", " ") if judged else "not judged"
    first = f"Reader's judgement: {words}." + (f" {found['note']}" if found["note"] else "")
    lines = [first] if judged or found["note"] else []
    lines += [f"{_SAYS[c['says']]}: {c['words']}" for c in found["criteria"] if c["says"] != "open"]
    if found["caution"]:
        lines.append(found["caution"])
    return lines + list(summary["warnings"])


def _score_rows(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for condition in ("stress", "rest"):
        row = content["visual"].get(condition, {})
        if row:
            cells = [str(row[str(n)]["score"]) if str(n) in row else "-" for n in SEGMENT_NAMES]
            rows.append({"name": condition.capitalize(), "cells": cells})
    if content["scar"]:
        scars = content["scar"]
        cells = [scars[str(n)]["transmurality"] if str(n) in scars else "-" for n in SEGMENT_NAMES]
        rows.append({"name": "Scar, %", "cells": cells})
    return rows


def _scores(summary: Summary) -> list[str]:
    sums, burden = summary["scores"], summary["burden"]
    lines = [
        f"Summed {name} score {sums[name]} ({sums[f'{name}_segments']} of 16 segments scored)"
        for name in ("stress", "rest", "difference")
        if sums[name] is not None
    ]
    if sums["percent"] is not None:
        lines[-1] += f", {sums['percent']:.0f} % of the highest possible"
    if burden is not None:
        line = (
            f"Ischaemic burden by eye: {burden['segments']} of 16 segments, "
            f"{burden['percent_of_lv']:.0f} % of the left ventricle"
        )
        if burden["ischaemic"]:
            line += (
                f" ({segment_words(burden['ischaemic'])}); transmural {len(burden['transmural'])}, "
                f"subendocardial {len(burden['subendocardial'])}"
            )
        lines.append(line)
        if burden["not_assessable"]:
            lines.append(
                "Ischaemia or fixed defect not told apart, neither rest nor scar was scored: "
                + segment_words(burden["not_assessable"])
            )
        if burden["inner_less"]:
            lines.append(
                f"Of these, endo/epi ratio at stress below {burden['endo_epi_limit']:.2f} (mean - "
                f"2 SD, {burden['endo_epi_source']}): {segment_words(burden['inner_less'])}"
            )
    for scar in summary["scar"]:
        if scar["note"]:
            lines.append(f"Scar, {segment_words([scar['segment']])}: {scar['note']}")
    if lines:
        lines.append("Scores: 0 normal, 1 equivocal, 2 subendocardial defect, 3 transmural defect")
    return lines


def _beside(summary: Summary) -> list[str]:
    lines = []
    found = summary["rate_pressure"]
    row = found["rows"].get(GLOBAL)
    if row is not None:
        line = (
            f"Rest MBF at a rate-pressure product of {found['reference']:.0f} mmHg/min (measured "
            f"{found['rest']:.0f}): {_amount(row['rest'], row['rest_error'])} ml/min/g"
        )
        if row["mpr"] is not None:
            line += f"; MPR with it {_amount(row['mpr'], row['mpr_error'])}"
        lines.append(line)
    for one in summary["references"]["ranges"]:
        place = "" if one["condition"] == "mpr" else f" at {one['condition']}"
        amount = f"{one['mean']:.2f} ± {one['sd']:.2f} {one['unit']}".rstrip()
        lines.append(f"Healthy people{place}: {one['name']} {amount} (SD; {one['source']})")
    lines += summary["references"]["reasons"]
    lines.append(f"Territories: {summary['territories']}")
    return lines


def _comparison(
    document: Mapping[str, Any], acquired: list[Acquired], content: Mapping[str, Any]
) -> dict[str, Any]:
    prior = content["comparison"]
    if not prior:
        return {"lines": [], "heads": [], "title": "", "unlike": ""}
    found = difference(document, acquired, prior)
    quantities = [
        q
        for q in ("stress", "rest", "mpr")
        if any(r[q] is not None for r in found["rows"].values())
    ]
    heads = [{"stress": "Stress", "rest": "Rest", "mpr": "MPR"}[q] for q in quantities]
    lines = []
    for row, change in found["rows"].items():
        name = SEGMENT_NAMES[int(row)] if row.isdigit() else row
        cells = [_difference(change[q]) for q in quantities]
        lines.append([row if row.isdigit() else "", name, *cells])
    title = (
        f"With the exam of {prior['study_date'] or 'unknown date'}, reading {prior['reading']}, "
        f"signed by {prior['signed_by']}. "
    )
    return {"lines": lines, "heads": heads, "title": title, "unlike": found["unlike"] or ""}


def _left_out(summary: Summary) -> list[str]:
    lines = [
        f"{q['slice'].replace('_', ' ')}: {q['grade']}, {q['words']}"
        + (f" ({q['comment']})" if q["comment"] else "")
        for q in summary["quality"]
    ]
    return lines + [
        f"Segment {segment_words([e['segment']])} at {e['condition']} is left out of means: "
        f"{e['reason']}"
        for e in summary["excluded"]
    ]


def _amount(value: float, error: float | None) -> str:
    return f"{value:.2f}" + (f" ± {error:.2f}" if error is not None else "")


def _difference(value: float | None) -> str:
    """With its sign; no change has none."""
    if value is None:
        return "-"
    text = f"{value:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text
