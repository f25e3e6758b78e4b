"""HTTP edge of agreement: figures as JSON, the same pairs as CSV."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from qperfweb.accounts.models import Site
from qperfweb.core import audit
from qperfweb.core.errors import Invalid
from qperfweb.core.permissions import Verb, sites_of
from qperfweb.core.tables import CSV_TYPE, Columns, to_csv
from qperfweb.reviews.sight import blinded_studies

from .queries import MOST_PAIRS, Filters, choices, pairs
from .summary import LABELS, summary


class AgreementFilters(serializers.Serializer[Any]):
    """Query parameters; see queries.Filters."""

    comparison = serializers.ChoiceField(choices=["final", "readers", "versions"], default="final")
    measure = serializers.ChoiceField(choices=["stress", "rest", "mpr"], default="stress")
    scope = serializers.ChoiceField(choices=["segment", "global"], default="segment")
    subset = serializers.ChoiceField(choices=["all", "edited", "scratch"], default="all")
    site = serializers.IntegerField(required=False)
    segment = serializers.IntegerField(min_value=1, max_value=16, required=False)
    field_strength_t = serializers.FloatField(required=False)
    manufacturer = serializers.CharField(required=False)
    scanner_model = serializers.CharField(required=False)
    sequence_class = serializers.CharField(required=False)
    reader = serializers.IntegerField(required=False)
    version = serializers.CharField(required=False)
    first_version = serializers.CharField(required=False)
    second_version = serializers.CharField(required=False)
    signed_from = serializers.DateField(required=False)
    signed_to = serializers.DateField(required=False)


class AgreementView(APIView):
    """Agreement of two ways to the same value, in figures."""

    verbs = {"GET": Verb.VIEW_AGREEMENT}

    @extend_schema(parameters=[AgreementFilters], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        filters = _filters(request)
        for site in Site.objects.filter(pk__in=filters.sites):
            audit.record_access(request.user, "agreement.viewed", site, site=site)
        return Response(summary(filters) | {"choices": choices(filters.sites, filters.hidden)})


class AgreementCsvView(APIView):
    """The pairs behind the figures."""

    verbs = {"GET": Verb.VIEW_AGREEMENT}

    @extend_schema(parameters=[AgreementFilters], responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request) -> HttpResponse:
        filters = _filters(request)
        for site in Site.objects.filter(pk__in=filters.sites):
            audit.record(request.user, "agreement.exported", site=site)
        response = HttpResponse(_csv(filters), content_type=CSV_TYPE)
        response["Content-Disposition"] = 'attachment; filename="agreement.csv"'
        return response


def _csv(filters: Filters) -> bytes:
    """One line per pair; the columns of the two values are named after what is compared."""
    names = ("automated", "final") if filters.comparison == "final" else LABELS[filters.comparison]
    first, second = (name.replace(" ", "_") for name in names)
    columns: Columns = {
        "study": "integer", "patient": "integer", "site": "text", "measure": "text",
        "segment": "integer", "source": "text", first: "number", second: "number",
        "version": "text", "at": "time",
    }  # fmt: skip
    found = pairs(filters)
    if len(found) >= MOST_PAIRS:
        raise Invalid(
            f"There are more than {MOST_PAIRS:,} values: choose a site, a period or a segment, or "
            "have an administrator export the cohort."
        )
    rows = (
        (
            row["study"], row["patient"], row["site_name"], filters.measure, row["segment"],
            row["source"], row["first"], row["second"], row["version"], row["moment"],
        )
        for row in found
    )  # fmt: skip
    return to_csv(columns, rows)


def _filters(request: Request) -> Filters:
    checked = AgreementFilters(data=request.query_params)
    checked.is_valid(raise_exception=True)
    return Filters(
        sites=tuple(sites_of(request.user, Verb.VIEW_AGREEMENT)),
        hidden=frozenset(blinded_studies(request.user)),
        **checked.validated_data,
    )
