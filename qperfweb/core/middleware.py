"""What happens around every request: its id and log line, headers, and the site transaction."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from qperfweb.core import audit
from qperfweb.core.errors import UserError, user_error_response
from qperfweb.core.permissions import sites_of
from qperfweb.core.request_id import new_request_id
from qperfweb.core.rls import site_scope

GetResponse = Callable[[HttpRequest], HttpResponse]

access_log = logging.getLogger("qperfweb.access")

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        # Decoding compressed DICOM in the browser needs WebAssembly.
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data: blob:",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"

UNSCOPED_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
"""Answered without a user and without the records of any site."""

WELCOME = "/accounts/welcome/"
"""Below it lie addresses where a new person chooses a password."""


class RequestIdMiddleware:
    """Give the request an id and write one log line: the path without its query (search terms)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun = time.monotonic()
        request_id = new_request_id(request.META.get("REMOTE_ADDR", ""))
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        if request.path not in UNSCOPED_PATHS:
            milliseconds = (time.monotonic() - begun) * 1000
            access_log.info(
                "%s %s %d %.0f ms",
                request.method,
                _path(request),
                response.status_code,
                milliseconds,
            )
        return response


def _is_a_refusal(request: HttpRequest, response: HttpResponse) -> bool:
    """Somebody who is signed in was refused, or tried to change what is not theirs to see."""
    if not request.user.is_authenticated:
        return False
    changes = request.method not in ("GET", "HEAD", "OPTIONS")
    return response.status_code == 403 or (response.status_code == 404 and changes)


def _path(request: HttpRequest) -> str:
    """The path for the log; an address that itself lets somebody in is cut short."""
    secret = request.path.startswith(WELCOME)
    return f"{WELCOME}..." if secret else request.path


class SecurityHeadersMiddleware:
    """Content security and permissions policy on every response."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        if request.path.startswith(("/api/", "/studies/")):
            response.setdefault("Cache-Control", "private, no-store")
        return response


class SiteScopeMiddleware:
    """Answer each request in one transaction that sees only the sites of its user.

    The transaction is rolled back when the view raises or answers 5xx. Rows must be read before
    the response is handed over: a streaming body runs after the transaction and sees no rows.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in UNSCOPED_PATHS:
            return self.get_response(request)
        with site_scope(sites_of(request.user)):
            response = self.get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
        if _is_a_refusal(request, response):
            # In a transaction of its own: what the request did itself may have been undone.
            details = {"method": request.method, "path": request.path[:200]}
            audit.record(request.user, "access.refused", details=details)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if transaction.get_connection().in_atomic_block:
            transaction.set_rollback(True)
        if isinstance(exception, UserError):
            return user_error_response(request, exception)
        return None
