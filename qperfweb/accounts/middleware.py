"""Sign a program in by its API token, before anything asks who the user is."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from qperfweb.accounts.tokens import user_of_token
from qperfweb.core.errors import error_body


class ApiTokenMiddleware:
    """``Authorization: Bearer TOKEN`` replaces the session; a wrong token is refused at once."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            user = user_of_token(token.strip())
            if user is None:
                body = error_body("not_signed_in", "This API token is unknown or has ended.")
                return JsonResponse(body, status=401, headers={"WWW-Authenticate": "Bearer"})
            request.user = user
            # The browser adds no token by itself, so there is no forgery to protect from.
            # Django's own switch, which its stubs do not list.
            request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        return self.get_response(request)
