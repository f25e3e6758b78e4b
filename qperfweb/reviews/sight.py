"""What the reader of a project may see of the automated result, and states without the rest.

A project says how blinded its readers are; that holds until it is locked. The same viewer shows a
blinded reading: hidden numbers arrive as "not measured, hidden", hidden contours as a neutral ring.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .content import Content
from .models import Reading

HIDDEN = "Hidden until the project is locked."
VISIBLE_ARRAYS = {"movie": "corrected", "original": "signal"}
"""What images are left without maps and derived series: name in the viewer -> in the bundle."""

RING_MM = (20.0, 30.0)
"""Radii of the neutral ring: an ordinary heart, in the middle of the image."""


@dataclass(frozen=True, kw_only=True)
class Sight:
    """numbers: values, maps, curves, doubts. contours: automated ones. identity: whose study."""

    numbers: bool = True
    contours: bool = True
    identity: bool = True

    @property
    def whole(self) -> bool:
        return self.numbers and self.contours and self.identity


WHOLE = Sight()
"""Nothing is hidden."""


def sight_of_assignment(assignment: Any) -> Sight:
    """What whoever reads for this place on a project's list may see."""
    project = assignment.project
    if project.state == "locked" or assignment.kind == "third":
        return Sight()
    return Sight(
        numbers=project.blinding == "none",
        contours=project.blinding != "scratch",
        identity=False,
    )


def sight_of(reading: Reading) -> Sight:
    """What the reader of ``reading`` may see now."""
    return Sight() if reading.assignment is None else sight_of_assignment(reading.assignment)


def blinding_assignments(user: Any) -> Any:
    """The assignments that blind this user; an adjudicator's third reading blinds nobody."""
    return user.project_assignments.filter(
        waived_reason="", project__members__in=_reads_for(user)
    ).exclude(project__state="locked")


def blinded_studies(user: Any) -> set[int]:
    """Ids of the studies whose results must not reach this user; read once per request."""
    if not user.is_authenticated:
        return set()
    known: set[int] | None = user.__dict__.get("_blinded_studies")
    if known is None:
        known = set()
        if _reads_for(user).exists():  # few do, and everybody is asked with every study
            known = set(blinding_assignments(user).values_list("case__study_id", flat=True))
        user.__dict__["_blinded_studies"] = known
    return known


def _reads_for(user: Any) -> Any:
    """The user's roles as a reader of projects."""
    return user.project_roles.filter(role="reader", ended_at=None)


def undrawn(reading: Reading, content: Content) -> list[str]:
    """Slices that a from-scratch reading has neither drawn nor marked as not diagnostic."""
    if sight_of(reading).contours:
        return []
    missing = []
    for acquisition in (reading.run.document or {"acquisitions": []})["acquisitions"]:
        marked = content["statuses"].get(acquisition["condition"], {})
        for piece in acquisition["slices"]:
            marked_all = all(str(s["segment"]) in marked for s in piece["segments"])
            if piece["key"] not in content["contours"] and not marked_all:
                missing.append(piece["key"])
    return missing


def masked_state(state: dict[str, Any], sight: Sight, *, case: int) -> dict[str, Any]:
    """A viewer state with what must not be seen taken out. ``case``: number shown instead."""
    masked = dict(state) if sight.numbers else _only(state, _OF_A_STATE)
    masked |= {"next_study_id": None, "can_classify": False, "can_run": False}
    if not sight.identity:
        masked["study"] = {
            **_blank(state["study"]),
            "id": 0,
            "patient_name": f"Case {case}",
            "state": "ready",
        }
        for name in ("run", "result_run"):
            masked[name] = state[name] and _only(state[name], _OF_A_RUN)
    masked["acquisitions"] = [_acquisition(a, sight) for a in state["acquisitions"]]
    return masked | _edit_part(state, sight)


def masked_edit(result: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """An edit's answer with what must not be seen taken out."""
    sight = sight_of(reading)
    if sight.whole:
        return result
    shapes = {
        piece["key"]: piece
        for acquisition in (reading.run.document or {"acquisitions": []})["acquisitions"]
        for piece in acquisition["slices"]
    }
    slices = [
        _slice(
            s, sight, shapes[s["key"]]["shape"], shapes[s["key"]]["geometry"]["pixel_spacing_mm"]
        )
        for s in result["slices"]
    ]
    masked = dict(result) if sight.numbers else _only(result, _OF_A_STATE)
    return {**masked, "slices": slices, **_edit_part(result, sight)}


def _edit_part(state: Mapping[str, Any], sight: Sight) -> dict[str, Any]:
    reading = state["reading"] and {**state["reading"], "newer_run": False}
    if sight.numbers:
        return {"reading": reading}
    table = [
        {
            **row,
            **{c: row[c] and _no_value(row[c]) for c in ("stress", "rest", "unknown")},
            "mpr": None,
        }
        for row in state["table"]
    ]
    return {"table": table, "flags": [], "reading": reading and {**reading, "open_checks": 0}}


def _no_value(cell: Mapping[str, Any]) -> dict[str, Any]:
    excluded = cell["source"] == "excluded"
    return {
        **_blank(cell),
        "source": cell["source"],
        "set_at_revision": cell["set_at_revision"],
        "pixels": 0,
        "not_measured_reason": cell["not_measured_reason"] if excluded else HIDDEN,
    }


def _acquisition(acquisition: Mapping[str, Any], sight: Sight) -> dict[str, Any]:
    slices = [_slice(s, sight, s["shape"], s["pixel_spacing_mm"]) for s in acquisition["slices"]]
    kept = dict(acquisition) if sight.numbers else _only(acquisition, _OF_AN_ACQUISITION)
    return {**kept, "slices": slices}


def _slice(
    piece: Mapping[str, Any], sight: Sight, shape: list[int], spacing_mm: list[float]
) -> dict[str, Any]:
    masked = dict(piece) if sight.numbers else _only(piece, _OF_A_SLICE)
    if not sight.identity:
        masked |= _blank({name: masked[name] for name in _NAMING if name in masked})
    if not sight.numbers and "arrays" in masked:
        masked["arrays"] = {n: a for n, a in masked["arrays"].items() if n in VISIBLE_ARRAYS}
    if not sight.contours and not masked["edited"]:
        masked |= {"contours": neutral_ring(shape, spacing_mm), "sectors": []}
    if not sight.contours and "automated_contours" in masked:
        masked["automated_contours"] = neutral_ring(shape, spacing_mm)
    return masked


_OF_A_STATE = {
    "study", "run", "result_run", "acquisitions", "table", "flags", "entered", "summary",
    "suggestions", "vocabulary", "reading", "can_read", "can_sign", "slices",
}  # fmt: skip
_OF_A_RUN = {
    "id", "state", "stage", "progress", "failure_message", "pipeline_version", "models",
    "finished_at", "purpose", "purpose_words", "parameters",
}  # fmt: skip
_OF_AN_ACQUISITION = {
    "key", "condition", "sequence", "model", "field_strength_t", "heart_rate_bpm", "quantity",
    "unit", "slices",
}  # fmt: skip
_OF_A_SLICE = {
    "key", "condition", "position", "series_instance_uid", "shape", "pixel_spacing_mm", "geometry",
    "time_s", "frame_status", "frame_status_words", "sop_instance_uids", "arrays", "standard_view",
    "automated_contours", "contours", "edited", "sectors",
}  # fmt: skip
"""What a blinded reader may know; whatever else a state may hold one day arrives empty."""

_NAMING = ("series_instance_uid", "sop_instance_uids")


def _only(values: Mapping[str, Any], allowed: set[str]) -> dict[str, Any]:
    return {**_blank(values), **{k: v for k, v in values.items() if k in allowed}}


def _blank(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same names with nothing in them: empty text, lists and tables by key, else null."""
    blank = {k: type(v)() if isinstance(v, str | list) else None for k, v in values.items()}
    return blank | {k: {} for k in _BY_KEY if k in blank}


_BY_KEY = ("other_maps",)
"""What the viewer looks things up in."""


def neutral_ring(shape: list[int], spacing_mm: list[float]) -> dict[str, Any]:
    """Contours that know nothing of the heart: two circles about the middle of the image."""
    middle = [(shape[1] - 1) / 2, (shape[2] - 1) / 2]

    def around(radius_mm: float, turns: float) -> list[float]:
        angle = 2 * math.pi * turns
        return [
            middle[0] + radius_mm * math.sin(angle) / spacing_mm[0],
            middle[1] + radius_mm * math.cos(angle) / spacing_mm[1],
        ]

    endo, epi = ([around(radius, n / 48) for n in range(48)] for radius in RING_MM)
    return {
        "endo_rc": endo,
        "epi_rc": epi,
        "rv_insertion_anterior_rc": around(RING_MM[1], 0.625),
        "rv_insertion_inferior_rc": None,
        "lv_centre_rc": middle,
    }
