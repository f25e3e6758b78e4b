from django.urls import URLPattern, URLResolver, include, path, register_converter

from .api import TransmissionsView
from .qido import InstancesView, SeriesView
from .rendered import RenderedView, ThumbnailView
from .stow import AllStudiesView, OneStudyView
from .views import network_page
from .wado import BulkDataView, FramesView, MetadataView, RetrieveView


class UidConverter:
    regex = r"[0-9.]{1,64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(UidConverter, "uid")

STUDY = "studies/<uid:study>"
SERIES = f"{STUDY}/series/<uid:series>"
INSTANCE = f"{SERIES}/instances/<uid:instance>"
LEVELS = (STUDY, SERIES, INSTANCE)
FRAMES = f"{INSTANCE}/frames/<str:numbers>"

_service: list[URLPattern | URLResolver] = [
    path("studies", AllStudiesView.as_view()),
    path("series", SeriesView.as_view()),
    path("instances", InstancesView.as_view()),
    path(f"{STUDY}/series", SeriesView.as_view()),
    path(f"{STUDY}/instances", InstancesView.as_view()),
    path(f"{SERIES}/instances", InstancesView.as_view()),
    *(path(f"{level}/metadata", MetadataView.as_view()) for level in LEVELS),
    path(STUDY, OneStudyView.as_view()),
    path(SERIES, RetrieveView.as_view()),
    path(INSTANCE, RetrieveView.as_view()),
    *(path(f"{level}/rendered", RenderedView.as_view()) for level in (*LEVELS, FRAMES)),
    *(path(f"{level}/thumbnail", ThumbnailView.as_view()) for level in (*LEVELS, FRAMES)),
    path(FRAMES, FramesView.as_view()),
    path(f"{INSTANCE}/bulkdata/<path:place>", BulkDataView.as_view()),
]

urlpatterns = [
    path("network/", network_page, name="network"),
    path(
        "api/studies/<int:study_id>/transmissions/",
        TransmissionsView.as_view(),
        name="transmissions",
    ),
    path("dicom-web/sites/<slug:slug>/", include(_service)),
    path("dicom-web/", include(_service)),
]
