"""HTTP edge of reports."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from qperfweb.core import audit
from qperfweb.core.errors import Invalid
from qperfweb.core.permissions import Verb
from qperfweb.reviews.models import Reading

from .services import report_pdf

PAPERS = {"a4": "a4", "letter": "us-letter"}


class ReportView(APIView):
    """The PDF of a reading; a draft's says on every page that it is not reviewed."""

    verbs = {"GET": Verb.VIEW_READING}

    @extend_schema(
        parameters=[OpenApiParameter("paper", enum=list(PAPERS), default="a4")],
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, reading_id: int) -> HttpResponse:
        asked = request.query_params.get("paper", "a4")
        if asked not in PAPERS:
            raise Invalid("Reports come on a4 or letter.", field="paper")
        reading = get_object_or_404(
            Reading.objects.select_related("run", "study__patient__identity", "study__site"),
            pk=reading_id,
        )
        self.check_object_permissions(request, reading)
        content = report_pdf(reading, paper=PAPERS[asked])
        audit.record(request.user, "report.taken", reading, details={"revision": reading.revision})
        response = HttpResponse(content, content_type="application/pdf")
        # The name must not carry patient data: it ends up in histories and download folders.
        response["Content-Disposition"] = f'inline; filename="reading-{reading.pk}.pdf"'
        return response
