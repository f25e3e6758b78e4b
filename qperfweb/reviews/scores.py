"""What the eye says: visual scores, scar, and the ischaemic burden that follows from them.

Scores are the reader's; nothing here is derived from flow, so that the numbers and the eye stay two
opinions. A segment counts as ischaemic when its perfusion is worse at stress than at rest and the
stress score is a defect (2 or 3); without a rest score it counts only where scar was ruled out or
is smaller than the defect, and otherwise is listed as not assessable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from analysis.constants import SEGMENT_NAMES

from .references import NORMAL_ENDO_EPI_STRESS, matched
from .table import Acquired

SCORES: Final = {
    0: "normal",
    1: "equivocal",
    2: "subendocardial defect",
    3: "transmural defect",
}
DEFECT: Final = 2
"""From this score on a segment has a perfusion defect."""

TRANSMURALITY: Final = {
    "0": "no scar",
    "1-25": "scar in 1-25 % of the wall",
    "26-50": "scar in 26-50 % of the wall",
    "51-75": "scar in 51-75 % of the wall",
    "76-100": "scar in 76-100 % of the wall",
}
_SUBENDOCARDIAL_SCAR: Final = ("0", "1-25", "26-50")

SEGMENTS: Final = len(SEGMENT_NAMES)


def summed(content: Mapping[str, Any]) -> dict[str, Any]:
    """Summed stress, rest and difference score, and over how many segments each.

    The difference sums max(0, stress - rest) over segments scored in both conditions; percent is
    that over the most it could be, and only given when all segments are scored in both.
    """
    stress, rest = _scores(content, "stress"), _scores(content, "rest")
    both = sorted(set(stress) & set(rest))
    difference = sum(max(0, stress[n] - rest[n]) for n in both)
    complete = len(both) == SEGMENTS
    return {
        "stress": sum(stress.values()) if stress else None,
        "stress_segments": len(stress),
        "rest": sum(rest.values()) if rest else None,
        "rest_segments": len(rest),
        "difference": difference if both else None,
        "difference_segments": len(both),
        "percent": 100.0 * difference / (SEGMENTS * max(SCORES)) if complete else None,
    }


def burden(
    content: Mapping[str, Any], acquired: list[Acquired], document: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The ischaemic burden from the visual scores; None while nothing is scored at stress.

    percent_of_lv: every segment of the 16 counts the same. transmural: ischaemic segments whose
    score says so. inner_less: ischaemic segments whose measured endo/epi ratio at stress lies below
    the normal range (mean - 2 SD), only where that range's protocol matches.
    """
    stress = _scores(content, "stress")
    if not stress:
        return None
    ischaemic, unclear = [], []
    for number, score in sorted(stress.items()):
        if score >= DEFECT:
            verdict = _is_ischaemic(content, number, score)
            if verdict is None:
                unclear.append(number)
            elif verdict:
                ischaemic.append(number)
    endo_epi = _endo_epi(acquired)
    range_matches = matched(NORMAL_ENDO_EPI_STRESS, document, content) is None
    limit = NORMAL_ENDO_EPI_STRESS.mean - 2 * NORMAL_ENDO_EPI_STRESS.sd
    return {
        "ischaemic": ischaemic,
        "segments": len(ischaemic),
        "percent_of_lv": 100.0 * len(ischaemic) / SEGMENTS,
        "transmural": [n for n in ischaemic if stress[n] == max(SCORES)],
        "subendocardial": [n for n in ischaemic if stress[n] == DEFECT],
        "not_assessable": unclear,
        "scored": len(stress),
        "endo_epi": {str(n): endo_epi[n] for n in ischaemic if n in endo_epi},
        "inner_less": [n for n in ischaemic if endo_epi.get(n, limit) < limit]
        if range_matches
        else None,
        "endo_epi_limit": limit if range_matches else None,
        "endo_epi_source": NORMAL_ENDO_EPI_STRESS.source if range_matches else None,
    }


def _is_ischaemic(content: Mapping[str, Any], number: int, stress: int) -> bool | None:
    """None: neither rest nor scar was scored, so a fixed defect cannot be told from ischaemia."""
    rest = _scores(content, "rest").get(number)
    if rest is not None:
        return stress > rest
    scar = content["scar"].get(str(number))
    if scar is None:
        return None
    if scar["transmurality"] == "0":
        return True
    return stress == max(SCORES) and scar["transmurality"] in _SUBENDOCARDIAL_SCAR


def _scores(content: Mapping[str, Any], condition: str) -> dict[int, int]:
    row = content["visual"].get(condition, {})
    return {int(number): entry["score"] for number, entry in row.items()}


def _endo_epi(acquired: list[Acquired]) -> dict[int, float]:
    for one in acquired:
        if one.condition == "stress":
            pairs = ((n, v.endo_epi_ratio) for n, v in one.segments.items())
            return {n: ratio for n, ratio in pairs if ratio is not None}
    return {}
