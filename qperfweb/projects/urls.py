from django.urls import path

from . import api, reading_api, views

PROJECT = "api/projects/<int:project_id>"
ADJUDICATION = "api/projects/adjudications/<int:adjudication_id>"
CASE = "api/projects/cases/<int:assignment_id>"

urlpatterns = [
    path("projects/", views.projects, name="projects"),
    path("projects/<int:project_id>/", views.project, name="project"),
    path("projects/cases/<int:assignment_id>/", views.case, name="project-case"),
    path(
        "projects/adjudications/<int:adjudication_id>/",
        views.adjudication,
        name="project-adjudication",
    ),
    path("projects/queries/", views.queries, name="project-queries"),
    path("api/projects/", api.ProjectsView.as_view(), name="api-projects"),
    path(f"{PROJECT}/", api.OneProjectView.as_view(), name="api-project"),
    path(f"{PROJECT}/setup/", api.SetupView.as_view(), name="api-project-setup"),
    path(f"{PROJECT}/cases/", api.CasesView.as_view(), name="api-project-cases"),
    path(f"{PROJECT}/cases/<int:case_id>/", api.CaseView.as_view(), name="api-project-case-setup"),
    path(f"{PROJECT}/members/", api.MembersView.as_view(), name="api-project-members"),
    path(
        f"{PROJECT}/members/<int:member_id>/",
        api.MemberView.as_view(),
        name="api-project-member",
    ),
    path(f"{PROJECT}/open/", api.OpenView.as_view(), name="api-project-open"),
    path(f"{PROJECT}/lock/", api.LockView.as_view(), name="api-project-lock"),
    path(f"{PROJECT}/training/", api.TrainingView.as_view(), name="api-project-training"),
    path(
        f"{PROJECT}/readings.csv",
        api.ReadingsFileView.as_view(),
        {"kind": "csv"},
        name="api-project-csv",
    ),
    path(
        f"{PROJECT}/readings.parquet",
        api.ReadingsFileView.as_view(),
        {"kind": "parquet"},
        name="api-project-parquet",
    ),
    path(f"{CASE}/viewer/", reading_api.CaseViewerView.as_view(), name="api-case-viewer"),
    path(f"{CASE}/arrays/<str:key>", reading_api.CaseArrayView.as_view(), name="api-case-array"),
    path(f"{CASE}/readings/", reading_api.CaseReadingsView.as_view(), name="api-case-readings"),
    path(f"{ADJUDICATION}/", reading_api.AdjudicationView.as_view(), name="api-adjudication"),
    path(
        f"{ADJUDICATION}/decisions/",
        reading_api.DecisionsView.as_view(),
        name="api-adjudication-decisions",
    ),
    path(
        f"{ADJUDICATION}/third/",
        reading_api.ThirdReadingView.as_view(),
        name="api-adjudication-third",
    ),
    path("api/projects/queries/", reading_api.QueriesView.as_view(), name="api-queries"),
    path(
        "api/projects/queries/<int:query_id>/messages/",
        reading_api.MessagesView.as_view(),
        name="api-query-messages",
    ),
]
