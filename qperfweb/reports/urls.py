from django.urls import path

from . import api

urlpatterns = [
    path("api/readings/<int:reading_id>/report.pdf", api.ReportView.as_view(), name="report-pdf"),
]
