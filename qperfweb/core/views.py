"""Health, readiness, and the pages behind Django's own errors."""

from __future__ import annotations

import tempfile

from django.conf import settings
from django.core.files.storage import storages
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from qperfweb.core.errors import (
    error_body,
    error_response,
    unexpected_error_body,
)
from qperfweb.core.schema import schema_state


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"ok": True})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The process can do its work: database, schema and store are there."""
    asked = (_database_problem(), _store_problem(), _object_store_problem())
    problems = [problem for problem in asked if problem]
    return JsonResponse(
        {"ready": not problems, "problems": problems}, status=503 if problems else 200
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_response(request, 400, error_body("invalid", "The request does not make sense."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_response(
        request, 403, error_body("not_allowed", "You do not have the role for this.")
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    message = "There is nothing here, or it belongs to a site that you are not a member of."
    return error_response(request, 404, error_body("not_found", message))


def server_error(request: HttpRequest) -> HttpResponse:
    return error_response(request, 500, unexpected_error_body())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    message = "This form is out of date. Reload the page and try again."
    return error_response(request, 403, error_body("stale_form", message))


def _database_problem() -> str:
    try:
        return schema_state().problem
    except DatabaseError:
        return "the database does not answer"


def _store_problem() -> str:
    try:
        settings.STORE_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=settings.STORE_DIR):
            return ""
    except OSError as error:
        return f"the store cannot be written: {error.strerror}"


def _object_store_problem() -> str:
    if "objects" not in settings.STORAGES:
        return ""
    try:
        storages["objects"].exists("a-name-that-nothing-has")
    except Exception:  # every client library has exceptions of its own
        return "the object store does not answer"
    return ""
