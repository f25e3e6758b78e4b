"""A draft moves to a newer result: what comes along, what cannot, and what that does to the values.

Contours come along where the slice has the same grid; values and marks where the segment exists.
Acknowledgements do not: the doubts of a new result are new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from qperfweb.core.errors import Conflict, NotFound
from qperfweb.runs.models import AnalysisRun, RunState
from qperfweb.studies.models import Study

from .content import Content, empty_content
from .queries import values_of
from .recompute import slice_document
from .table import GLOBAL, TERRITORIES, Acquired, value_of_row

BY_SLICE = ("contours", "quality")
BY_SEGMENT = ("overrides", "statuses", "visual")
WHOLE = ("report", "clinical", "scar", "territories", "comparison")
"""Parts of a reading's content by what they are about; the rest stays behind."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that the old draft says. kind: of the content. why: reason where it stays behind,
    or what to know where it comes along."""

    kind: str
    slice: str | None = None
    condition: str | None = None
    segment: int | None = None
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """content: of the new draft. carried, left: what comes along and what stays behind."""

    content: Content
    carried: tuple[Item, ...]
    left: tuple[Item, ...]


def newest_result(study: Study, old: AnalysisRun) -> AnalysisRun:
    """The result that a draft on ``old`` can move to. Raises Conflict when there is none."""
    run = study.runs.filter(state=RunState.SUCCEEDED).order_by("-id").first()
    if run is None or run.pk <= old.pk:
        raise Conflict("This reading is already on the newest result.", code="newest")
    return run


def plan(old: AnalysisRun, new: AnalysisRun, before: Content) -> Plan:
    """What of a draft's content fits the new result."""
    carried: list[Item] = []
    left: list[Item] = []
    content = empty_content()
    for kind in WHOLE:
        content[kind] = before[kind]
        if any(before[kind].values()) and before[kind] != empty_content()[kind]:
            carried.append(Item(kind=kind))
    for kind in BY_SLICE:
        for key, entry in before[kind].items():
            why = _misfit(old, new, key)
            if not why:
                content[kind][key] = entry
            (left if why else carried).append(Item(kind=kind, slice=key, why=why))
    measured = {(a.condition, n): v for a in values_of(new, content) for n, v in a.segments.items()}
    for kind in BY_SEGMENT:
        for condition, rows in before[kind].items():
            for number, entry in rows.items():
                item = Item(kind=kind, condition=condition, segment=int(number))
                value = measured.get((condition, int(number)))
                if value is None:
                    left.append(_because(item, "The new result has no such segment."))
                    continue
                content[kind].setdefault(condition, {})[number] = entry
                now = "not measured" if value.value is None else f"{value.value:.2f}"
                carried.append(_because(item, f"Measured now: {now}") if "value" in entry else item)
    left += [
        Item(kind="acknowledged", slice=None, why="The doubts of a new result are new.")
        for _ in list(before["acknowledged"])[:1]
    ]
    return Plan(content=content, carried=tuple(carried), left=tuple(left))


def preview(old: AnalysisRun, new: AnalysisRun, before: Content) -> dict[str, Any]:
    """The plan as plain values, with territories and global values before and after."""
    found = plan(old, new, before)
    return {
        "carried": [asdict(item) for item in found.carried],
        "left": [asdict(item) for item in found.left],
        "values": _values(old, before, new, found.content),
    }


def _values(
    old: AnalysisRun, before: Content, new: AnalysisRun, after: Content
) -> list[dict[str, Any]]:
    first, second = _by_condition(old, before), _by_condition(new, after)
    rows = []
    for condition in first:
        for name in (GLOBAL, *TERRITORIES):
            was = value_of_row(first[condition], name)
            now = value_of_row(second[condition], name) if condition in second else None
            rows.append(
                {
                    "condition": condition,
                    "segment": name,
                    "before": was.value if was else None,
                    "after": now.value if now else None,
                }
            )
    return rows


def _by_condition(run: AnalysisRun, content: Content) -> dict[str, Acquired]:
    """The acquisition that the table shows for each condition: the first one."""
    found: dict[str, Acquired] = {}
    for acquired in values_of(run, content):
        found.setdefault(acquired.condition, acquired)
    return found


def _misfit(old: AnalysisRun, new: AnalysisRun, slice_key: str) -> str:
    """Why the contours of a slice cannot lie on the new result; empty where they can."""
    try:
        first, second = slice_document(old, slice_key), slice_document(new, slice_key)
    except NotFound:
        return "The new result has no such slice."
    if first["series_instance_uid"] != second["series_instance_uid"]:
        return "The slice is now taken from another series."
    return "" if _grid(first) == _grid(second) else "The slice lies on another pixel grid."


def _grid(piece: Mapping[str, Any]) -> tuple[Any, ...]:
    return piece["shape"][1:], piece["geometry"]


def _because(item: Item, why: str) -> Item:
    return Item(**{**asdict(item), "why": why})
