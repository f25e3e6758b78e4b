"""API tokens: a user at one site, for programs. Sent as ``Authorization: Bearer qpw_...``."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from qperfweb.accounts.models import ApiToken, Site, User
from qperfweb.core.permissions import Verb

MARK = "qpw_"
"""Begins every token, so that a leaked one is recognisable."""

_READ = {Verb.VIEW_STUDY, Verb.VIEW_READING, Verb.EXPORT, Verb.VIEW_AGREEMENT}
SCOPES: Mapping[str, frozenset[str]] = {
    ApiToken.Scope.READ: frozenset(_READ),
    ApiToken.Scope.SEND: frozenset({*_READ, Verb.UPLOAD, Verb.START_RUN}),
    # A signature needs the person, not a program that holds their token.
    ApiToken.Scope.ALL: frozenset(
        set(Verb) - {Verb.SIGN_READING, Verb.REIDENTIFY, Verb.MANAGE_SITE}
    ),
}

_REUSE_NOTED_EVERY = timedelta(minutes=1)


def create_token(user: User, site: Site, *, scope: str, name: str, valid_for: timedelta) -> str:
    """Make a token and return its text, which nobody can read again."""
    token = MARK + secrets.token_urlsafe(32)
    ApiToken.objects.create(
        user=user,
        site=site,
        scope=scope,
        name=name,
        prefix=token[: len(MARK) + 6],
        token_sha256=_digest(token),
        expires_at=timezone.now() + valid_for,
    )
    return token


def user_of_token(token: str) -> User | None:
    """The token's user, bound to its site and scope; None when it is unknown, ended or revoked."""
    now = timezone.now()
    try:
        found = ApiToken.objects.select_related("user").get(token_sha256=_digest(token))
    except ApiToken.DoesNotExist:
        return None
    if found.revoked_at is not None or found.expires_at <= now or not found.user.is_active:
        return None
    if found.last_used_at is None or now - found.last_used_at > _REUSE_NOTED_EVERY:
        ApiToken.objects.filter(pk=found.pk).update(last_used_at=now)
    user: User = found.user
    user.token_site_id = found.site_id
    user.token_verbs = SCOPES[found.scope]
    return user


class ApiTokenAuthentication(BaseAuthentication):
    """Tell DRF what ApiTokenMiddleware found out: the request carries a token's user."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        user = request._request.user
        if user.is_authenticated and user.token_verbs is not None:
            return user, None
        return None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


# drf-spectacular registers subclasses in an untyped hook.
class ApiTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document names token authentication."""

    target_class = "qperfweb.accounts.tokens.ApiTokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


def _digest(token: str) -> str:
    # Tokens carry 256 random bits: a plain hash cannot be guessed backwards.
    return hashlib.sha256(token.encode()).hexdigest()
