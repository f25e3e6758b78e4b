"""Read a ``postgresql://`` address into Django's database settings."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


def parse_database_url(url: str) -> dict[str, Any]:
    """Settings for ``DATABASES["default"]`` from ``postgresql://user:password@host:port/name?opt``.

    Query parameters become libpq options (``sslmode``, ``connect_timeout``, ...). ``host`` may also
    stand in the query, so that a socket folder can be named.

    Raises
    ------
    ValueError
        When the scheme is not PostgreSQL's or the address names no database.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ValueError("a database address must begin with postgresql://")
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ValueError("a database address must end with /NAME")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }
