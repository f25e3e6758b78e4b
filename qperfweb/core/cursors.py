"""How questions reach PostgreSQL: their values apart from their text, so that a text that was asked
before is read and planned no more."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db.backends.postgresql.base import CursorMixin

MOST_VALUES = 1000
"""The server takes 65,535; a text with so many is hardly ever asked again."""


class Cursor(CursorMixin, psycopg.Cursor[Any]):
    """Binds values in the server; where there are a great many, in the text, as Django does."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Cursor:
        if params is not None and len(params) > MOST_VALUES:
            query, params = psycopg.ClientCursor(self.connection).mogrify(query, params), None
        super().execute(query, params, **options)
        return self
