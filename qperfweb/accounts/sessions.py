"""How long a sign-in lasts, and which ones are open.

A session ends after a time without its person, and in any case some hours after the sign-in. Only
what a person does counts: opening a page, and what the page reports of keys and pointer. What a
page asks by itself (progress, images) does not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse

from qperfweb.core.audit import record
from qperfweb.core.errors import NotFound, error_body, wants_json
from qperfweb.core.middleware import UNSCOPED_PATHS

_ENDS, _ENDS_LATEST = "ends_at", "ends_latest_at"
_WORTH_WRITING_S = 30.0
"""An extension that gains less is not written down."""


class SessionEndMiddleware:
    """End a session that is over, prolong one whose person opens a page, refuse a mixed-up one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in UNSCOPED_PATHS or request.path.startswith("/static/"):
            return self.get_response(request)
        user: Any = request.user
        if not user.is_authenticated or user.token_verbs is not None:
            return self.get_response(request)
        if seconds_left(request) <= 0:
            record(user, "person.session_ended", user)
            request.session.flush()
            request.user = AnonymousUser()
            return self.get_response(request)
        meant_for = request.headers.get("X-QPerf-Person", "")
        if meant_for and meant_for != str(user.pk):
            # A page of one person, still open while another signed in: its edits are not theirs.
            message = "Somebody else has signed in since. Sign in as yourself again."
            return JsonResponse(error_body("other_person", message), status=401)
        if request.method == "GET" and not wants_json(request) and _is_a_visit(request):
            prolong(request)
        return self.get_response(request)


def seconds_left(request: HttpRequest) -> float:
    """Seconds until the session ends if nothing more is done; begins the count of a new one."""
    if _ENDS not in request.session:
        now = time.time()
        request.session[_ENDS_LATEST] = now + settings.SESSION_COOKIE_AGE
        request.session[_ENDS] = min(
            now + settings.SESSION_IDLE_S, now + settings.SESSION_COOKIE_AGE
        )
    return float(request.session[_ENDS]) - time.time()


def prolong(request: HttpRequest) -> None:
    """The person is there: count anew, up to the latest end."""
    ends = min(time.time() + settings.SESSION_IDLE_S, request.session[_ENDS_LATEST])
    if ends - request.session[_ENDS] > min(_WORTH_WRITING_S, settings.SESSION_IDLE_S / 10):
        request.session[_ENDS] = ends


def session_state(request: HttpRequest) -> dict[str, Any]:
    """What a page needs to know of its session; times in seconds from now."""
    latest = float(request.session[_ENDS_LATEST]) - time.time()
    return {
        "person": request.user.pk,
        "ends_in_s": round(seconds_left(request), 1),
        "ends_latest_in_s": round(latest, 1),
        "idle_s": settings.SESSION_IDLE_S,
    }


@dataclass(frozen=True, kw_only=True)
class OpenSession:
    """One sign-in of a person. ``ends_at`` is empty when it was never used after the sign-in."""

    id: int
    address: str
    browser: str
    since: datetime
    ends_at: datetime | None
    is_this_one: bool


def open_sessions(request: HttpRequest) -> list[OpenSession]:
    """The sign-ins of whoever asks that still work, newest first."""
    found = []
    for row in UserSession.objects.purge_and_list(request.user):
        ends = _store(row.session_key).get(_ENDS)
        if ends is not None and ends <= time.time():
            row.end()
            continue
        found.append(
            OpenSession(
                id=row.pk,
                address=row.ip,
                browser=browser_words(row.user_agent),
                since=row.created_at,
                ends_at=datetime.fromtimestamp(ends, UTC) if ends else None,
                is_this_one=row.session_key == request.session.session_key,
            )
        )
    return sorted(found, key=lambda one: one.since, reverse=True)


def end_session(request: HttpRequest, session_id: int) -> None:
    """End one of one's own sign-ins. Raises NotFound for one that is not there or not one's own."""
    user: Any = request.user
    row = UserSession.objects.filter(pk=session_id, user_id=user.pk).first()
    if row is None:
        raise NotFound("This sign-in has ended already.")
    row.end()
    record(user, "person.session_revoked", user, details={"address": row.ip})


def end_all_sessions(user: Any) -> int:
    """End every sign-in of a person, e.g. when the account is closed; how many there were."""
    rows = list(UserSession.objects.filter(user_id=user.pk))
    for row in rows:
        row.end()
    return len(rows)


def browser_words(user_agent: str) -> str:
    """A browser and system in two words, from what it says of itself."""
    names = {"Edg/": "Edge", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
    systems = {"Windows": "Windows", "Android": "Android", "iPhone": "iPhone", "Mac OS": "macOS"}
    browser = next((name for mark, name in names.items() if mark in user_agent), "another program")
    system = next((name for mark, name in systems.items() if mark in user_agent), "")
    system = system or ("Linux" if "Linux" in user_agent else "")
    return f"{browser} on {system}" if system else browser


def _is_a_visit(request: HttpRequest) -> bool:
    return not request.path.startswith(("/api/", "/dicom-web/", "/accounts/session/"))


def _store(key: str) -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore(key)
