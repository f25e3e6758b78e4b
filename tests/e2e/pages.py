"""Every page that a browser shows, and who looks at it for barriers.

``ADDRESSES`` are opened by tests/e2e/test_barriers.py; ``ELSEWHERE`` are reached only by a flow and
looked at there. tests/architecture/test_pages.py holds both against the addresses of the site, so
that a new page fails until somebody looks at it.
"""

from __future__ import annotations

ADDRESSES: dict[str, tuple[str, ...]] = {
    "reader": (
        "",
        "upload/",
        "agreement/",
        "accounts/",
        "accounts/password/change/",
        "accounts/reauthenticate/",
        "accounts/logout/",
        "accounts/signed-in/",
        "accounts/oidc/cancelled/",
        "projects/",
        "projects/cases/<int:assignment_id>/",
        "projects/queries/",
        "studies/<int:study_id>/",
        "set-aside/",
        "set-aside/<int:problem_id>/",
    ),
    "reviewer": ("projects/<int:project_id>/", "projects/adjudications/<int:adjudication_id>/"),
    "auditor": ("trail/",),
    "site_admin": (
        "network/",
        "privacy/",
        "privacy/<slug:slug>/",
        "members/<slug:slug>/",
        "accounts/tokens/",
        "studies/<int:study_id>/erase/",
    ),
    "administrator": ("status/", "members/", "people/"),
    "": ("accounts/login/", "accounts/welcome/<str:key>/<str:token>/"),
}
"""By role; "" is nobody, signed out."""

ELSEWHERE: dict[str, str] = {
    "accounts/2fa/authenticate/": "test_account",
    "accounts/2fa/reauthenticate/": "test_account",
    "accounts/2fa/totp/activate/": "test_account",
    "accounts/2fa/recovery-codes/": "test_account",
    "accounts/2fa/recovery-codes/generate/": "test_account",
    "accounts/2fa/totp/deactivate/": "test_account",
    "accounts/2fa/webauthn/": "test_account",
    "accounts/2fa/webauthn/add/": "test_account",
    "accounts/2fa/webauthn/reauthenticate/": "test_account",
}

NOT_PAGES = (
    "accounts/2fa/",
    "accounts/2fa/recovery-codes/download/",
    "accounts/oidc/<str:provider_id>/login/",
    "accounts/oidc/<str:provider_id>/login/callback/",
    "accounts/session/",
    "healthz",
    "readyz",
    "metrics",
    "studies/<int:study_id>/deidentified.zip",
    "trail/messages.log",
    "trail/trail.csv",
)
"""Redirects, downloads and answers for programs."""

FOR_PROGRAMS = ("api/", "dicom-web/")
