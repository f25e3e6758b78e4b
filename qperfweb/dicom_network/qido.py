"""QIDO-RS: search for studies, series and instances."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from pydicom.datadict import keyword_for_tag, tag_for_keyword
from rest_framework.request import Request

from qperfweb.accounts.models import Site
from qperfweb.core import audit
from qperfweb.core.errors import Invalid
from qperfweb.reviews.sight import blinded_studies
from qperfweb.studies.identity import Identity, open_identity, query_tokens
from qperfweb.studies.models import Study

from .access import DicomWebView, base_of, json_answer, object_address
from .dicomjson import Json, attributes, metadata
from .holdings import Held, held, study_of

MOST = 1000
"""Answers to one query; a client pages with offset."""

_CONTROL = {"limit", "offset", "includefield", "fuzzymatching"}
_MOST_READ = 100
"""Headers that are read from disk for one answer with includefield."""
Query = Mapping[str, str]


class _SearchView(DicomWebView):
    def searched(self, request: Request, slug: str | None) -> Site:
        """The site whose names and dates the answer lists; that it was searched is recorded."""
        site = self.site(request, slug)
        audit.record_access(request.user, "study.searched", site, site=site)
        return site


class StudiesView(_SearchView):
    """GET /studies"""

    def get(self, request: Request, slug: str | None = None) -> HttpResponse:
        site, query = self.searched(request, slug), _query(request)
        rows = _narrowed(Study.objects.filter(site=site), query)
        rows = rows.select_related("patient__identity").order_by("-study_date", "-id")
        limit, offset = _page(request)
        rows = rows.annotate(
            of_series=Count("series", distinct=True), of_objects=Count("series__instances")
        )
        base = base_of(request, slug)
        exact = _identity_check(query, fuzzy=_is_fuzzy(request))
        if exact is None:
            found = list(rows[offset : offset + limit])
        else:
            # Keyed hashes find candidates; whether a pattern fits is seen in the clear.
            found = [s for s in rows if exact(open_identity(_identity_row(s)))]
            found = found[offset : offset + limit]
        return _answer(request, [_study_json(study, base) for study in found])


class SeriesView(_SearchView):
    """GET /series, /studies/{study}/series"""

    def get(self, request: Request, slug: str | None = None, study: str = "") -> HttpResponse:
        site, query = self.searched(request, slug), _query(request)
        base = base_of(request, slug)
        answers = []
        first: dict[str, Held] = {}
        for one in _studies(request, site, study, query):
            members: dict[str, list[Held]] = {}
            for instance in held(one):
                members.setdefault(instance.series_instance_uid, []).append(instance)
            first |= {uid: objects[0] for uid, objects in members.items()}
            whole = _study_json(one, base)
            answers += [
                whole | _series_json(objects, base)
                for objects in members.values()
                if _fits(query, objects[0])
            ]
        limit, offset = _page(request)
        page = answers[offset : offset + limit]
        return _answer(request, _with_fields(request, page, first))


class InstancesView(_SearchView):
    """GET /instances, /studies/{study}/instances, /studies/{study}/series/{series}/instances"""

    def get(
        self, request: Request, slug: str | None = None, study: str = "", series: str = ""
    ) -> HttpResponse:
        site, query = self.searched(request, slug), _query(request)
        base = base_of(request, slug)
        limit, offset = _page(request)
        found = [
            (one, instance)
            for one in _studies(request, site, study, query)
            for instance in held(one, series=series)
            if _fits(query, instance)
        ][offset : offset + limit]
        whole = {one.pk: _study_json(one, base) for one in {o.pk: o for o, _ in found}.values()}
        answers = [
            whole[one.pk] | _series_json([instance], base) | _instance_json(instance, base)
            for one, instance in found
        ]
        members = {instance.sop_instance_uid: instance for _, instance in found}
        return _answer(request, _with_fields(request, answers, members))


def _with_fields(
    request: Request, answers: list[Json], held_by_uid: Mapping[str, Held]
) -> list[Json]:
    """The answers with the attributes that ``includefield`` names, out of the stored headers.

    held_by_uid: by SOP or Series Instance UID, the object whose header is read.
    """
    asked = ",".join(request.query_params.getlist("includefield")).split(",")
    names = {_tag_name(one) for one in asked if one.strip()} - {""}
    missing = {n for n in names if n != "all"} - set(answers[0] if answers else ())
    if not answers or not (missing or "all" in names):
        return answers
    for answer in answers[:_MOST_READ]:
        instance = answer.get("00080018") or answer["0020000E"]
        header = metadata(held_by_uid[instance["Value"][0]], "")
        for tag, element in header.items():
            wanted = tag not in answer and (tag in names or "all" in names)
            if wanted and "BulkDataURI" not in element and element.get("vr") != "SQ":
                answer[tag] = element
    return answers


def _tag_name(text: str) -> str:
    """Eight hexadecimal digits of a keyword or tag; "all" stays."""
    text = text.strip()
    if text == "all" or re.fullmatch(r"[0-9A-Fa-f]{8}", text):
        return text if text == "all" else text.upper()
    tag = tag_for_keyword(text)
    return "" if tag is None else f"{tag:08X}"


def _is_fuzzy(request: Request) -> bool:
    return request.query_params.get("fuzzymatching", "").lower() == "true"


def _studies(request: Request, site: Site, uid: str, query: Query) -> list[Study]:
    """The studies that are asked about, without those whose results are hidden from the user."""
    if uid:
        return [study_of(site, uid)]
    if not ({"StudyInstanceUID", "AccessionNumber", "PatientID"} & query.keys()):
        raise Invalid("Name the study: StudyInstanceUID, AccessionNumber or PatientID.")
    rows = _narrowed(Study.objects.filter(site=site), query).select_related("patient__identity")
    rows = rows.exclude(pk__in=blinded_studies(request.user))
    exact = _identity_check(query, fuzzy=_is_fuzzy(request))
    return [s for s in rows if exact is None or exact(open_identity(_identity_row(s)))]


def _query(request: Request) -> dict[str, str]:
    """Attributes to match, by keyword; given as keyword or as tag."""
    found = {}
    for name, value in request.query_params.items():
        if name in _CONTROL or not value.strip():
            continue
        if not value.isprintable():
            raise Invalid("There are control characters in the query.")
        keyword = keyword_for_tag(int(name, 16)) if re.fullmatch(r"[0-9A-Fa-f]{8}", name) else name
        found[keyword] = value.strip()
    return found


_MATCHED = {
    "StudyInstanceUID", "AccessionNumber", "StudyDate", "StudyDescription", "ModalitiesInStudy",
    "PatientID", "PatientName", "SeriesInstanceUID", "Modality", "SeriesNumber",
    "SeriesDescription", "SOPInstanceUID", "SOPClassUID", "InstanceNumber",
}  # fmt: skip


def _answer(request: Request, values: list[Json]) -> HttpResponse:
    response = json_answer(values)
    ignored = sorted(_query(request).keys() - _MATCHED)
    if ignored:
        names = re.sub(r"[^A-Za-z0-9 ,]", "", ", ".join(ignored))[:200]
        response["Warning"] = f'299 {request.get_host()} "not matched on: {names}"'
    return response


def _page(request: Request) -> tuple[int, int]:
    try:
        limit = int(request.query_params.get("limit", MOST))
        offset = int(request.query_params.get("offset", 0))
    except ValueError:
        raise Invalid("limit and offset are whole numbers.") from None
    if limit < 0 or offset < 0:
        raise Invalid("limit and offset are not negative.")
    return min(limit, MOST), offset


def _narrowed(rows: QuerySet[Study], query: Query) -> QuerySet[Study]:
    if "StudyInstanceUID" in query:
        uids = re.split(r"[,\\]", query["StudyInstanceUID"])
        rows = rows.filter(study_instance_uid__in=uids)
    for keyword, column in (
        ("AccessionNumber", "accession_number"), ("StudyDescription", "description"),
    ):  # fmt: skip
        if keyword in query:
            rows = rows.filter(**{f"{column}__iregex": _pattern(query[keyword])})
    if "StudyDate" in query:
        rows = _between(rows, query["StudyDate"])
    if "ModalitiesInStudy" in query:
        wanted = re.split(r"[,\\]", query["ModalitiesInStudy"].upper())
        rows = rows.filter(Q(series__modality__in=wanted)).distinct()
    for keyword in ("PatientID", "PatientName"):
        for token in query_tokens(query.get(keyword, "").split("*")[0].replace("?", " ")):
            rows = rows.filter(patient__search_tokens__contains=[token])
    return rows


def _between(rows: QuerySet[Study], wanted: str) -> QuerySet[Study]:
    begin, dash, end = wanted.partition("-")
    if not dash:
        return rows.filter(study_date=_day(begin))
    if begin:
        rows = rows.filter(study_date__gte=_day(begin))
    return rows.filter(study_date__lte=_day(end)) if end else rows


def _day(text: str) -> date:
    try:
        return datetime.strptime(text.strip(), "%Y%m%d").date()
    except ValueError:
        raise Invalid("Dates are YYYYMMDD or YYYYMMDD-YYYYMMDD.", field="StudyDate") from None


def _pattern(wanted: str) -> str:
    """DICOM wildcards as a regular expression."""
    return "^" + re.escape(wanted).replace(r"\*", ".*").replace(r"\?", ".") + "$"


def _identity_check(query: Query, *, fuzzy: bool) -> Callable[[Identity], bool] | None:
    """What the keyed hashes cannot decide. Fuzzy: a name fits by the beginnings of its words."""
    exact = [k for k in query if k in _PERSON and not (fuzzy and k == "PatientName")]
    wanted = {k: re.compile(_pattern(query[k]), re.IGNORECASE) for k in exact}
    if not wanted:
        return None
    return lambda who: all(p.match(_PERSON[k](who)) for k, p in wanted.items())


_PERSON: Mapping[str, Callable[[Identity], str]] = {
    "PatientID": lambda who: who.patient_id,
    "PatientName": lambda who: who.name,
}


def _fits(query: Query, one: Held) -> bool:
    values = {
        "SeriesInstanceUID": one.series_instance_uid,
        "SOPInstanceUID": one.sop_instance_uid,
        "SOPClassUID": one.sop_class_uid,
        "Modality": one.modality,
        "SeriesDescription": one.series_description,
        "SeriesNumber": str(one.series_number),
        "InstanceNumber": str(one.instance_number),
    }
    for keyword, value in values.items():
        wanted = re.split(r"[,\\]", query[keyword]) if keyword in query else []
        if wanted and not any(re.match(_pattern(w), value, re.IGNORECASE) for w in wanted):
            return False
    return True


def _identity_row(study: Study) -> Any:
    return getattr(study.patient, "identity", None)


def _study_json(study: Study, base: str) -> Json:
    who = open_identity(_identity_row(study))
    modalities = sorted(set(study.series.values_list("modality", flat=True)) - {""})
    counts = {
        "NumberOfStudyRelatedSeries": getattr(study, "of_series", None),
        "NumberOfStudyRelatedInstances": getattr(study, "of_objects", None),
    }
    return attributes(
        {
            "StudyDate": f"{study.study_date:%Y%m%d}" if study.study_date else "",
            "StudyTime": f"{study.study_time:%H%M%S}" if study.study_time else "",
            "AccessionNumber": study.accession_number,
            "InstanceAvailability": "ONLINE",
            "ModalitiesInStudy": modalities or ["MR"],
            "ReferringPhysicianName": "",
            "StudyDescription": study.description,
            "RetrieveURL": f"{base}/studies/{study.study_instance_uid}",
            "PatientName": who.name,
            "PatientID": who.patient_id,
            "PatientBirthDate": who.birth_date.replace("-", ""),
            "PatientSex": who.sex,
            "StudyInstanceUID": study.study_instance_uid,
            "StudyID": "",
            **{keyword: count for keyword, count in counts.items() if count is not None},
        }
    )


def _series_json(objects: list[Held], base: str) -> Json:
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


def _instance_json(one: Held, base: str) -> Json:
    size = {"Rows": one.rows, "Columns": one.columns}
    if one.rows and one.frame_count > 1:
        size["NumberOfFrames"] = one.frame_count
    found = attributes(
        {
            "SOPClassUID": one.sop_class_uid,
            "SOPInstanceUID": one.sop_instance_uid,
            "InstanceAvailability": "ONLINE",
            "RetrieveURL": object_address(base, one),
            "InstanceNumber": one.instance_number,
            **{keyword: value for keyword, value in size.items() if value},
        }
    )
    found.pop("00201209", None)
    return found
