"""Ask again who is there, just before a signature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth import authenticate
from django.http import HttpRequest


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """Proof that a user has just authenticated again, and how. Made only by confirm_identity."""

    user_id: int
    method: str


def confirm_identity(user: Any, password: str, request: HttpRequest) -> Confirmation | None:
    """The confirmation, or None when the password is wrong or the account is locked.

    A failure is counted like a failed sign-in, in this transaction: answer the request without
    raising, or the count is rolled back with everything else.
    """
    found = authenticate(request, username=user.get_username(), password=password)
    if found is None or found.pk != user.pk:
        return None
    return Confirmation(user_id=user.pk, method="password")
