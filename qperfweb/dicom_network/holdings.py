"""What is held for a study: received objects and published results, as one list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.db.models import Q

from qperfweb.accounts.models import Site
from qperfweb.core.errors import NotFound
from qperfweb.studies.models import Instance, Series, Study
from qperfweb.studies.storage import object_path

from .models import ResultObject
from .results import results_made, results_of


@dataclass(frozen=True, kw_only=True)
class Held:
    """One object that can be fetched. rows, columns: None where it is no image."""

    study_instance_uid: str
    series_instance_uid: str
    series_number: int | None
    series_description: str
    modality: str
    sop_instance_uid: str
    sop_class_uid: str
    instance_number: int | None
    frame_count: int
    rows: int | None
    columns: int | None
    path: Path


def study_of(site: Site, study_instance_uid: str) -> Study:
    """The study of that UID at the site. Raises NotFound."""
    study = Study.objects.filter(site=site, study_instance_uid=study_instance_uid).first()
    if study is None:
        raise NotFound("There is no such study.")
    return study


def held(study: Study, *, series: str = "", instance: str = "", make: bool = True) -> list[Held]:
    """Objects of a study in the order of series and number; narrowed by UID where given.

    An exact instance is found even when a newer result has superseded it. make: results that
    nobody has asked for yet are made now.
    """
    found = [_received(study, one) for one in _instances(study, series, instance)]
    results: Iterable[ResultObject]
    if instance:
        results = ResultObject.objects.filter(study=study, sop_instance_uid=instance)
    elif series and found:
        results = ()  # a series is received or ours, never both
    else:
        results = results_of(study) if make else results_made(study)
    found += [
        _result(study, one) for one in results if not series or one.series_instance_uid == series
    ]
    return found


def held_or_missing(study: Study, *, series: str = "", instance: str = "") -> list[Held]:
    """``held``; raises NotFound when there is nothing."""
    found = held(study, series=series, instance=instance)
    if not found:
        raise NotFound("There is no such object in this study.")
    return found


def _instances(study: Study, series: str, instance: str) -> Iterable[Instance]:
    wanted = Q(series__study=study)
    if series:
        wanted &= Q(series__series_instance_uid=series)
    if instance:
        wanted &= Q(sop_instance_uid=instance)
    rows = Instance.objects.filter(wanted).select_related("series").defer("facts")
    return rows.order_by("series__series_number", "series_id", "instance_number", "id")


def _received(study: Study, row: Instance) -> Held:
    series: Series = row.series
    return Held(
        study_instance_uid=study.study_instance_uid,
        series_instance_uid=series.series_instance_uid,
        series_number=series.series_number,
        series_description=series.description,
        modality=series.modality or "MR",
        sop_instance_uid=row.sop_instance_uid,
        sop_class_uid=row.sop_class_uid,
        instance_number=row.instance_number,
        frame_count=row.frame_count,
        rows=row.rows,
        columns=row.columns,
        path=object_path(row.sha256),
    )


def _result(study: Study, row: ResultObject) -> Held:
    return Held(
        study_instance_uid=study.study_instance_uid,
        series_instance_uid=row.series_instance_uid,
        series_number=row.series_number,
        series_description=row.series_description,
        modality=row.modality,
        sop_instance_uid=row.sop_instance_uid,
        sop_class_uid=row.sop_class_uid,
        instance_number=row.instance_number,
        frame_count=row.frame_count,
        rows=row.rows,
        columns=row.columns,
        path=object_path(row.sha256),
    )
