"""Every address of the site. Each app keeps its own list; this is the table of contents."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

from qperfweb.accounts.preferences import PreferencesView
from qperfweb.core import trail_views, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("", include("qperfweb.accounts.urls")),
    path("trail/", trail_views.trail, name="trail"),
    path("trail/trail.csv", trail_views.trail_csv, name="trail-csv"),
    path("trail/messages.log", trail_views.trail_audit_messages, name="trail-messages"),
    path("api/me/preferences/", PreferencesView.as_view(), name="preferences"),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
]

_APPS = (
    "studies",
    "runs",
    "reviews",
    "projects",
    "agreement",
    "reports",
    "dicom_network",
    "privacy",
    "viewer",
)
urlpatterns += [
    path("", include(f"qperfweb.{app}.urls")) for app in _APPS if find_spec(f"qperfweb.{app}.urls")
]

handler400 = views.bad_request
handler403 = views.permission_denied
handler404 = views.not_found
handler500 = views.server_error
