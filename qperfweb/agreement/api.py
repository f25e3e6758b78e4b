"""HTTP edge of agreement: figures as JSON, the same pairs as CSV."""

from __future__ import annotations

import csv
import io
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
from qperfweb.core.permissions import Verb, sites_of
from qperfweb.reviews.sight import blinded_studies

from .queries import Filters, choices, pairs
from .summary import summary

CSV_COLUMNS = ("study", "patient", "site_name", "segment", "source", "automated", "final")


class AgreementFilters(serializers.Serializer):
    """Query parameters; see queries.Filters."""

    condition = serializers.ChoiceField(choices=["stress", "rest"], default="stress")
    subset = serializers.ChoiceField(choices=["all", "edited"], default="all")
    site = serializers.IntegerField(required=False)
    segment = serializers.IntegerField(min_value=1, max_value=16, required=False)
    field_strength_t = serializers.FloatField(required=False)
    manufacturer = serializers.CharField(required=False)
    sequence_class = serializers.CharField(required=False)
    reader = serializers.IntegerField(required=False)
    pipeline_version = serializers.CharField(required=False)
    signed_from = serializers.DateField(required=False)
    signed_to = serializers.DateField(required=False)


class AgreementView(APIView):
    """Automated against final values of signed readings."""

    verbs = {"GET": Verb.VIEW_AGREEMENT}

    @extend_schema(parameters=[AgreementFilters], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        filters = _filters(request)
        return Response(summary(filters) | {"choices": choices(filters.sites)})


class AgreementCsvView(APIView):
    """The pairs behind the figures."""

    verbs = {"GET": Verb.VIEW_AGREEMENT}

    @extend_schema(parameters=[AgreementFilters], responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request) -> HttpResponse:
        filters = _filters(request)
        text = io.StringIO()
        writer = csv.DictWriter(text, CSV_COLUMNS)
        writer.writeheader()
        writer.writerows(pairs(filters))
        for site in Site.objects.filter(pk__in=filters.sites):
            audit.record(request.user, "agreement.exported", site=site)
        response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="agreement.csv"'
        return response


def _filters(request: Request) -> Filters:
    checked = AgreementFilters(data=request.query_params)
    checked.is_valid(raise_exception=True)
    wanted: dict[str, Any] = dict(checked.validated_data)
    return Filters(
        sites=tuple(sites_of(request.user, Verb.VIEW_AGREEMENT)),
        hidden=frozenset(blinded_studies(request.user)),
        **wanted,
    )
