from django.urls import path

from . import api

urlpatterns = [
    path("api/studies/<int:study_id>/viewer/", api.ViewerView.as_view(), name="viewer-state"),
    path("api/studies/<int:study_id>/readings/", api.ReadingsView.as_view(), name="readings"),
    path("api/studies/<int:study_id>/priors/", api.PriorsView.as_view(), name="priors"),
    path("api/readings/<int:reading_id>/edits/", api.EditsView.as_view(), name="edits"),
    path("api/readings/<int:reading_id>/sign/", api.SignView.as_view(), name="sign"),
    path("api/readings/<int:reading_id>/discard/", api.DiscardView.as_view(), name="discard"),
    path(
        "api/readings/<int:reading_id>/carry-over/", api.CarryOverView.as_view(), name="carry-over"
    ),
    path("api/readings/<int:reading_id>/addenda/", api.AddendaView.as_view(), name="addenda"),
    path("api/readings/<int:reading_id>/history/", api.HistoryView.as_view(), name="history"),
    path("api/runs/<int:run_id>/roi/", api.RoiView.as_view(), name="run-roi"),
]
