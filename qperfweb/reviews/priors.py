"""Earlier exams of the same patient at the same site: their signed values, and what changed.

Only signed readings count as priors: a draft is nobody's word yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from qperfweb.core.errors import Invalid
from qperfweb.studies.models import Study

from .models import Reading, ReadingState
from .queries import content_of, newest_revision, values_of
from .ratios import ratio_of_row
from .sight import blinded_studies
from .table import Acquired, row_names, value_of_row

MOST = 10
QUANTITIES = ("stress", "rest", "mpr")

Values = dict[str, dict[str, float | None]]


def priors_of(study: Study, user: Any) -> QuerySet[Reading]:
    """Signed readings of earlier studies of the patient, newest study first.

    Same patient means same site: identities are kept per site. Readings of projects are no part of
    the patient's record, and a study that ``user`` reads blinded tells them nothing here either.
    """
    found = Reading.objects.filter(
        study__patient_id=study.patient_id,
        site_id=study.site_id,
        state=ReadingState.SIGNED,
        assignment=None,
    ).exclude(study_id__in={study.pk, *blinded_studies(user)})
    if study.study_date is not None:
        found = found.filter(study__study_date__lte=study.study_date)
    return found.select_related("study", "run", "signed_by").order_by(
        "-study__study_date", "-signed_at"
    )[:MOST]


def prior_values(reading: Reading) -> dict[str, Any]:
    """What a later exam is compared with: plain values, bound to what was signed."""
    acquired = values_of(reading.run, content_of(newest_revision(reading)))
    document = reading.run.document or {"acquisitions": []}
    signature = reading.signatures.order_by("id").last()
    return {
        "reading": reading.pk,
        "study": reading.study_id,
        "study_date": reading.study.study_date.isoformat() if reading.study.study_date else None,
        "signed_by": reading.signed_by.display_name if reading.signed_by else "",
        "sha256": signature.sha256 if signature else "",
        "method": _method(document),
        "values": _values(document, acquired),
    }


def chosen_prior(study: Study, reading_id: int, user: Any) -> dict[str, Any]:
    """The values of one prior of a study. Raises Invalid when it is none."""
    for prior in priors_of(study, user):
        if prior.pk == reading_id:
            return prior_values(prior)
    raise Invalid("This is no signed earlier exam of the same patient.", field="comparison")


def difference(
    document: Mapping[str, Any], acquired: list[Acquired], prior: Mapping[str, Any]
) -> dict[str, Any]:
    """Now minus then for every row, and in words why they may not compare (None: they do)."""
    now, then = _values(document, acquired), prior["values"]
    methods = _method(document), prior["method"]
    unlike = None
    if methods[0] != methods[1]:
        unlike = f"Measured differently: now {methods[0]}, then {methods[1]}."
    rows: Values = {}
    for row, amounts in now.items():
        rows[row] = {}
        for quantity in QUANTITIES:
            new, old = amounts[quantity], then.get(row, {}).get(quantity)
            rows[row][quantity] = None if new is None or old is None else new - old
    return {"rows": rows, "unlike": unlike}


def _values(document: Mapping[str, Any], acquired: list[Acquired]) -> Values:
    by_condition: dict[str, Acquired] = {}
    for one in acquired:
        by_condition.setdefault(one.condition, one)
    territories = acquired[0].territories if acquired else {}
    found: Values = {}
    for row, *_ in row_names(territories) if territories else ():
        amounts: dict[str, float | None] = {}
        for condition in ("stress", "rest"):
            value = (
                value_of_row(by_condition[condition], row) if condition in by_condition else None
            )
            amounts[condition] = value.value if value else None
        ratio = ratio_of_row(document, list(by_condition.values()), row)
        amounts["mpr"] = ratio.value if ratio else None
        found[str(row)] = amounts
    return found


def _method(document: Mapping[str, Any]) -> str:
    """Sequence, quantity, model and field in words."""
    parts: list[str] = []
    for acquisition in document["acquisitions"]:
        field = acquisition.get("field_strength_t")
        words = [
            f"{acquisition['sequence']} sequence",
            "flow" if acquisition["quantity"] == "mbf" else "relative upslope",
            acquisition["model"] or "",
            f"{field:g} T" if field else "",
        ]
        text = ", ".join(filter(None, words))
        if text not in parts:
            parts.append(text)
    return "; ".join(parts)
