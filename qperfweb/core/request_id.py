"""The id of the request being answered: in the log, the trail, the response and error pages."""

from __future__ import annotations

import secrets
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    return _current.get()


def new_request_id() -> str:
    """Make an id and let it be the current one."""
    request_id = secrets.token_hex(6)
    _current.set(request_id)
    return request_id
