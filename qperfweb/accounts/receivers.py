"""Failed sign-ins and sign-outs go to the trail; sign-ins do in the adapter."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from qperfweb.accounts.models import User
from qperfweb.accounts.throttle import attempted_name
from qperfweb.core.audit import record


def sign_in_failed(request: HttpRequest | None = None, **arguments: Any) -> None:
    """Whose account was tried, and where: at the sign-in or before a signature.

    What was typed is not kept when it names nobody: people type passwords into the wrong field.
    """
    if request is None:
        return
    name = attempted_name(request, arguments.get("credentials"))
    tried = User.objects.filter(Q(username__iexact=name) | Q(email__iexact=name)) if name else None
    user = tried.first() if tried is not None else None
    record(None, "person.sign_in_failed", user, details={"path": request.path})


def signed_out(request: HttpRequest | None = None, user: Any = None, **arguments: Any) -> None:
    if user is not None:
        record(user, "person.signed_out", user)
