"""Reads of this package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qperfweb.runs.models import AnalysisRun
from qperfweb.runs.results import all_flags
from qperfweb.studies.models import Study

from .content import Content, complete
from .models import Reading, ReadingRevision, ReadingState
from .recompute import measure_contours
from .table import Acquired, read_values


def newest_revision(reading: Reading) -> ReadingRevision:
    return reading.revisions.get(number=reading.revision)


def reading_for(study: Study, user: Any) -> Reading | None:
    """What this user sees: the signed reading, else their own draft, else nobody's.

    Readings of projects are read in their project.
    """
    readings = study.readings.filter(assignment=None)
    signed = readings.filter(state=ReadingState.SIGNED).order_by("-signed_at").first()
    draft = readings.filter(state=ReadingState.DRAFT, reader=user).order_by("-id").first()
    if draft is not None and (signed is None or draft.run_id > signed.run_id):
        return draft
    return signed


def content_of(revision: ReadingRevision) -> Content:
    """The content after a revision, with every part that a reading has today."""
    return complete(revision.state["content"])


def history_of(revision: ReadingRevision) -> tuple[list[int], list[int]]:
    """Revisions whose content undo and redo would bring back, newest last."""
    history = revision.state["history"]
    return list(history["undo"]), list(history["redo"])


def remeasured(run: AnalysisRun, content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Segments, outlines and curves of every slice whose contours were edited."""
    return {key: measure_contours(run, key, c) for key, c in content["contours"].items()}


def values_of(run: AnalysisRun, content: Mapping[str, Any]) -> list[Acquired]:
    """All values of a run under a reading's content."""
    return read_values(run.document or {"acquisitions": []}, remeasured(run, content), content)


def flags_of(run: AnalysisRun, content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Flags of a run with what the reader answered."""
    acknowledged = content["acknowledged"]
    return [
        {
            **flag,
            "acknowledged": acknowledged.get(flag["id"]),
            "answered_by_edit": _answered(flag, content),
        }
        for flag in all_flags(run.document or {"acquisitions": []})
    ]


def open_checks(run: AnalysisRun, content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Flags that can change a number and are neither acknowledged nor answered with an edit."""
    return [
        flag
        for flag in flags_of(run, content)
        if flag["severity"] != "information"
        and flag["acknowledged"] is None
        and not flag["answered_by_edit"]
    ]


def _answered(flag: Mapping[str, Any], content: Mapping[str, Any]) -> bool:
    """An edited contour answers a doubt about its slice; a marked or typed segment its own."""
    if flag["slice"] in content["contours"]:
        return True
    if flag["segment"] is None or flag["slice"] is None:
        return False
    condition, number = str(flag["slice"]).split("_")[0], str(flag["segment"])
    return any(number in content[kind].get(condition, {}) for kind in ("statuses", "overrides"))
