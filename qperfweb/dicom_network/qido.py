"""QIDO-RS: search for studies, series and instances."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

from django.http import HttpResponse
from rest_framework.request import Request

from qperfweb.accounts.models import Site
from qperfweb.core import audit
from qperfweb.studies.models import Study

from .access import DicomWebView, base_of, json_answer
from .answers import (
    MOST_WHOLE,
    SERIES_LEVEL,
    STUDY_LEVEL,
    fields_of,
    instance_json,
    series_json,
    study_json,
    totals_of,
)
from .dicomjson import Json
from .holdings import Held, held
from .matching import (
    MATCHED,
    Query,
    fits,
    is_fuzzy,
    is_wide,
    page_of,
    query_of,
    studies_asked,
    studies_of,
)
from .negotiation import JSON_TYPES, accepted
from .negotiation import fits as accepts
from .pixels import NotServed

T = TypeVar("T")
_OF_INSTANCE = "00201209"  # how many instances a series has, which no instance says


class _SearchView(DicomWebView):
    def searched(self, request: Request, slug: str | None) -> Site:
        """The site whose names and dates the answer lists; that it was searched is recorded."""
        if not any(accepts(accepted(request), kind) for kind in JSON_TYPES):
            raise NotServed("Answers to queries are application/dicom+json.")
        site = self.site(request, slug)
        audit.record_access(request.user, "study.searched", site, site=site)
        return site


class StudiesView(_SearchView):
    """GET /studies"""

    def get(self, request: Request, slug: str | None = None) -> HttpResponse:
        site, query, base = self.searched(request, slug), query_of(request), base_of(request, slug)
        fields = fields_of(request)
        found, more = _page(request, studies_of(site, query, fuzzy=is_fuzzy(request)))
        totals = totals_of(found)
        answers = []
        for study in found:
            answer = study_json(study, totals[study.pk], base)
            if fields:
                first = next(iter(held(study, make=False)), None)
                answer = fields.with_header(answer, first, STUDY_LEVEL)
            answers.append(answer)
        return _answer(request, query, answers, more=more)


class SeriesView(_SearchView):
    """GET /series, /studies/{study}/series"""

    def get(self, request: Request, slug: str | None = None, study: str = "") -> HttpResponse:
        site, query, base = self.searched(request, slug), query_of(request), base_of(request, slug)
        fields = fields_of(request)

        def matching() -> Iterator[tuple[Study, list[Held]]]:
            for one in studies_asked(request, site, study, query):
                for objects in _by_series(one, study, query).values():
                    if any(fits(query, instance) for instance in objects):
                        yield one, objects

        found, more = _page(request, matching())
        above = _above(found, base)
        answers = [
            fields.with_header(above[one.pk] | series_json(objects, base), objects[0], SERIES_LEVEL)
            for one, objects in found
        ]
        return _answer(request, query, answers, more=more)


class InstancesView(_SearchView):
    """GET /instances, /studies/{study}/instances, /studies/{study}/series/{series}/instances"""

    def get(
        self, request: Request, slug: str | None = None, study: str = "", series: str = ""
    ) -> HttpResponse:
        site, query, base = self.searched(request, slug), query_of(request), base_of(request, slug)
        fields = fields_of(request)

        def matching() -> Iterator[tuple[Study, Held]]:
            for one in studies_asked(request, site, study, query):
                make = bool(study) or not is_wide(query)
                for instance in held(one, series=series, make=make):
                    if fits(query, instance):
                        yield one, instance

        found, more = _page(request, matching())
        above = _above(found, base)
        answers = []
        for one, instance in found:
            answer = above[one.pk] | series_json([instance], base) | instance_json(instance, base)
            del answer[_OF_INSTANCE]
            answers.append(fields.with_header(answer, instance, None))
        return _answer(request, query, answers, more=more)


def _by_series(one: Study, named: str, query: Query) -> dict[str, list[Held]]:
    """Objects of a study by series. Results are made for studies that are named only."""
    members: dict[str, list[Held]] = {}
    for instance in held(one, make=bool(named) or not is_wide(query)):
        members.setdefault(instance.series_instance_uid, []).append(instance)
    return members


def _above(found: list[tuple[Study, T]], base: str) -> dict[int, Json]:
    """The attributes of the studies that answers belong to."""
    studies = {one.pk: one for one, _ in found}
    totals = totals_of(studies.values())
    return {pk: study_json(one, totals[pk], base) for pk, one in studies.items()}


def _page(request: Request, found: Iterator[T]) -> tuple[list[T], bool]:
    """The answers that were asked for, and whether there are more."""
    limit, offset = page_of(request)
    if fields_of(request).everything:
        limit = min(limit, MOST_WHOLE)
    page = list(islice(found, offset, offset + limit + 1))
    return page[:limit], len(page) > limit


def _answer(request: Request, query: Query, values: list[Json], *, more: bool) -> HttpResponse:
    response = json_answer(values)
    warnings = []
    ignored = sorted(query.keys() - MATCHED)
    if ignored:
        names = re.sub(r"[^A-Za-z0-9 ,]", "", ", ".join(ignored))[:200]
        warnings.append(f"not matched on: {names}")
    if more:
        warnings.append("There are additional results that can be requested")
    if warnings:
        host = request.get_host()
        response["Warning"] = ", ".join(f'299 {host} "{words}"' for words in warnings)
    return response
