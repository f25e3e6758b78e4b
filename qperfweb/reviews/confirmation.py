"""Ask again who is there, just before a signature."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import authenticate
from django.http import HttpRequest

from qperfweb.accounts.second_factor import code_is_right


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """Proof that a user has just authenticated again, and how. Made only by confirm_identity."""

    user_id: int
    method: str


def confirm_identity(user: Any, password: str, request: HttpRequest) -> Confirmation | None:
    """The confirmation, or None when the password is wrong or the account is locked.

    Six digits are taken for the code of the authenticator app, which is how somebody confirms who
    signs in by single sign-on and has no password here. No password is that short.

    A failure is counted like a failed sign-in, in this transaction: answer the request without
    raising, or the count is rolled back with everything else.
    """
    if re.fullmatch(r"\d{6}", password.strip()):
        right = code_is_right(user, password.strip(), request)
        return Confirmation(user_id=user.pk, method="authenticator") if right else None
    found = authenticate(request, username=user.get_username(), password=password)
    if found is None or found.pk != user.pk:
        return None
    return Confirmation(user_id=user.pk, method="password")
