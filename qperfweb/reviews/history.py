"""Revisions in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .clinical import shown
from .content import CAUSES, QUALITY_GRADES
from .models import ReadingRevision, RevisionKind
from .scores import SCORES, TRANSMURALITY
from .territories import words_of_territories


def words_of(revision: ReadingRevision) -> str:
    """One line about a revision: what changed, where, from what to what."""
    change, kind = revision.change, RevisionKind(revision.kind)
    if kind in _SAYING:
        return f"{kind.label}: {_SAYING[kind](change)}"
    if "segment" in change:
        where = f"segment {change['segment']}, {change['condition']}"
        before, after = change.get("before"), change.get("after")
        if kind == RevisionKind.OVERRIDE:
            earlier = f" (was {before['value']:g})" if before else ""
            return f"{kind.label}: {where}: {after['value']:g}{earlier}"
        return f"{kind.label}: {where}"
    if "slice" in change:
        return f"{kind.label}: {change['slice'].replace('_', ' ')}"
    return str(kind.label)


def _marked(change: Mapping[str, Any]) -> str:
    where = f"segment {change['segment']}, {change['condition']}"
    after = change.get("after")
    if not after:
        return f"{where}: used again"
    causes = ", ".join(CAUSES[cause] for cause in after.get("causes") or ())
    return f"{where}: not diagnostic" + (f" ({causes})" if causes else "")


def _graded(change: Mapping[str, Any]) -> str:
    slice_words = change["slice"].replace("_", " ")
    after = change.get("after")
    if not after:
        return f"{slice_words}: no grade"
    comment = f" ({after['comment']})" if after["comment"] else ""
    return f"{slice_words}: {QUALITY_GRADES[after['grade']]}{comment}"


def _scored(change: Mapping[str, Any]) -> str:
    numbers = change["segments"]
    where = "all segments" if len(numbers) == 16 else f"segments {', '.join(map(str, numbers))}"
    after = change["after"]
    words = "no score" if after is None else f"{after} ({SCORES[after]})"
    return f"{where}, {change['condition']}: {words}"


def _scarred(change: Mapping[str, Any]) -> str:
    after = change.get("after")
    words = TRANSMURALITY[after["transmurality"]] if after else "note taken back"
    return f"segment {change['segment']}: {words}"


def _territories(change: Mapping[str, Any]) -> str:
    return words_of_territories({"territories": change["after"]})


def _compared(change: Mapping[str, Any]) -> str:
    after = change.get("after")
    return f"compared with reading {after}" if after else "no comparison"


def _entered(change: Mapping[str, Any]) -> str:
    before, after = change.get("before") or {}, change["after"]
    old, new = dict(shown(before)), dict(shown(after))
    changed = [f"{name} {new[name]}" for name in new if old.get(name) != new[name]]
    taken = [f"{name} taken back" for name in old if name not in new]
    return "; ".join([*changed, *taken]) or "unchanged"


_SAYING: Mapping[RevisionKind, Callable[[Mapping[str, Any]], str]] = {
    RevisionKind.SEGMENT_STATUS: _marked,
    RevisionKind.QUALITY: _graded,
    RevisionKind.VISUAL: _scored,
    RevisionKind.SCAR: _scarred,
    RevisionKind.TERRITORIES: _territories,
    RevisionKind.COMPARISON: _compared,
    RevisionKind.CLINICAL: _entered,
}
