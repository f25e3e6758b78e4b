"""The database login of a process, and the refusal of one that could see or change too much."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper

from qperfweb.core.rls import OWNER

_WHO_AM_I = f"""
    SELECT current_user, rolsuper OR rolbypassrls,
           CASE WHEN to_regrole('{OWNER}') IS NULL THEN false
                ELSE pg_has_role(current_user, '{OWNER}', 'USAGE') END
    FROM pg_roles WHERE rolname = current_user
"""


class PrivilegedLogin(ImproperlyConfigured):
    """The web server and the worker must not connect as owner, superuser or BYPASSRLS."""


def refuse_a_privileged_login(*, connection: BaseDatabaseWrapper, **signal_arguments: Any) -> None:
    """Close a new connection whose role is not bound by row-level security and grants.

    Checked on every connection, because nothing else stands between a wrong DATABASE_URL and
    the patients of every site.
    """
    if settings.DATABASE_LOGIN == "owner":
        return
    with connection.cursor() as cursor:
        cursor.execute(_WHO_AM_I)
        name, all_powerful, owner = cursor.fetchone()
    if all_powerful or owner:
        connection.close()
        kind = "a superuser or BYPASSRLS role" if all_powerful else "the owner of the tables"
        raise PrivilegedLogin(
            f"DATABASE_URL connects as {name}, {kind}. "
            "Use qperf_web or qperf_worker (docs/operations.md, Database)."
        )
