"""Writes of this package beside intake: classify a study, correct a series, settle a problem."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from analysis.dicom import HeaderFacts, SeriesOverride, StudyClassification, classify
from analysis.errors import BadInput
from qperfweb.core import audit
from qperfweb.core.errors import Invalid

from .import_rules import import_rules
from .models import Instance, Series, Study, StudyState
from .signals import classification_corrected


@transaction.atomic
def study_classify(study: Study) -> StudyClassification:
    """Decide what the series of a study are, from stored facts and corrections, and store it."""
    series = {s.series_instance_uid: s for s in Series.objects.filter(study=study)}
    rows = Instance.objects.filter(series__study=study).exclude(facts={}).order_by("id")
    facts = [HeaderFacts.from_json(row) for row in rows.values_list("facts", flat=True).iterator()]
    overrides = {
        uid: SeriesOverride.from_json(one.correction)
        for uid, one in series.items()
        if one.correction
    }
    result = classify(facts, overrides=overrides, rules=import_rules(study.site_id))
    summary = result.to_json()
    for one in summary["series"]:
        series[one["series_instance_uid"]].classification = one
    Series.objects.bulk_update(series.values(), ["classification"], batch_size=500)
    _store_summary(study, result, facts)
    return result


def _store_summary(study: Study, result: StudyClassification, facts: list[HeaderFacts]) -> None:
    fields = [f.field_strength_t for f in facts if f.field_strength_t]
    changed: dict[str, Any] = {
        "conditions": sorted(result.conditions, reverse=True),
        "sequence_class": result.sequence or "",
        "field_strength_t": fields[0] if fields else study.field_strength_t,
    }
    if study.state in (StudyState.RECEIVING, StudyState.NOTHING_TO_ANALYSE):
        doubts = [*result.flags, *(f for a in result.acquisitions for f in a.flags)]
        changed["flag_count"] = len({f.code for f in doubts if f.severity != "information"})
    Study.objects.filter(pk=study.pk).update(**changed)


@transaction.atomic
def series_reclassify(
    series: Series, *, user: Any, correction: Mapping[str, Any] | None, reason: str
) -> StudyClassification:
    """Set by hand what a series is (None: back to the rules) and ask for a new analysis.

    Raises Invalid for values that a series cannot have or without a reason.
    """
    if not reason.strip():
        raise Invalid("Please give a reason.", field="reason")
    try:
        override = SeriesOverride.from_json(correction)
    except BadInput as error:
        raise Invalid(str(error), field="correction") from error
    series = Series.objects.select_for_update().get(pk=series.pk)
    before = series.correction
    series.correction = override.to_json() or None
    series.corrected_by = user
    series.corrected_at = timezone.now()
    series.save(update_fields=["correction", "corrected_by", "corrected_at"])
    study = Study.objects.get(pk=series.study_id)
    result = study_classify(study)
    audit.record(
        user,
        "series.reclassified",
        series,
        reason=reason,
        details={"study": study.pk, "before": before, "after": series.correction},
    )
    classification_corrected.send(sender=Series, study=study, user=user, reason=reason)
    return result
