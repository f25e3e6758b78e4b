"""Single sign-on through one OpenID Connect provider, named by the environment.

The provider says who somebody is; roles are given here. Somebody new gets an account without any
membership and therefore sees nothing. Nobody gets an account that exists already because of an
e-mail address or a user name: its owner connects it, signed in, from the account page.
"""

from __future__ import annotations

import time
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.base import AuthError
from django.http import HttpRequest
from django.urls import reverse

from qperfweb.accounts.models import User
from qperfweb.core.audit import record
from qperfweb.core.errors import NotAllowed, user_error_response

_CONNECT_ASKED = "sso_connect_asked_at"
_CONNECT_WITHIN_S = 300.0


def ask_to_connect(request: HttpRequest) -> None:
    """Note that this person, here and now, wants to connect their account (a form with a token)."""
    request.session[_CONNECT_ASKED] = time.time()


class SingleSignOnAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # untyped base
    """What django-allauth asks us about people who come from the provider."""

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        data = sociallogin.account.extra_data
        subjects = {
            part["sub"] for part in data.values() if isinstance(part, dict) and "sub" in part
        }
        if len(subjects) > 1:
            _refuse(request, "The sign-in service named two different people. Try again.")
        if sociallogin.state.get("process") == "connect":
            asked = request.session.pop(_CONNECT_ASKED, 0.0)
            if time.time() - asked > _CONNECT_WITHIN_S:
                _refuse(request, "Begin connecting on your account page, within five minutes.")
        elif not sociallogin.is_existing and _taken(sociallogin.user.email):
            _refuse(
                request,
                "There is an account with your e-mail address already. Sign in to it with its "
                "password and connect it on your account page.",
            )

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return True

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> Any:
        user = super().populate_user(request, sociallogin, data)
        parts = (data.get("first_name"), data.get("last_name"))
        user.full_name = str(data.get("name") or " ".join(filter(None, parts)))[:150]
        return user

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> Any:
        user = super().save_user(request, sociallogin, form)
        record(user, "person.created", user, details={"by": "single sign-on"})
        return user

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:
        return reverse("account")

    def on_authentication_error(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("error") != AuthError.CANCELLED:
            _refuse(request, "The sign-in service did not confirm who you are. Try again.")


def connected(user: Any) -> bool:
    """Is this account connected with the provider?"""
    return bool(SocialAccount.objects.filter(user_id=user.pk).exists())


def disconnect(user: Any) -> None:
    """Take the connection back. Raises NotAllowed when the account has no other way in."""
    if not user.has_usable_password():
        raise NotAllowed(
            "This account has no password; without the connection nobody could open it."
        )
    if SocialAccount.objects.filter(user_id=user.pk).delete()[0]:
        record(user, "person.single_sign_on_disconnected", user)


def account_connected(request: HttpRequest, sociallogin: Any, **arguments: Any) -> None:
    user: Any = request.user
    record(user, "person.single_sign_on_connected", user)


def _taken(email: str) -> bool:
    return bool(email) and User.objects.filter(email__iexact=email).exists()


def _refuse(request: HttpRequest, message: str) -> None:
    raise ImmediateHttpResponse(user_error_response(request, NotAllowed(message)))
