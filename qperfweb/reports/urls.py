from django.urls import include, path

from . import api

urlpatterns = [
    path("api/readings/<int:reading_id>/report.pdf", api.ReportView.as_view(), name="report-pdf"),
    path("", include("qperfweb.reports.exports.urls")),
]
