"""HTTP edge of exports. The builders are imported when somebody exports: highdicom is heavy."""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from qperfweb.core import audit
from qperfweb.core.permissions import Verb
from qperfweb.reviews.models import Reading


class _ExportView(APIView):
    verbs = {"GET": Verb.EXPORT}

    def reading(self, request: Request, reading_id: int, kind: str) -> Reading:
        """The reading, once it is clear that it may be taken out, and noted that it was."""
        rows = Reading.objects.select_related("run", "reader", "study__patient__identity")
        reading = get_object_or_404(rows.select_related("study__site"), pk=reading_id)
        self.check_object_permissions(request, reading)
        details = {"kind": kind, "revision": reading.revision, "state": reading.state}
        audit.record(request.user, "reading.exported", reading, details=details)
        return reading


class ExportZipView(_ExportView):
    """A reading as DICOM objects and FHIR, in a zip."""

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, reading_id: int) -> HttpResponse:
        from .archive import export_zip
        from .subject import subject_of

        reading = self.reading(request, reading_id, "zip")
        response = HttpResponse(export_zip(subject_of(reading)), content_type="application/zip")
        # The name must not carry patient data: it ends up in histories and download folders.
        response["Content-Disposition"] = f'attachment; filename="reading-{reading.pk}.zip"'
        return response


class FhirView(_ExportView):
    """A reading as a FHIR R4 bundle."""

    @extend_schema(responses={(200, "application/fhir+json"): OpenApiTypes.OBJECT})
    def get(self, request: Request, reading_id: int) -> HttpResponse:
        from .fhir import fhir_bundle
        from .subject import subject_of

        reading = self.reading(request, reading_id, "fhir")
        bundle = fhir_bundle(subject_of(reading))
        return JsonResponse(bundle, content_type="application/fhir+json")
