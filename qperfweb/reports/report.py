"""The report: one view model for the PDF and every other export."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

from analysis.constants import POSITIONS
from qperfweb.reviews.history import words_of
from qperfweb.reviews.models import Reading, ReadingState, Signature
from qperfweb.reviews.queries import content_of, flags_of, newest_revision, remeasured
from qperfweb.reviews.signing import summary_for
from qperfweb.reviews.table import read_values
from qperfweb.reviews.territories import territories_of
from qperfweb.reviews.view import table
from qperfweb.runs.bundles import open_bundle
from qperfweb.runs.flow_models import model_in_words
from qperfweb.studies.identity import open_identity

from .clinical_part import clinical_part
from .palette import PERFUSION_STOPS, VIRIDIS_STOPS
from .pictures import bullseye_svg, colour_bar_svg, map_svg

MPR_TOP = 5.0
SCALES: dict[str, Any] = {
    "mbf": {"top": 6.0, "stops": PERFUSION_STOPS},
    "relative_upslope": {"top": 0.5, "stops": VIRIDIS_STOPS},
}
"""How each quantity is coloured; the same ranges as in the viewer."""
MAP_ARRAYS = {"mbf": "mbf", "relative_upslope": "relative_upslope"}
BAR_WORDS = {
    "mbf": ("0", "6 ml/min/g"),
    "relative_upslope": ("0", "0.5 relative upslope, not quantitative"),
}

NOTICE = (
    "Research software, not cleared as a medical device. Values with ± are one standard error of "
    "the measurement; repeating the scan adds 8-13 %."
)
QUANTITY_WORDS = {
    "mbf": "Myocardial blood flow, ml/min/g",
    "relative_upslope": "Relative upslope (not quantitative: no absolute flow)",
}
SOURCE_MARKS = {"automated": "", "contour": "c", "typed": "h", "excluded": "x"}
"""c: from edited contours; h: entered by hand (by the observer); x: marked non-diagnostic."""


def report_of(reading: Reading) -> tuple[dict[str, Any], dict[str, str]]:
    """Plain values of a reading's report, and its pictures as SVG by file name."""
    run, revision = reading.run, newest_revision(reading)
    content = content_of(revision)
    document = run.document or {"acquisitions": []}
    new = remeasured(run, content)
    acquired = read_values(document, new, content)
    rows = table(document, acquired)
    summary = summary_for(reading)
    territories = territories_of(content)
    conditions = [c for c in ("stress", "rest", "unknown") if any(r[c] for r in rows)]
    # Stress may hold flow where rest, without arterial input, holds none: each has its own.
    quantities: dict[str, str] = {}
    for one in acquired:
        quantities.setdefault(one.condition, one.quantity)
    kinds = list(dict.fromkeys(quantities.values())) or ["mbf"]
    pictures = {f"bar-{kind}.svg": colour_bar_svg(**SCALES[kind]) for kind in kinds}
    pictures |= _bullseyes(rows, quantities)
    maps = _maps(reading, document, content, new, territories, pictures)
    values = {
        "identity": _identity(reading),
        "state": _state(reading),
        "quantity": _quantity_words(quantities),
        "ratio_name": "MPR" if kinds[0] == "mbf" else "MPRI",
        "conditions": conditions,
        "rows": [_row(row, conditions) for row in rows],
        "bullseyes": [name for name in pictures if name.startswith("bullseye")],
        "maps": maps,
        "bars": [[f"bar-{kind}.svg", *BAR_WORDS[kind]] for kind in kinds],
        "text": content["report"],
        **clinical_part(document, acquired, content, summary),
        "method": _method(reading, document),
        "flags": _once([_flag(flag) for flag in flags_of(run, content)]),
        "edits": _edits(reading),
        "signatures": [_signature(s) for s in reading.signatures.order_by("id")],
        "addenda": [
            {"by": a.author_name, "at": _when(a.created_at), "text": a.text}
            for a in reading.addenda.all()
        ],
        "notice": NOTICE,
    }
    return values, pictures


def _identity(reading: Reading) -> dict[str, str]:
    study = reading.study
    identity = open_identity(getattr(study.patient, "identity", None))
    return {
        "name": identity.display_name or "no name",
        "patient_id": identity.patient_id,
        "birth_date": identity.birth_date or "unknown",
        "sex": identity.sex or "unknown",
        "study_date": study.study_date.isoformat() if study.study_date else "unknown",
        "accession": study.accession_number or "none",
        "site": study.site.name,
    }


def _state(reading: Reading) -> dict[str, Any]:
    signed = reading.state == ReadingState.SIGNED
    return {
        "signed": signed,
        "words": f"Signed by {reading.signed_by.display_name}, {_when(reading.signed_at)}"
        if signed and reading.signed_by and reading.signed_at
        else "DRAFT - NOT REVIEWED",
        "reading": reading.pk,
        "revision": reading.revision,
        "run": reading.run_id,
        "reader": reading.reader.display_name,
    }


def _quantity_words(quantities: Mapping[str, str]) -> str:
    kinds = set(quantities.values())
    if len(kinds) < 2:
        return QUANTITY_WORDS[next(iter(kinds), "mbf")]
    return "; ".join(f"{c}: {QUANTITY_WORDS[q]}" for c, q in quantities.items())


def _bullseyes(rows: list[dict[str, Any]], quantities: Mapping[str, str]) -> dict[str, str]:
    pictures = {}
    segments = [row for row in rows if isinstance(row["segment"], int)]
    for condition in ("stress", "rest", "unknown"):
        if condition not in quantities:
            continue
        quantity = quantities[condition]
        values = {r["segment"]: (r[condition] or {}).get("value") for r in segments}
        pictures[f"bullseye-{condition}.svg"] = bullseye_svg(values, digits=2, **SCALES[quantity])
    if any(row["mpr"] for row in segments):
        ratios = {r["segment"]: (r["mpr"] or {}).get("value") for r in segments}
        pictures["bullseye-mpr.svg"] = bullseye_svg(ratios, top=MPR_TOP, digits=1)
    return pictures


def _maps(
    reading: Reading,
    document: Mapping[str, Any],
    content: Mapping[str, Any],
    new: Mapping[str, Mapping[str, Any]],
    territories: Mapping[int, str],
    pictures: dict[str, str],
) -> list[list[dict[str, str] | None]]:
    """Rows of maps, each below what lies at the same position; None where there is none."""
    bundle = open_bundle(settings.STORE_DIR, reading.run.bundle_sha256)
    slices = [piece for a in document["acquisitions"] for piece in a["slices"]]
    positions = [p for p in POSITIONS if any(s["position"] == p for s in slices)]
    rows: list[list[dict[str, str] | None]] = []
    for acquisition in document["acquisitions"]:
        row: list[dict[str, str] | None] = [None] * len(positions)
        for piece in acquisition["slices"]:
            key = piece["key"]
            contours = content["contours"].get(key) or piece["contours"]
            quantity = acquisition["quantity"]
            array = f"{key}.{MAP_ARRAYS[quantity]}"
            if array not in bundle or not contours:
                continue
            segments = (new.get(key) or piece)["segments"]
            pictures[f"map-{key}.svg"] = map_svg(
                bundle.values(array),
                piece["standard_view"]["matrix"],
                [
                    {**s, "territory": territories[s["segment"]]}
                    for s in segments
                    if s.get("outline_rc")
                ],
                contours["epi_rc"],
                **SCALES[quantity],
            )
            edited = " (edited contours)" if key in new else ""
            row[positions.index(piece["position"])] = {
                "file": f"map-{key}.svg",
                "title": key.replace("_", " ") + edited,
            }
        if any(row):
            rows.append(row)
    return rows


def _row(row: Mapping[str, Any], conditions: list[str]) -> dict[str, Any]:
    def number(value: float | None, digits: int) -> str:
        return "-" if value is None else f"{value:.{digits}f}"

    def cell(value: Mapping[str, Any] | None) -> dict[str, str]:
        if value is None:
            return {"value": "-", "error": "", "ratio": "-", "mark": "", "automated": ""}
        error = value["standard_error"]
        shown, automated = number(value["value"], 2), number(value["automated_value"], 2)
        return {
            "value": shown,
            "error": "" if error is None else f"±{error:.2f}",
            "ratio": number(value["endo_epi_ratio"], 2),
            "mark": SOURCE_MARKS[value["source"]] if isinstance(row["segment"], int) else "",
            "automated": automated if automated not in (shown, "-") else "",
        }

    ratio = row["mpr"] or {}
    error = ratio.get("standard_error")
    return {
        "segment": str(row["segment"]),
        "name": row["name"],
        "territory": row["territory"] or "",
        "whole": not isinstance(row["segment"], int),
        "values": [cell(row[c]) for c in conditions],
        "mpr": number(ratio.get("value"), 2),
        "mpr_error": "" if error is None else f"±{error:.2f}",
        "mpr_reason": ratio.get("reason") or "",
    }


def _method(reading: Reading, document: Mapping[str, Any]) -> list[list[str]]:
    run = reading.run
    lines = []
    for acquisition in document["acquisitions"]:
        aif = acquisition.get("aif") or {}
        peak = aif.get("peak_mmol_per_l")
        field = acquisition.get("field_strength_t")
        facts = [
            f"{acquisition['sequence']} sequence",
            model_in_words(acquisition.get("model") or ""),
            f"{field:g} T" if field else "field strength unknown",
            f"AIF peak {peak:.1f} mmol/L" if peak and aif.get("source") == "dual" else "",
        ]
        lines.append([acquisition["condition"], ", ".join(fact for fact in facts if fact)])
    models = ", ".join(f"{name} {version}" for name, version in run.model_versions.items())
    lines.append(["software", f"QPerf Web pipeline {run.pipeline_version}; networks: {models}"])
    haematocrit = run.parameters.get("pipeline", {}).get("haematocrit")
    if haematocrit is not None:
        lines.append(["haematocrit", f"{haematocrit:.2f}"])
    return lines


def _once(flags: list[dict[str, str]]) -> list[dict[str, str]]:
    """Stress and rest may both assume the same; one line says it, of both."""
    places: dict[tuple[str, str], list[str]] = {}
    for flag in flags:
        places.setdefault((flag["message"], flag["answer"]), []).append(flag["where"])
    return [
        {"where": " and ".join(dict.fromkeys(where)), "message": message, "answer": answer}
        for (message, answer), where in places.items()
    ]


def _flag(flag: Mapping[str, Any]) -> dict[str, str]:
    answer = flag["acknowledged"]
    where = (flag["slice"] or flag["acquisition"] or "study").replace("_", " ")
    return {
        "where": where + (f", segment {flag['segment']}" if flag["segment"] else ""),
        "message": flag["message"],
        "answer": f"Acknowledged by {answer['by']}. {answer['comment']}".strip() if answer else "",
    }


def _edits(reading: Reading) -> list[dict[str, str]]:
    # What these changed stands in the report itself, as of its revision.
    silent = ("opened", "acknowledge", "report", "clinical", "visual", "scar", "quality")
    return [
        {"at": _when(r.created_at), "by": r.author_name, "what": words_of(r), "why": r.reason}
        for r in reading.revisions.exclude(kind__in=silent)
    ]


def _signature(signature: Signature) -> dict[str, str]:
    return {
        "name": signature.signer_name,
        "at": _when(signature.signed_at),
        "meaning": Signature.Meaning(signature.meaning).label,
        "sha256": signature.sha256,
    }


def _when(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
