from django.urls import path

from . import api, assignment, set_aside, uploads, views

urlpatterns = [
    path("set-aside/", set_aside.set_aside, name="set-aside"),
    path("set-aside/<int:problem_id>/", set_aside.set_aside_group, name="set-aside-group"),
    path("upload/", views.upload, name="upload"),
    path("api/studies/", api.WorklistView.as_view(), name="api-worklist"),
    path("api/studies/<int:study_id>/", api.StudyView.as_view(), name="api-study"),
    path("api/readers/", assignment.ReadersView.as_view(), name="api-readers"),
    path(
        "api/studies/<int:study_id>/assignment/",
        assignment.AssignmentView.as_view(),
        name="api-assignment",
    ),
    path("api/studies/<int:study_id>/series/", api.SeriesListView.as_view(), name="api-series"),
    path(
        "api/series/<int:series_id>/correction/",
        api.SeriesCorrectionView.as_view(),
        name="api-series-correction",
    ),
    path(
        "api/instances/<int:instance_id>/file",
        api.InstanceFileView.as_view(),
        name="api-instance-file",
    ),
    path("api/intake/problems/", api.ProblemsView.as_view(), name="api-problems"),
    path(
        "api/intake/problems/<int:problem_id>/decision/",
        api.DecisionView.as_view(),
        name="api-decision",
    ),
    path("api/uploads/", uploads.UploadsView.as_view(), name="api-uploads"),
    path(
        "api/uploads/<int:batch_id>/objects/",
        uploads.UploadObjectsView.as_view(),
        name="api-upload-objects",
    ),
    path(
        "api/uploads/<int:batch_id>/archives/<str:token>/",
        uploads.UploadArchiveView.as_view(),
        name="api-upload-archive",
    ),
    path(
        "api/uploads/<int:batch_id>/done/",
        uploads.UploadDoneView.as_view(),
        name="api-upload-done",
    ),
]
