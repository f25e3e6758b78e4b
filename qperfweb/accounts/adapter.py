"""What django-allauth asks us: nobody signs up by themselves; accounts are given."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from qperfweb.core.audit import record
from qperfweb.core.errors import NotAllowed


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # untyped base
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        # The demo is reached on changing ports; only relative addresses are followed.
        return bool(url) and str(url).startswith("/") and super().is_safe_url(url)

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> Any:
        raise NotAllowed("This account has been closed. Ask an administrator.")

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        record(user, "person.signed_in", user)
        return super().post_login(request, user, **kwargs)
