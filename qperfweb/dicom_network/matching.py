"""What a QIDO-RS query asks for, and which studies and objects match it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
from rest_framework.request import Request

from qperfweb.accounts.models import Site
from qperfweb.core.errors import Invalid
from qperfweb.reviews.sight import blinded_studies
from qperfweb.studies.identity import Identity, open_identity, query_tokens
from qperfweb.studies.models import Study

from .holdings import Held, study_of
from .models import ResultObject

MOST = 1000
"""Answers to one query; a client pages with offset."""

CONTROL = {"limit", "offset", "includefield", "fuzzymatching", "accept"}
MATCHED = {
    "StudyInstanceUID", "AccessionNumber", "StudyDate", "StudyTime", "StudyDescription",
    "ModalitiesInStudy", "PatientID", "PatientName", "PatientBirthDate", "PatientSex",
    "SeriesInstanceUID", "Modality", "SeriesNumber", "SeriesDescription", "SOPInstanceUID",
    "SOPClassUID", "InstanceNumber",
}  # fmt: skip
_NAMING = {"StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "AccessionNumber",
           "PatientID"}  # fmt: skip
"""With one of these few studies are meant."""

Query = Mapping[str, str]


def query_of(request: Request) -> dict[str, str]:
    """Attributes to match, by keyword; given as keyword or as tag. Raises Invalid."""
    found = {}
    for name, values in request.query_params.lists():
        given = [value.strip() for value in values if value.strip() not in ("", "*")]
        if name in CONTROL or not given:
            continue
        if not all(value.isprintable() for value in given):
            raise Invalid("There are control characters in the query.")
        keyword = keyword_for_tag(int(name, 16)) if re.fullmatch(r"[0-9A-Fa-f]{8}", name) else name
        tag = tag_for_keyword(keyword)
        several = tag is not None and dictionary_VR(tag) == "UI"
        found[keyword or name] = ",".join(given) if several else given[-1]
    return found


def is_fuzzy(request: Request) -> bool:
    return request.query_params.get("fuzzymatching", "").lower() == "true"


def page_of(request: Request) -> tuple[int, int]:
    """limit and offset. Raises Invalid."""
    try:
        limit = int(request.query_params.get("limit", MOST))
        offset = int(request.query_params.get("offset", 0))
    except ValueError:
        raise Invalid("limit and offset are whole numbers.") from None
    if limit < 0 or not 0 <= offset < 2**31:
        raise Invalid("limit and offset are not negative.")
    return min(limit, MOST), offset


def is_wide(query: Query) -> bool:
    """Does the query go through all studies of the site?"""
    return not _NAMING & query.keys()


def studies_of(site: Site, query: Query, *, fuzzy: bool) -> Iterator[Study]:
    """Matching studies, the newest first."""
    rows = _narrowed(Study.objects.filter(site=site), query)
    rows = rows.select_related("patient__identity").order_by("-study_date", "-id")
    # Keyed hashes find candidates; whether a pattern fits is seen in the clear.
    exact = _identity_check(query, fuzzy=fuzzy)
    for study in rows.iterator(chunk_size=200):
        if exact is None or exact(identity_of(study)):
            yield study


def studies_asked(request: Request, site: Site, uid: str, query: Query) -> Iterator[Study]:
    """Those whose series or objects are asked for, without those that are hidden from the user.

    uid: the study that the address names, "" for none.
    """
    if uid:
        yield study_of(site, uid)
        return
    hidden = set(blinded_studies(request.user))
    for study in studies_of(site, query, fuzzy=is_fuzzy(request)):
        if study.pk not in hidden:
            yield study


def identity_of(study: Study) -> Identity:
    return open_identity(getattr(study.patient, "identity", None))


def fits(query: Query, one: Held) -> bool:
    """Does an object match what the query says of series and instances?"""
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
        wanted = _listed(query[keyword]) if keyword in query else []
        if wanted and not any(re.match(_pattern(w), value, re.IGNORECASE) for w in wanted):
            return False
    return True


def _narrowed(rows: QuerySet[Study], query: Query) -> QuerySet[Study]:
    if "StudyInstanceUID" in query:
        rows = rows.filter(study_instance_uid__in=_listed(query["StudyInstanceUID"]))
    for keyword, column in (
        ("AccessionNumber", "accession_number"), ("StudyDescription", "description"),
    ):  # fmt: skip
        if keyword in query:
            rows = rows.filter(**{f"{column}__iregex": _pattern(query[keyword])})
    if "StudyDate" in query:
        rows = _between(rows, "study_date", query["StudyDate"], _day)
    if "StudyTime" in query:
        rows = _between(rows, "study_time", query["StudyTime"], _time)
    for keyword, received, made in (
        ("ModalitiesInStudy", "series__modality", "modality"),
        ("SeriesInstanceUID", "series__series_instance_uid", "series_instance_uid"),
        ("SOPInstanceUID", "series__instances__sop_instance_uid", "sop_instance_uid"),
    ):
        if keyword in query:
            wanted = _listed(query[keyword])
            wanted = [w.upper() for w in wanted] if made == "modality" else wanted
            results = ResultObject.objects.filter(**{f"{made}__in": wanted}).values("study_id")
            ours = Q(pk__in=rows.filter(**{f"{received}__in": wanted}).values("pk"))
            rows = rows.filter(ours | Q(pk__in=results))
    for keyword in ("PatientID", "PatientName"):
        for token in query_tokens(re.split(r"[*?]", query.get(keyword, ""))[0]):
            rows = rows.filter(patient__search_tokens__contains=[token])
    return rows


def _listed(text: str) -> list[str]:
    return [one.strip() for one in re.split(r"[,\\]", text) if one.strip()]


def _between(
    rows: QuerySet[Study], column: str, wanted: str, read: Callable[[str, bool], Any]
) -> QuerySet[Study]:
    """Those in a range, open at an end that is not named; read: of text and whether it ends it."""
    begin, dash, end = wanted.partition("-")
    end = end if dash else begin
    if begin.strip():
        rows = rows.filter(**{f"{column}__gte": read(begin.strip(), False)})
    return rows.filter(**{f"{column}__lte": read(end.strip(), True)}) if end.strip() else rows


def _day(text: str, _: bool) -> date:
    try:
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        raise Invalid("Dates are YYYYMMDD or YYYYMMDD-YYYYMMDD.", field="StudyDate") from None


def _time(text: str, is_end: bool) -> Any:
    """A time of day; what is left out of an end is its last moment."""
    match = re.fullmatch(r"(\d\d)(?::?(\d\d))?(?::?(\d\d))?(?:\.(\d{1,6}))?", text)
    if match is None:
        raise Invalid("Times are HHMMSS or HHMMSS-HHMMSS.", field="StudyTime")
    hours, minutes, seconds, fraction = match.groups()
    last = ("59", "59", "999999") if is_end else ("00", "00", "000000")
    filled = f"{hours}{minutes or last[0]}{seconds or last[1]}{(fraction or last[2]):0<6}"
    try:
        return datetime.strptime(filled, "%H%M%S%f").time()
    except ValueError:
        raise Invalid("Times are HHMMSS or HHMMSS-HHMMSS.", field="StudyTime") from None


def _pattern(wanted: str) -> str:
    """DICOM wildcards as a regular expression."""
    return "^" + re.escape(wanted).replace(r"\*", ".*").replace(r"\?", ".") + "$"


_PERSON: Mapping[str, Callable[[Identity], str]] = {
    "PatientID": lambda who: who.patient_id,
    "PatientName": lambda who: who.name,
    "PatientSex": lambda who: who.sex,
}


def _identity_check(query: Query, *, fuzzy: bool) -> Callable[[Identity], bool] | None:
    """What the keyed hashes cannot decide. Fuzzy: a name fits by the beginnings of its words."""
    exact = [k for k in query if k in _PERSON and not (fuzzy and k == "PatientName")]
    wanted = {k: re.compile(_pattern(query[k]), re.IGNORECASE) for k in exact}
    born = query.get("PatientBirthDate", "")
    if not wanted and not born:
        return None
    begin, dash, end = born.partition("-")
    first, last = (_day(part.strip(), False) if part.strip() else None for part in (begin, end))
    last = last if dash else first

    def check(who: Identity) -> bool:
        birth = date.fromisoformat(who.birth_date) if who.birth_date else None
        if born and (birth is None or birth < (first or birth) or birth > (last or birth)):
            return False
        return all(p.match(_PERSON[k](who)) for k, p in wanted.items())

    return check
