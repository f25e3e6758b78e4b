"""Second factor at sign-in: authenticator apps, security keys and recovery codes (django-allauth).

A site may require one. A member of such a site who has not shown one in this session has no role
there (``User.roles_by_site``), so nothing of the site can be reached; the middleware leads them to
the page where one is set up. API tokens are bound to one site, a scope and an end instead.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from axes.handlers.proxy import AxesProxyHandler
from cryptography.fernet import Fernet
from django import forms
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse

from qperfweb.core.audit import record
from qperfweb.core.errors import error_body, wants_json
from qperfweb.core.middleware import UNSCOPED_PATHS

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""What counts as a second factor. Recovery codes only stand in for one that was set up."""

_ADDED_HERE = "second_factor_added"
_OPEN_PATHS = ("/accounts/", "/static/")


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # untyped base
    """Secrets of authenticator apps are encrypted: a copy of the database lets nobody in."""

    def encrypt(self, text: str) -> str:
        return str(_box().encrypt(text.encode()).decode())

    def decrypt(self, encrypted_text: str) -> str:
        return str(_box().decrypt(encrypted_text.encode()).decode())


class _Counted:
    """Wrong codes count like wrong passwords, in the database: guessing is stopped (axes)."""

    user: Any

    def clean_code(self) -> str:
        who = {"username": self.user.get_username()}
        if not AxesProxyHandler.is_allowed(context.request, who):
            raise forms.ValidationError("Too many wrong codes. Try again in 15 minutes.")
        try:
            # The mixin stands before a form that has this method.
            return str(super().clean_code())  # type: ignore[misc]
        except forms.ValidationError:
            user_login_failed.send(sender=__name__, credentials=who, request=context.request)
            raise


class CountedAuthenticateForm(_Counted, AuthenticateForm):  # type: ignore[misc]  # untyped base
    """The code that a sign-in asks for."""


class CountedReauthenticateForm(_Counted, ReauthenticateForm):  # type: ignore[misc]  # untyped base
    """The code that is asked for again before something delicate."""


class SecondFactorMiddleware:
    """Tell the user object whether this session has shown a second factor; lead where it must."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in UNSCOPED_PATHS or request.path.startswith("/static/"):
            return self.get_response(request)
        user: Any = request.user
        if not user.is_authenticated or user.token_verbs is not None:
            return self.get_response(request)
        user.second_factor_shown = _shown(request, user)
        if request.path.startswith(_OPEN_PATHS) or not user.sites_wanting_second_factor():
            return self.get_response(request)
        if wants_json(request):
            message = "Your site requires a second factor. Set one up under Account."
            return JsonResponse(error_body("second_factor_required", message), status=403)
        return HttpResponseRedirect(reverse("account"))


def code_is_right(user: Any, code: str, request: HttpRequest) -> bool:
    """Is this the present code of the person's authenticator app? A wrong one is counted."""
    app = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).first()
    who = {"username": user.get_username()}
    if app is None or not AxesProxyHandler.is_allowed(request, who):
        return False
    if app.wrap().validate_code(code):
        return True
    user_login_failed.send(sender=__name__, credentials=who, request=request)
    return False


def has_second_factor(user: Any) -> bool:
    """Has this person set one up?"""
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists())


def factor_saved(instance: Any, created: bool, **arguments: Any) -> None:
    """Whoever adds a factor has shown it in this session."""
    if not created:
        return
    record(instance.user, "person.second_factor_added", instance.user, details=_kind(instance))
    request = context.request
    if request is not None and instance.type in FACTORS:
        request.session[_ADDED_HERE] = True


def factor_removed(instance: Any, **arguments: Any) -> None:
    by = getattr(context.request, "user", None)
    record(by, "person.second_factor_removed", instance.user, details=_kind(instance))


def _shown(request: HttpRequest, user: Any) -> bool:
    records = get_authentication_records(request, user)
    marked = request.session.get(_ADDED_HERE) or any(r["method"] == "mfa" for r in records)
    return bool(marked) and has_second_factor(user)


def _kind(authenticator: Any) -> dict[str, str]:
    return {"kind": str(authenticator.type)}


@lru_cache(maxsize=1)
def _box() -> Fernet:
    key = sha256(b"second-factor:" + settings.IDENTITY_KEY.encode()).digest()
    return Fernet(urlsafe_b64encode(key))
