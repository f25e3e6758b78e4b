"""All that the viewer shows of a study: the plain values of frontend/src/api/readingTypes.ts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from analysis.quality import FrameStatus
from qperfweb.core.permissions import Verb, can
from qperfweb.runs.bundles import Bundle, open_bundle
from qperfweb.runs.models import AnalysisRun, RunState
from qperfweb.studies.identity import open_identity
from qperfweb.studies.models import Study

from .content import empty_content
from .models import Reading, ReadingState
from .neighbours import next_study
from .queries import (
    content_of,
    flags_of,
    history_of,
    newest_revision,
    open_checks,
    reading_for,
    remeasured,
)
from .ratios import ratio_of_row
from .run_view import FRAME_WORDS, aif_json, array_json, other_maps, other_values, run_json
from .sight import WHOLE, Sight, masked_edit, sight_of
from .suggestions import suggestions_of
from .summary import summary_of, vocabulary
from .table import Acquired, SegmentValue, read_values, row_names, value_of_row
from .territories import territories_of

ARRAYS = {
    "movie": "corrected",
    "original": "signal",
    "gd": "gd_mmol_per_l",
    "mbf": "mbf",
    "uncertainty": "uncertainty",
    "upslope": "relative_upslope",
}
"""Name in the viewer -> name in the bundle."""

ENTERED = ("quality", "visual", "scar", "clinical", "territories", "statuses", "comparison")
"""Parts of a reading's content that the page's forms show as they were entered."""


def viewer_state(study: Study, user: Any) -> dict[str, Any]:
    """ViewerState of a study for one user: its newest result and the reading that applies."""
    run = study.runs.filter(state=RunState.SUCCEEDED).order_by("-id").first()
    reading = reading_for(study, user)
    if reading is not None:
        run = reading.run
    return state_on(study, user, run=run, reading=reading)


def state_on(
    study: Study,
    user: Any,
    *,
    run: AnalysisRun | None,
    reading: Reading | None,
    sight: Sight = WHOLE,
) -> dict[str, Any]:
    """ViewerState of a study on one run, with one reading of it or none.

    ``sight`` keeps derived statements from being made; masked_state takes out the rest.
    """
    latest = study.runs.order_by("-id").first()
    content = content_of(newest_revision(reading)) if reading else empty_content()
    document = (run.document if run else None) or {"acquisitions": []}
    new = remeasured(run, content) if run else {}
    acquired = read_values(document, new, content)
    return {
        "study": _study(study),
        "run": run_json(run if run and (latest is None or latest.pk <= run.pk) else latest),
        "result_run": run_json(run),
        "acquisitions": [_acquisition(run, a, content, new) for a in document["acquisitions"]]
        if run
        else [],
        "table": table(document, acquired),
        "flags": flags_of(run, content) if run else [],
        **_beside(document, content, acquired, sight),
        "vocabulary": vocabulary(),
        "reading": _reading(reading, user) if reading else None,
        "can_read": can(user, Verb.EDIT_READING, study),
        "can_sign": can(user, Verb.SIGN_READING, study),
        "can_classify": can(user, Verb.CLASSIFY, study),
        "can_run": can(user, Verb.START_RUN, study),
        "next_study_id": next_study(study, user),
    }


def edit_result(reading: Reading, user: Any, *, changed: set[str] | None = None) -> dict[str, Any]:
    """EditResult: what an edit can change. ``changed`` names the slices to send (None: all)."""
    run, document = reading.run, reading.run.document or {}
    content = content_of(newest_revision(reading))
    new = remeasured(run, content)
    acquired = read_values(document, new, content)
    answer = {
        "reading": _reading(reading, user),
        "table": table(document, acquired),
        "flags": flags_of(run, content),
        **_beside(document, content, acquired, sight_of(reading)),
        "slices": [
            {"key": piece["key"], **_contour_part(piece, content, new)}
            for acquisition in document["acquisitions"]
            for piece in acquisition["slices"]
            if changed is None or piece["key"] in changed
        ],
    }
    return masked_edit(answer, reading)


def _beside(
    document: Mapping[str, Any],
    content: Mapping[str, Any],
    acquired: list[Acquired],
    sight: Sight,
) -> dict[str, Any]:
    """What a reading says beside the table: as entered, and what follows from it.

    To a blinded reader nothing follows from values that they do not see.
    """
    if not sight.numbers:
        document, acquired = {"acquisitions": []}, []
    summary = summary_of(document, content, acquired)
    return {
        "entered": {name: content[name] for name in ENTERED},
        "summary": summary,
        "suggestions": suggestions_of(document, content, acquired, summary),
    }


def table(document: Mapping[str, Any], acquired: list[Acquired]) -> list[dict[str, Any]]:
    """The rows of the table: 16 segments, territories, global."""
    by_condition: dict[str, Acquired] = {}
    for one in acquired:
        by_condition.setdefault(one.condition, one)
    rows = []
    territories = acquired[0].territories if acquired else territories_of({})
    for segment, name, territory in row_names(territories):
        values = {
            condition: value_of_row(by_condition[condition], segment)
            if condition in by_condition
            else None
            for condition in ("stress", "rest", "unknown")
        }
        ratio = ratio_of_row(document, list(by_condition.values()), segment)
        rows.append(
            {
                "segment": segment,
                "name": name,
                "territory": territory,
                **{c: _segment(v) if v else None for c, v in values.items()},
                "mpr": vars(ratio) if ratio else None,
            }
        )
    return rows


def _segment(value: SegmentValue) -> dict[str, Any]:
    shown = (
        "value", "standard_error", "endo", "epi", "endo_epi_ratio", "uncertainty", "pixels",
        "source", "automated_value", "set_at_revision", "not_measured_reason",
    )  # fmt: skip
    return {**{name: getattr(value, name) for name in shown}, "flags": list(value.flags)}


def _study(study: Study) -> dict[str, Any]:
    identity = open_identity(getattr(study.patient, "identity", None))
    return {
        "id": study.pk,
        "patient_name": identity.display_name,
        "patient_id": identity.patient_id,
        "birth_date": identity.birth_date or None,
        "sex": identity.sex,
        "study_date": study.study_date.isoformat() if study.study_date else None,
        "accession_number": study.accession_number,
        "description": study.description,
        "site": study.site.name,
        "state": study.state,
        "haematocrit": study.haematocrit,
    }


def _reading(reading: Reading, user: Any) -> dict[str, Any]:
    revision = newest_revision(reading)
    undo, redo = history_of(revision)
    content = content_of(revision)
    draft = reading.state == ReadingState.DRAFT
    return {
        "id": reading.pk,
        "state": reading.state,
        "revision": reading.revision,
        "reader": reading.reader.display_name,
        "editable": draft
        and reading.reader_id == user.pk
        and can(user, Verb.EDIT_READING, reading),
        "saved_at": revision.created_at.isoformat(),
        "signed_at": reading.signed_at.isoformat() if reading.signed_at else None,
        "signed_by": reading.signed_by.display_name if reading.signed_by else None,
        "can_undo": draft and bool(undo),
        "can_redo": draft and bool(redo),
        "open_checks": len(open_checks(reading.run, content)),
        "report": content["report"],
        "newer_run": bool(reading.run.outdated_reason),
        "addenda": [
            {
                "number": addendum.number,
                "author": addendum.author_name,
                "created_at": addendum.created_at.isoformat(),
                "text": addendum.text,
            }
            for addendum in reading.addenda.all()
        ],
    }


def _acquisition(
    run: AnalysisRun,
    acquisition: Mapping[str, Any],
    content: Mapping[str, Any],
    new: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    bundle = open_bundle(settings.STORE_DIR, run.bundle_sha256)
    is_flow = acquisition["quantity"] == "mbf"
    return {
        "key": acquisition["key"],
        "condition": acquisition["condition"],
        "sequence": acquisition["sequence"],
        "model": acquisition["model"],
        "other_models": sorted(acquisition.get("other_models") or ()),
        "other_values": other_values(acquisition),
        "field_strength_t": acquisition["field_strength_t"],
        "heart_rate_bpm": acquisition["heart_rate_bpm"],
        "quantity": acquisition["quantity"],
        "unit": "ml/min/g" if is_flow else "relative",
        "aif": aif_json(run, bundle, acquisition),
        "slices": [
            _slice(run, bundle, acquisition, piece, content, new) for piece in acquisition["slices"]
        ],
    }


def _slice(
    run: AnalysisRun,
    bundle: Bundle,
    acquisition: Mapping[str, Any],
    piece: Mapping[str, Any],
    content: Mapping[str, Any],
    new: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    status = piece["frame_status"]
    return {
        "key": piece["key"],
        "condition": acquisition["condition"],
        "position": piece["position"],
        "series_instance_uid": piece["series_instance_uid"],
        "shape": piece["shape"],
        "pixel_spacing_mm": piece["geometry"]["pixel_spacing_mm"],
        "geometry": {
            name: piece["geometry"].get(name)
            for name in ("position_mm", "row_direction", "column_direction")
        },
        "motion": piece.get("motion"),
        "time_s": piece["time_s"],
        "frame_status": status,
        "frame_status_words": [FRAME_WORDS[FrameStatus(code)] for code in status],
        "sop_instance_uids": piece.get("instance_uids", []),
        "arrays": {
            name: array_json(run, bundle, f"{piece['key']}.{stored}")
            for name, stored in ARRAYS.items()
            if f"{piece['key']}.{stored}" in bundle
        },
        "other_maps": other_maps(run, bundle, piece),
        "standard_view": {
            name: piece["standard_view"][name] for name in ("matrix", "edges", "assumed")
        },
        "automated_contours": piece["contours"],
        "uncertainty": piece["uncertainty"],
        "out_of_distribution": piece["out_of_distribution"],
        "segment_to_check": piece["segment_to_check"],
        **_contour_part(piece, content, new),
    }


def _contour_part(
    piece: Mapping[str, Any],
    content: Mapping[str, Any],
    new: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """What of a slice follows from its contours."""
    edited = piece["key"] in new
    now = new[piece["key"]] if edited else piece
    territories = territories_of(content)
    return {
        "contours": content["contours"][piece["key"]] if edited else piece["contours"],
        "edited": edited,
        "sectors": [
            {
                "segment": segment["segment"],
                "territory": territories[segment["segment"]],
                "outline_rc": segment["outline_rc"],
                "label_rc": segment["label_rc"],
            }
            for segment in now["segments"]
            if segment.get("outline_rc")
        ],
        "curves": [
            {"segment": c["segment"], "gd": c["measured"] or [], "fit": c["fitted"] or []}
            for c in (now.get("curves") or {"segments": []})["segments"]
        ],
    }
