"""Revisions in words."""

from __future__ import annotations

from .models import ReadingRevision, RevisionKind


def words_of(revision: ReadingRevision) -> str:
    """One line about a revision: what changed, where, from what to what."""
    change, kind = revision.change, RevisionKind(revision.kind)
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
