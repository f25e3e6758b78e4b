from django.urls import path

from . import api

urlpatterns = [
    path(
        "api/readings/<int:reading_id>/export.zip", api.ExportZipView.as_view(), name="export-zip"
    ),
    path("api/readings/<int:reading_id>/fhir.json", api.FhirView.as_view(), name="export-fhir"),
]
