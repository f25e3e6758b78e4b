"""Answers to QIDO-RS queries: the attributes of a study, a series, an instance."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import Count
from pydicom.datadict import tag_for_keyword
from rest_framework.request import Request

from qperfweb.studies.models import Series, Study

from .access import object_address
from .dicomjson import Json, attributes, metadata
from .holdings import Held
from .matching import identity_of
from .models import ResultObject

MOST_WHOLE = 200
"""Answers to one query with ``includefield=all``: each is read from disk."""

_STUDY_FIELDS = (
    "ReferringPhysicianName", "StudyID", "NameOfPhysiciansReadingStudy", "PatientAge",
    "PatientSize", "PatientWeight", "PatientComments", "OtherPatientIDs", "OtherPatientIDsSequence",
    "IssuerOfPatientID", "EthnicGroup", "Occupation", "AdditionalPatientHistory",
    "AdmittingDiagnosesDescription", "TimezoneOffsetFromUTC", "ProcedureCodeSequence",
    "PatientIdentityRemoved", "DeidentificationMethod",
)  # fmt: skip
_SERIES_FIELDS = (
    "SeriesDate", "SeriesTime", "ProtocolName", "BodyPartExamined", "Laterality",
    "PatientPosition", "OperatorsName", "PerformingPhysicianName", "Manufacturer",
    "InstitutionName", "InstitutionalDepartmentName", "StationName", "ManufacturerModelName",
    "DeviceSerialNumber", "SoftwareVersions", "MagneticFieldStrength", "FrameOfReferenceUID",
    "PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime",
    "PerformedProcedureStepDescription", "RequestAttributesSequence",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Fields:
    """What ``includefield`` names: tags, and whether everything of the level is wanted."""

    tags: frozenset[str] = field(default_factory=frozenset)
    everything: bool = False

    def __bool__(self) -> bool:
        return bool(self.tags) or self.everything

    def with_header(self, answer: Json, one: Held | None, level: Iterable[str] | None) -> Json:
        """An answer with further attributes, out of the stored header of an object.

        level: keywords that "all" stands for; None: whatever there is.
        """
        wanted = set(self.tags)
        if self.everything and level is not None:
            wanted |= {_tag(keyword) for keyword in level}
        whole = self.everything and level is None
        missing = wanted - {tag for tag, element in answer.items() if "Value" in element}
        if one is None or not (missing or whole):
            return answer
        header = metadata(one, "", only=None if whole else missing)
        for tag, element in header.items():
            if "BulkDataURI" not in element and "Value" not in answer.get(tag, {}):
                answer[tag] = element
        return dict(sorted(answer.items()))


def fields_of(request: Request) -> Fields:
    """Keywords or tags, separated by commas or repeated; what nobody knows is passed over."""
    asked = ",".join(request.query_params.getlist("includefield")).split(",")
    names = {name.strip() for name in asked}
    return Fields(
        tags=frozenset({_tag(name) for name in names - {"all"}} - {""}), everything="all" in names
    )


def _tag(name: str) -> str:
    """Eight hexadecimal digits of a keyword or tag; "" for anything else."""
    if re.fullmatch(r"[0-9A-Fa-f]{8}", name):
        return name.upper()
    tag = tag_for_keyword(name)
    return "" if tag is None else f"{tag:08X}"


STUDY_LEVEL = _STUDY_FIELDS
SERIES_LEVEL = _STUDY_FIELDS + _SERIES_FIELDS


@dataclass(kw_only=True)
class Totals:
    """Series, objects and modalities of one study."""

    series: int = 0
    objects: int = 0
    modalities: set[str] = field(default_factory=set)


def totals_of(studies: Iterable[Study]) -> dict[int, Totals]:
    """By study: what was received, and the newest results that were made so far."""
    found = {study.pk: Totals() for study in studies}
    rows = Series.objects.filter(study__in=found).annotate(of_objects=Count("instances"))
    for study, modality, objects in rows.values_list("study_id", "modality", "of_objects"):
        _add(found[study], 1, objects, modality or "MR")
    newest = dict(
        ResultObject.objects.filter(study__in=found).order_by("id").values_list(
            "study_id", "publication"
        )
    )  # fmt: skip
    results = (
        ResultObject.objects.filter(study__in=newest, publication__in=set(newest.values()))
        .values_list("study_id", "publication", "series_instance_uid", "modality")
        .annotate(of_objects=Count("id"))
    )
    for study, publication, _, modality, objects in results:
        if newest[study] == publication:
            _add(found[study], 1, objects, modality)
    return found


def _add(totals: Totals, series: int, objects: int, modality: str) -> None:
    totals.series += series
    totals.objects += objects
    totals.modalities.add(modality)


def study_json(study: Study, totals: Totals, base: str) -> Json:
    who = identity_of(study)
    return attributes(
        {
            "StudyDate": f"{study.study_date:%Y%m%d}" if study.study_date else "",
            "StudyTime": f"{study.study_time:%H%M%S}" if study.study_time else "",
            "AccessionNumber": study.accession_number,
            "InstanceAvailability": "ONLINE",
            "ModalitiesInStudy": sorted(totals.modalities) or ["MR"],
            "ReferringPhysicianName": "",
            "StudyDescription": study.description,
            "RetrieveURL": f"{base}/studies/{study.study_instance_uid}",
            "PatientName": who.name,
            "PatientID": who.patient_id,
            "PatientBirthDate": who.birth_date.replace("-", ""),
            "PatientSex": who.sex,
            "StudyInstanceUID": study.study_instance_uid,
            "StudyID": "",
            "NumberOfStudyRelatedSeries": totals.series,
            "NumberOfStudyRelatedInstances": totals.objects,
        }
    )


def series_json(objects: list[Held], base: str) -> Json:
    one = objects[0]
    address = f"{base}/studies/{one.study_instance_uid}/series/{one.series_instance_uid}"
    return attributes(
        {
            "Modality": one.modality,
            "SeriesDescription": one.series_description,
            "RetrieveURL": address,
            "SeriesInstanceUID": one.series_instance_uid,
            "SeriesNumber": one.series_number,
            "NumberOfSeriesRelatedInstances": len(objects),
        }
    )


def instance_json(one: Held, base: str) -> Json:
    size: Mapping[str, int | None] = {
        "Rows": one.rows,
        "Columns": one.columns,
        "NumberOfFrames": one.frame_count if one.rows and one.frame_count > 1 else None,
    }
    return attributes(
        {
            "SOPClassUID": one.sop_class_uid,
            "SOPInstanceUID": one.sop_instance_uid,
            "InstanceAvailability": "ONLINE",
            "RetrieveURL": object_address(base, one),
            "InstanceNumber": one.instance_number,
            **{keyword: value for keyword, value in size.items() if value},
        }
    )
