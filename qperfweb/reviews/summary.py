"""What follows from a reading's content beside the table: one value for screen, signature, report.

A signed reading keeps the summary that was signed; it is never computed anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from analysis.constants import SEGMENT_NAMES

from . import clinical, physiology, scores
from .content import CAUSES, QUALITY_GRADES
from .references import references_of
from .table import Acquired
from .territories import words_of_territories

Summary = dict[str, Any]


def summary_of(
    document: Mapping[str, Any], content: Mapping[str, Any], acquired: list[Acquired]
) -> Summary:
    """Scores, burden, physiology, references and what was graded or left out, in plain values."""
    values = content["clinical"]
    rates = physiology.measured_rates(document)
    return {
        "clinical": [list(line) for line in clinical.shown(values)],
        "warnings": clinical.warnings(values, rates),
        "measured_heart_rate": {c: rates.get(c) for c in ("stress", "rest")},
        "haematocrit": _haematocrit(document),
        "adequacy": {
            "judgement": values.get("adequacy"),
            "note": values.get("adequacy_note", ""),
            "criteria": physiology.criteria(document, values),
            "caution": physiology.rest_after_regadenoson(document, values),
        },
        "rate_pressure": physiology.rate_pressure(document, values, acquired),
        "references": references_of(document, content),
        "scores": scores.summed(content),
        "burden": scores.burden(content, acquired, document),
        "scar": [
            {
                "segment": int(number),
                "words": scores.TRANSMURALITY[entry["transmurality"]],
                "note": entry["note"],
            }
            for number, entry in sorted(content["scar"].items(), key=lambda item: int(item[0]))
        ],
        "quality": [
            {
                "slice": key,
                "grade": entry["grade"],
                "words": QUALITY_GRADES[entry["grade"]],
                "comment": entry["comment"],
            }
            for key, entry in sorted(content["quality"].items())
        ],
        "excluded": [
            {"condition": condition, "segment": int(number), "reason": entry["reason"]}
            for condition, row in sorted(content["statuses"].items())
            for number, entry in sorted(row.items(), key=lambda item: int(item[0]))
        ],
        "territories": words_of_territories(content),
    }


def vocabulary() -> dict[str, Any]:
    """The choices that a reader has, in words: what the forms of the page are made from."""
    fields = []
    for name, field in clinical.FIELDS.items():
        entry: dict[str, Any] = {"name": name, "words": field.words}
        if isinstance(field, clinical.Choice):
            entry["options"] = [list(option) for option in field.options.items()]
        elif isinstance(field, clinical.Number):
            entry |= {"unit": field.unit, "possible": list(field.possible)}
        fields.append(entry)
    return {
        "clinical": fields,
        "dose_units": clinical.DOSE_UNITS,
        "quality": [[grade, words] for grade, words in QUALITY_GRADES.items()],
        "causes": [list(cause) for cause in CAUSES.items()],
        "scores": [[score, words] for score, words in scores.SCORES.items()],
        "transmurality": [list(one) for one in scores.TRANSMURALITY.items()],
    }


def signed_summary(document: bytes) -> Summary | None:
    """The summary inside a signed document; None where its schema had none."""
    found: Summary | None = json.loads(document).get("summary")
    return found


def segment_words(numbers: list[int]) -> str:
    """``4 BasInf, 10 MidInf``."""
    return ", ".join(f"{number} {SEGMENT_NAMES[number]}" for number in numbers)


def _haematocrit(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """As the run used it; it cannot change flow, only the extracellular volumes."""
    for acquisition in document["acquisitions"]:
        value = acquisition.get("haematocrit")
        if value is not None:
            return {"value": value}
    return None
