"""Under which name django-axes counts a failed sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest


def attempted_name(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """What was typed as user name or e-mail address, in one spelling.

    The form says ``login``; Django's signals carry ``username`` or ``email``. Counting under
    different keys would never lock anybody out.
    """
    typed = request.POST.get("login", "")
    if not typed and credentials:
        typed = next((str(credentials[k]) for k in ("username", "email") if credentials.get(k)), "")
    return typed.strip().casefold()
