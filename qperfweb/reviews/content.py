"""What a reading says beyond the automated result, and how one edit changes it. Pure values.

content = {
  contours:     {slice key: contours}             only slices that differ from automated
  overrides:    {condition: {segment: {value, reason, author, at, revision}}}
  statuses:     {condition: {segment: {reason, causes, author, at, revision}}}   non-diagnostic
  acknowledged: {flag id: {by, at, comment}}
  report:       {indication, findings, impression}
  quality:      {slice key: {grade, comment, author, at, revision}}     of the images
  visual:       {condition: {segment: {score, author, at, revision}}}
  scar:         {segment: {transmurality, note, author, at, revision}}
  clinical:     {field of clinical.FIELDS: value}
  territories:  {preset, segments: {segment: territory}}
  comparison:   {reading, ...} the prior exam that this one is compared with, or {}
}

A revision keeps the content as it was then; parts that did not exist yet count as empty
(``complete``).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from qperfweb.core.errors import Invalid

from . import clinical, scores, territories

Content = dict[str, Any]
Edit = Mapping[str, Any]
Change = dict[str, Any]

HIGHEST_TYPED_VALUE = 10.0
"""ml/min/g; no published human flow comes near. Above it, a typing mistake is certain."""

REPORT_FIELDS = ("indication", "findings", "impression")

QUALITY_GRADES = {
    1: "excellent",
    2: "good, small artefacts",
    3: "usable, artefacts over some of the wall",
    4: "poor: not for reading",
}

CAUSES = {
    "dark_rim": "dark rim",
    "outflow_tract": "outflow tract",
    "motion": "motion",
    "ghost": "ghosting or aliasing",
    "other": "other",
}
"""Why a segment is not diagnostic."""


def empty_content() -> Content:
    """A reading that agrees with the automated result in everything."""
    return {
        "contours": {},
        "overrides": {},
        "statuses": {},
        "acknowledged": {},
        "report": dict.fromkeys(REPORT_FIELDS, ""),
        "quality": {},
        "visual": {},
        "scar": {},
        "clinical": {},
        "territories": {"preset": territories.STANDARD, "segments": {}},
        "comparison": {},
    }


def complete(content: Mapping[str, Any]) -> Content:
    """Content of any age, with the parts that did not exist when it was written."""
    return empty_content() | dict(content)


def apply_edit(
    content: Content, edit: Edit, *, author: str, at: str, revision: int
) -> tuple[Content, Change]:
    """The content after one edit, and what the edit replaced ({before, after, ...}).

    Raises Invalid when the edit lacks its reason, names what does not exist or says nothing.
    """
    if edit["kind"] not in _EDITS:
        raise Invalid(f"“{edit['kind']}” is not an edit.", field="kind")
    after = copy.deepcopy(complete(content))
    signed = {"author": author, "at": at, "revision": revision}
    return after, _EDITS[edit["kind"]](after, edit, signed)


def _contour(after: Content, edit: Edit, signed: Change) -> Change:
    before = after["contours"].get(edit["slice"])
    after["contours"][edit["slice"]] = edit["contours"]
    return {"slice": edit["slice"], "before": before, "after": edit["contours"]}


def _contour_reset(after: Content, edit: Edit, signed: Change) -> Change:
    before = after["contours"].pop(edit["slice"], None)
    if before is None:
        raise Invalid("This slice already has its automated contours.", field="slice")
    return {"slice": edit["slice"], "before": before, "after": None}


def _override(after: Content, edit: Edit, signed: Change) -> Change:
    value = _typed_value(edit.get("value"))
    return _put(after["overrides"], edit, {"value": value, "reason": _reason(edit), **signed})


def _override_reset(after: Content, edit: Edit, signed: Change) -> Change:
    return _take(after["overrides"], edit, "This value was not entered by hand.")


def _segment_status(after: Content, edit: Edit, signed: Change) -> Change:
    if edit["status"] != "non_diagnostic":
        return _take(after["statuses"], edit, "This segment is not marked.")
    causes = list(edit.get("causes") or ())
    words = ", ".join(CAUSES[cause] for cause in causes)
    note = str(edit.get("reason") or "").strip()
    if "other" in causes and not note:
        raise Invalid("Say in words what the other reason is.", field="reason")
    reason = ": ".join(part for part in (words, note) if part)
    if not reason:
        raise Invalid("Give a reason.", field="reason")
    return _put(after["statuses"], edit, {"reason": reason, "causes": causes, **signed})


def _acknowledge(after: Content, edit: Edit, signed: Change) -> Change:
    """One flag or several: they were read together and are answered together."""
    flags = list(edit.get("flags") or ([edit["flag"]] if edit.get("flag") else []))
    if not flags:
        raise Invalid("Say which flag.", field="flag")
    comment = str(edit.get("comment", "")).strip()
    entry = {"by": signed["author"], "at": signed["at"], "comment": comment}
    before = {flag: after["acknowledged"].get(flag) for flag in flags}
    after["acknowledged"].update(dict.fromkeys(flags, entry))
    return {"flags": flags, "before": before, "after": entry}


def _report(after: Content, edit: Edit, signed: Change) -> Change:
    before = after["report"]
    after["report"] = {f: str(edit["report"].get(f, "")).strip() for f in REPORT_FIELDS}
    return {"before": before, "after": after["report"]}


def _quality(after: Content, edit: Edit, signed: Change) -> Change:
    key, grade = edit["slice"], edit.get("grade")
    before = after["quality"].pop(key, None)
    if grade is None:
        if before is None:
            raise Invalid("The images of this slice have no grade.", field="grade")
        return {"slice": key, "before": before, "after": None}
    if grade not in QUALITY_GRADES:
        raise Invalid("A grade is 1, 2, 3 or 4.", field="grade")
    entry = {"grade": grade, "comment": str(edit.get("comment", "")).strip(), **signed}
    after["quality"][key] = entry
    return {"slice": key, "before": before, "after": entry}


def _visual(after: Content, edit: Edit, signed: Change) -> Change:
    """One segment, or several with the same score (a normal heart is one edit)."""
    score = edit.get("score")
    if score is not None and score not in scores.SCORES:
        raise Invalid("A visual score is 0, 1, 2 or 3.", field="score")
    segments = list(edit.get("segments") or [edit["segment"]])
    row = after["visual"].setdefault(edit["condition"], {})
    before = {}
    for number in map(str, segments):
        before[number] = row.pop(number, None)
        if score is not None:
            row[number] = {"score": score, **signed}
    where = {"condition": edit["condition"], "segments": segments}
    return where | {"before": before, "after": score}


def _scar(after: Content, edit: Edit, signed: Change) -> Change:
    number, transmurality = str(edit["segment"]), edit.get("transmurality")
    before = after["scar"].pop(number, None)
    entry = None
    if transmurality is not None:
        if transmurality not in scores.TRANSMURALITY:
            raise Invalid("This is not a class of transmurality.", field="transmurality")
        note = str(edit.get("note") or "").strip()
        entry = {"transmurality": transmurality, "note": note, **signed}
        after["scar"][number] = entry
    elif before is None:
        raise Invalid("No scar was noted in this segment.", field="segment")
    return {"segment": edit["segment"], "before": before, "after": entry}


def _clinical(after: Content, edit: Edit, signed: Change) -> Change:
    before = after["clinical"]
    after["clinical"] = clinical.checked(edit["clinical"])
    return {"before": before, "after": after["clinical"]}


def _territories(after: Content, edit: Edit, signed: Change) -> Change:
    before = after["territories"]
    after["territories"] = territories.checked(edit["territories"])
    return {"before": before, "after": after["territories"]}


def _comparison(after: Content, edit: Edit, signed: Change) -> Change:
    """The prior's values were looked up by the services; None ends the comparison."""
    before = after["comparison"]
    after["comparison"] = dict(edit.get("comparison") or {})
    return {"before": before.get("reading"), "after": after["comparison"].get("reading")}


_EDITS: Mapping[str, Callable[[Content, Edit, Change], Change]] = {
    "contour": _contour,
    "contour_reset": _contour_reset,
    "override": _override,
    "override_reset": _override_reset,
    "segment_status": _segment_status,
    "acknowledge": _acknowledge,
    "report": _report,
    "quality": _quality,
    "visual": _visual,
    "scar": _scar,
    "clinical": _clinical,
    "territories": _territories,
    "comparison": _comparison,
}


def _typed_value(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise Invalid("Enter a number.", field="value")
    if not 0 <= value <= HIGHEST_TYPED_VALUE:
        raise Invalid(f"Enter a number from 0 to {HIGHEST_TYPED_VALUE:g}.", field="value")
    return float(value)


def _reason(edit: Mapping[str, Any]) -> str:
    reason = str(edit.get("reason") or "").strip()
    if not reason:
        raise Invalid("Give a reason.", field="reason")
    return reason


def _put(
    table: dict[str, dict[str, Any]], edit: Mapping[str, Any], entry: dict[str, Any]
) -> dict[str, Any]:
    row = table.setdefault(edit["condition"], {})
    before = row.get(str(edit["segment"]))
    row[str(edit["segment"])] = entry
    return _where(edit) | {"before": before, "after": entry}


def _take(
    table: dict[str, dict[str, Any]], edit: Mapping[str, Any], missing: str
) -> dict[str, Any]:
    before = table.get(edit["condition"], {}).pop(str(edit["segment"]), None)
    if before is None:
        raise Invalid(missing, field="segment")
    return _where(edit) | {"before": before, "after": None}


def _where(edit: Mapping[str, Any]) -> dict[str, Any]:
    return {"condition": edit["condition"], "segment": edit["segment"]}
