from django.urls import path

from . import api, metrics, views

urlpatterns = [
    path("metrics", metrics.metrics_page, name="metrics"),
    path("status/", views.status_page, name="status"),
    path("api/studies/<int:study_id>/runs/", api.RunsView.as_view(), name="runs"),
    path("api/runs/<int:run_id>/cancel/", api.CancelView.as_view(), name="run-cancel"),
    path("api/runs/<int:run_id>/arrays/<str:key>", api.ArrayView.as_view(), name="run-array"),
]
