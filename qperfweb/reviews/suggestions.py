"""Sentences that a reader may take into findings and impression; never put there by themselves.

They say what was measured, scored and entered, in that order, and judge nothing: no sentence calls
a value normal or low.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .clinical import DOSE_UNITS, agent_words
from .priors import difference
from .ratios import ratio_of_row
from .summary import Summary, segment_words
from .table import GLOBAL, Acquired, SegmentValue, value_of_row
from .territories import NAMES

_UNITS = {"mbf": "ml/min/g", "relative_upslope": "(relative upslope)"}
_WHAT = {"mbf": "MBF", "relative_upslope": "upslope"}
_JUDGED = {
    "adequate": "Stress was judged adequate.",
    "doubtful": "Stress adequacy is doubtful.",
    "not_assessable": "Stress adequacy cannot be assessed.",
}


def suggestions_of(
    document: Mapping[str, Any],
    content: Mapping[str, Any],
    acquired: Sequence[Acquired],
    summary: Summary,
) -> dict[str, list[str]]:
    """Sentences by field of the report."""
    by_condition: dict[str, Acquired] = {}
    for one in acquired:
        by_condition.setdefault(one.condition, one)
    found = [
        _stress(content["clinical"]),
        _JUDGED.get(content["clinical"].get("adequacy", ""), ""),
        summary["adequacy"]["caution"] or "",
        _globals(document, by_condition),
        *(_territories(one) for one in by_condition.values()),
        _lowest(by_condition.get("stress")),
        _rate_pressure(summary["rate_pressure"]),
        *_visual(content, summary),
        _scar(summary),
        _excluded(summary),
        _quality(summary),
        _references(summary),
        _prior(document, list(acquired), content),
    ]
    impression = [
        _burden(summary),
        _globals(document, by_condition),
        _doubt(content["clinical"].get("adequacy")),
        _prior(document, list(acquired), content),
    ]
    return {
        "findings": [sentence for sentence in found if sentence],
        "impression": [sentence for sentence in impression if sentence],
    }


def _stress(values: Mapping[str, Any]) -> str:
    agent = values.get("stress_agent")
    if agent is None:
        return ""
    dose = values.get("stress_dose")
    parts = [f"Stress with {agent_words(agent)}"]
    if dose is not None:
        parts[0] += f" {dose:g} {DOSE_UNITS[agent]}"
    for words, name, unit in (
        ("heart rate", "heart_rate", "/min"),
        ("systolic pressure", "systolic", " mmHg"),
    ):
        rest, stress = values.get(f"{name}_rest"), values.get(f"{name}_stress")
        if rest is not None and stress is not None:
            parts.append(f"{words} {rest:.0f} to {stress:.0f}{unit}")
    return "; ".join(parts) + "."


def _globals(document: Mapping[str, Any], by_condition: Mapping[str, Acquired]) -> str:
    parts = []
    for condition, acquired in by_condition.items():
        value = value_of_row(acquired, GLOBAL)
        if value is not None and value.value is not None:
            place = "" if condition == "unknown" else f" at {condition}"
            parts.append(f"{_amount(value)} {_UNITS[acquired.quantity]}{place}")
    if not parts:
        return ""
    quantity = next(iter(by_condition.values())).quantity
    sentence = f"Global {_WHAT[quantity]} {' and '.join(parts)}"
    ratio = ratio_of_row(document, list(by_condition.values()), GLOBAL)
    if ratio is not None and ratio.value is not None:
        name = "MPR" if quantity == "mbf" else "MPRI"
        error = f" ± {ratio.standard_error:.2f}" if ratio.standard_error is not None else ""
        sentence += f"; {name} {ratio.value:.2f}{error}"
    return sentence + "."


def _territories(acquired: Acquired) -> str:
    parts = []
    for name in NAMES:
        value = value_of_row(acquired, name)
        if value is not None and value.value is not None:
            parts.append(f"{name} {value.value:.2f}")
    if len(parts) < 2:
        return ""
    what, unit = _WHAT[acquired.quantity], _UNITS[acquired.quantity]
    return f"{acquired.condition.capitalize()} {what} by territory: {', '.join(parts)} {unit}."


def _lowest(stress: Acquired | None) -> str:
    if stress is None:
        return ""
    values = [(v.value, n) for n, v in stress.segments.items() if v.value is not None]
    if len(values) < 2:
        return ""
    value, number = min(values)
    return (
        f"Lowest stress {_WHAT[stress.quantity]} in segment {segment_words([number])}: "
        f"{value:.2f} {_UNITS[stress.quantity]}."
    )


def _rate_pressure(found: Mapping[str, Any]) -> str:
    row = found["rows"].get(GLOBAL)
    if row is None:
        return ""
    sentence = (
        f"Corrected to a rate-pressure product of {found['reference']:.0f} mmHg/min (measured "
        f"{found['rest']:.0f}), global rest MBF is {row['rest']:.2f} ml/min/g"
    )
    return sentence + (f" and MPR {row['mpr']:.2f}." if row["mpr"] is not None else ".")


def _visual(content: Mapping[str, Any], summary: Summary) -> list[str]:
    sums = summary["scores"]
    sentences = []
    for condition in ("stress", "rest"):
        row = content["visual"].get(condition, {})
        defects = sorted(int(n) for n, entry in row.items() if entry["score"] >= 2)
        if defects:
            sentences.append(f"Perfusion defect at {condition} by eye in {segment_words(defects)}.")
        elif len(row) == 16:
            sentences.append(f"No perfusion defect at {condition} by eye.")
    parts = [
        f"{words} {sums[name]} ({sums[f'{name}_segments']} of 16 segments scored)"
        for name, words in (
            ("stress", "summed stress score"),
            ("rest", "rest score"),
            ("difference", "difference score"),
        )
        if sums[name] is not None
    ]
    if parts:
        sentence = ", ".join(parts) + "."
        sentences.append(sentence[0].upper() + sentence[1:])
    return sentences


def _scar(summary: Summary) -> str:
    scars = [s for s in summary["scar"] if s["words"] != "no scar"]
    if not scars:
        return ""
    parts = [
        f"{segment_words([s['segment']])}: {s['words']}" + (f" ({s['note']})" if s["note"] else "")
        for s in scars
    ]
    return "Late enhancement: " + "; ".join(parts) + "."


def _excluded(summary: Summary) -> str:
    if not summary["excluded"]:
        return ""
    parts = [
        f"{segment_words([e['segment']])} at {e['condition']} ({e['reason']})"
        for e in summary["excluded"]
    ]
    return "Not diagnostic and left out of means: " + "; ".join(parts) + "."


def _quality(summary: Summary) -> str:
    doubtful = [q for q in summary["quality"] if q["grade"] >= 3]
    if not doubtful:
        return ""
    parts = [f"{q['slice'].replace('_', ' ')} {q['words']}" for q in doubtful]
    return "Image quality: " + "; ".join(parts) + "."


def _references(summary: Summary) -> str:
    ranges = summary["references"]["ranges"]
    if not ranges:
        return ""
    parts = [
        f"{r['name']}{'' if r['condition'] == 'mpr' else ' at ' + r['condition']} "
        f"{r['mean']:.2f} ± {r['sd']:.2f} {r['unit']}".rstrip()
        + f" ({r['source']})"
        for r in ranges
    ]
    return "Healthy people, same protocol: " + "; ".join(parts) + "."


def _prior(
    document: Mapping[str, Any], acquired: list[Acquired], content: Mapping[str, Any]
) -> str:
    prior = content["comparison"]
    if not prior:
        return ""
    found = difference(document, acquired, prior)
    row = found["rows"].get(GLOBAL, {})
    words = {"stress": "stress MBF", "rest": "rest MBF", "mpr": "MPR"}
    parts = [f"{words[q]} {row[q]:+.2f}" for q in words if row.get(q) is not None]
    if not parts:
        return ""
    unlike = f" {found['unlike']}" if found["unlike"] else ""
    return f"Compared with {prior['study_date'] or 'the prior'}: {', '.join(parts)}.{unlike}"


def _burden(summary: Summary) -> str:
    found = summary["burden"]
    if found is None:
        return ""
    if found["segments"]:
        return (
            f"Inducible perfusion defect by eye in {found['segments']} of 16 segments "
            f"({found['percent_of_lv']:.0f} % of the LV): {segment_words(found['ischaemic'])}; "
            f"{len(found['transmural'])} transmural."
        )
    if found["not_assessable"] or found["scored"] < 16:
        return ""
    return "No inducible perfusion defect by eye."


def _doubt(judgement: str | None) -> str:
    if judgement in ("doubtful", "not_assessable"):
        return "Stress may have been inadequate: an absent defect does not exclude ischaemia."
    return ""


def _amount(value: SegmentValue) -> str:
    error = f" ± {value.standard_error:.2f}" if value.standard_error is not None else ""
    return f"{value.value:.2f}{error}"
