"""The id of the request being answered, in log, trail, response and error pages; who sent it."""

from __future__ import annotations

import secrets
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("request_id", default="")
_address: ContextVar[str] = ContextVar("request_address", default="")


def current_request_id() -> str:
    return _current.get()


def current_request_address() -> str:
    """The network address that the request came from; empty outside requests."""
    return _address.get()


def new_request_id(address: str = "") -> str:
    """Make an id and let it, and the address of the sender, be the current ones."""
    request_id = secrets.token_hex(6)
    _current.set(request_id)
    _address.set(address)
    return request_id
