"""What a reading says beyond the automated result, and how one edit changes it. Pure values.

content = {
  contours:     {slice key: contours}             only slices that differ from automated
  overrides:    {condition: {segment: {value, reason, author, at, revision}}}
  statuses:     {condition: {segment: {reason, author, at, revision}}}   non-diagnostic segments
  acknowledged: {flag id: {by, at, comment}}
  report:       {indication, findings, impression}
}
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from qperfweb.core.errors import Invalid

Content = dict[str, Any]

HIGHEST_TYPED_VALUE = 10.0
"""ml/min/g; no published human flow comes near. Above it, a typing mistake is certain."""

REPORT_FIELDS = ("indication", "findings", "impression")


def empty_content() -> Content:
    """A reading that agrees with the automated result in everything."""
    return {
        "contours": {},
        "overrides": {},
        "statuses": {},
        "acknowledged": {},
        "report": dict.fromkeys(REPORT_FIELDS, ""),
    }


def apply_edit(
    content: Content, edit: Mapping[str, Any], *, author: str, at: str, revision: int
) -> tuple[Content, dict[str, Any]]:
    """The content after one edit, and what the edit replaced ({before, after, ...}).

    Raises Invalid when the edit lacks its reason, names what does not exist or says nothing.
    """
    after = copy.deepcopy(content)
    signed = {"author": author, "at": at, "revision": revision}
    kind = edit["kind"]
    if kind == "contour":
        before = after["contours"].get(edit["slice"])
        after["contours"][edit["slice"]] = edit["contours"]
        return after, {"slice": edit["slice"], "before": before, "after": edit["contours"]}
    if kind == "contour_reset":
        before = after["contours"].pop(edit["slice"], None)
        if before is None:
            raise Invalid("This slice already has its automated contours.", field="slice")
        return after, {"slice": edit["slice"], "before": before, "after": None}
    if kind == "override":
        value = _typed_value(edit.get("value"))
        entry = {"value": value, "reason": _reason(edit), **signed}
        return after, _put(after["overrides"], edit, entry)
    if kind == "override_reset":
        return after, _take(after["overrides"], edit, "This value was not entered by hand.")
    if kind == "segment_status":
        if edit["status"] == "non_diagnostic":
            return after, _put(after["statuses"], edit, {"reason": _reason(edit), **signed})
        return after, _take(after["statuses"], edit, "This segment is not marked.")
    if kind == "acknowledge":
        entry = {"by": author, "at": at, "comment": str(edit.get("comment", "")).strip()}
        before = after["acknowledged"].get(edit["flag"])
        after["acknowledged"][edit["flag"]] = entry
        return after, {"flag": edit["flag"], "before": before, "after": entry}
    if kind == "report":
        before = after["report"]
        after["report"] = {f: str(edit["report"].get(f, "")).strip() for f in REPORT_FIELDS}
        return after, {"before": before, "after": after["report"]}
    raise Invalid(f"“{kind}” is not an edit.", field="kind")


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
