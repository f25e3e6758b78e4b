"""Errors with an audience: those that a user may read, and everything else.

UserError           a sentence for the user, with a code that programs can rely on
  Invalid           400  the request does not make sense as it is; ``field`` names the culprit
  NotSignedIn       401
  NotAllowed        403
  NotFound          404
  Conflict          409  somebody or something was faster; reload
  TooLarge          413
  Unavailable       503  try again later

Any other exception is logged with its traceback and shown as one generic sentence with the id
under which the log has it. The API's one error shape is
``{"error": {"code", "message", "detail", "field"}}``.
"""

from __future__ import annotations

import logging
import math
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from rest_framework import exceptions as drf
from rest_framework.response import Response

from qperfweb.core.request_id import current_request_id

logger = logging.getLogger(__name__)


class UserError(Exception):
    """This cannot be done."""

    status = 400
    code = "error"

    def __init__(
        self, message: str = "", *, code: str = "", detail: Any = None, field: str | None = None
    ) -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        self.code = code or type(self).code
        self.detail = detail
        self.field = field
        super().__init__(self.message)


class Invalid(UserError):
    """The request does not make sense."""

    code = "invalid"


class NotSignedIn(UserError):
    """Please sign in."""

    status = 401
    code = "not_signed_in"


class NotAllowed(UserError):
    """You do not have the role for this."""

    status = 403
    code = "not_allowed"


class NotFound(UserError):
    """There is nothing here, or it belongs to a site that you are not a member of."""

    status = 404
    code = "not_found"


class Conflict(UserError):
    """It was changed in the meantime."""

    status = 409
    code = "conflict"


class TooLarge(UserError):
    """This is larger than allowed."""

    status = 413
    code = "too_large"


class Unavailable(UserError):
    """This is not available at the moment."""

    status = 503
    code = "unavailable"


def error_body(
    code: str, message: str, detail: Any = None, field: str | None = None
) -> dict[str, Any]:
    """The one error shape of the API."""
    return {"error": {"code": code, "message": message, "detail": detail, "field": field}}


def api_exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler: everything leaves in the one shape, and its changes are undone."""
    if transaction.get_connection().in_atomic_block:
        transaction.set_rollback(True)
    status, body, headers = _describe(exc)
    return Response(body, status=status, headers=headers)


def user_error_response(request: HttpRequest, error: UserError) -> HttpResponse:
    """The answer to a UserError from a view that is not DRF's: JSON or a page."""
    body = error_body(error.code, error.message, error.detail, error.field)
    return error_response(request, error.status, body)


def error_response(request: HttpRequest, status: int, body: dict[str, Any]) -> HttpResponse:
    if wants_json(request):
        return JsonResponse(body, status=status)
    shown = {"status": status, "error": body["error"], "request_id": current_request_id()}
    # What broke the server could break the header too, which asks the database.
    page = render_to_string("error.html", shown) if status >= 500 else _with_header(request, shown)
    return HttpResponse(page, status=status)


def _with_header(request: HttpRequest, shown: dict[str, Any]) -> str:
    """The error page with the site's header, so that whoever took a wrong turn finds back.

    The header asks the database what somebody may see. The request's transaction is marked to be
    undone by now and would refuse; a savepoint answers, unless PostgreSQL itself gave it up.
    """
    connection = transaction.get_connection()
    undo = connection.in_atomic_block and connection.needs_rollback
    try:
        if undo:
            transaction.set_rollback(False)
        with transaction.atomic():
            return render_to_string("error.html", shown, request=request)
    except DatabaseError:
        logger.warning("error page without its header", exc_info=True)
        return render_to_string("error.html", shown)
    finally:
        if undo:
            transaction.set_rollback(True)


def wants_json(request: HttpRequest) -> bool:
    """Is the caller a program?"""
    if request.path.startswith(("/api/", "/dicom-web/")):
        return True
    return "application/json" in request.headers.get("Accept", "")


def unexpected_error_body() -> dict[str, Any]:
    """What a user reads when something went wrong that is not theirs to know."""
    return error_body(
        "unexpected",
        "Something went wrong on the server; nothing was changed. "
        f"The log has it under {current_request_id() or 'no id'}.",
    )


def _describe(exc: Exception) -> tuple[int, dict[str, Any], dict[str, str]]:
    if isinstance(exc, UserError):
        return exc.status, error_body(exc.code, exc.message, exc.detail, exc.field), {}
    if isinstance(exc, Http404):
        return _describe(NotFound())
    if isinstance(exc, PermissionDenied):
        return _describe(NotAllowed())
    if isinstance(exc, drf.ValidationError):
        field, message = _first_problem(exc.detail)
        return 400, error_body("invalid", message, exc.detail, field), {}
    if isinstance(exc, drf.NotAuthenticated | drf.AuthenticationFailed):
        headers = {"WWW-Authenticate": "Bearer"} if exc.status_code == 401 else {}
        return exc.status_code, error_body("not_signed_in", str(exc.detail)), headers
    if isinstance(exc, drf.PermissionDenied):
        return 403, error_body(NotAllowed.code, str(exc.detail)), {}
    if isinstance(exc, drf.APIException):
        wait_s: float | None = getattr(exc, "wait", None)
        headers = {} if wait_s is None else {"Retry-After": str(math.ceil(wait_s))}
        return exc.status_code, error_body(exc.default_code, str(exc.detail)), headers
    logger.error("unexpected error", exc_info=exc)
    return 500, unexpected_error_body(), {}


def _first_problem(detail: Any, path: str = "") -> tuple[str | None, str]:
    """Name and sentence of the first field that a serialiser complains about."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            if inner:
                inner_path = path if name == "non_field_errors" else f"{path}.{name}".strip(".")
                return _first_problem(inner, inner_path)
    if isinstance(detail, list):
        for inner in detail:
            if inner:
                return _first_problem(inner, path)
    return path or None, str(detail)
