"""Row-level security: migration helpers that protect a table, and the scope that opens it.

A protected table shows and accepts only rows whose ``site_id`` is among the sites named by the
transaction's ``qperf.sites``. Nothing set means no rows. The policy is FORCEd, so it binds the
owner too: a data migration must open a ``site_scope`` for the sites that it touches.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections, migrations, transaction

OWNER = "qperf_owner"
WEB = "qperf_web"
WORKER = "qperf_worker"

_PRIVILEGE = re.compile(r"^(SELECT|INSERT|UPDATE|DELETE)( ?\([a-z_, ]+\))?$")

MAKE_SITES_FUNCTION = migrations.RunSQL(
    """
    CREATE FUNCTION qperf_sites() RETURNS bigint[]
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(
        string_to_array(nullif(current_setting('qperf.sites', true), ''), ',')::bigint[],
        '{}'::bigint[]
    );
    REVOKE ALL ON FUNCTION qperf_sites() FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION qperf_sites() TO qperf_owner, qperf_web, qperf_worker;
    """,
    "DROP FUNCTION qperf_sites();",
)
"""The one place that reads ``qperf.sites``; text that is no list of numbers is an error, not a
wider scope."""


def protect_site_table(table: str, *, site_optional: bool = False) -> migrations.RunSQL:
    """Operation: show and accept only rows of the transaction's sites.

    ``site_optional`` also lets through rows without a site (events of the installation itself).
    """
    _check_name(table)
    # The sub-select is evaluated once per statement instead of once per row.
    rule = "site_id = ANY ((SELECT qperf_sites())::bigint[])"
    if site_optional:
        rule = f"site_id IS NULL OR {rule}"
    return migrations.RunSQL(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY site_rows ON {table} USING ({rule}) WITH CHECK ({rule});
        """,
        f"""
        DROP POLICY site_rows ON {table};
        ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
        """,
    )


def grant(table: str, *, web: str = "", worker: str = "") -> migrations.RunSQL:
    """Operation: say what web and worker may do with a table; everything else stays forbidden.

    ``web`` and ``worker`` are comma-separated privileges, e.g. ``"SELECT, INSERT, UPDATE"`` or
    ``"SELECT, UPDATE (state, finished_at)"``. Sequences of the table's columns come with INSERT.
    """
    _check_name(table)
    forward = [f"REVOKE ALL ON {table} FROM PUBLIC, {WEB}, {WORKER};"]
    for role, privileges in ((WEB, web), (WORKER, worker)):
        if not privileges:
            continue
        parts = [part.strip() for part in re.split(r",(?![^(]*\))", privileges)]
        for part in parts:
            if not _PRIVILEGE.match(part):
                raise ValueError(f"not a privilege that may be granted: {part!r}")
        forward.append(f"GRANT {', '.join(parts)} ON {table} TO {role};")
        if any(part.startswith("INSERT") for part in parts):
            forward.append(_grant_sequences(table, role))
    return migrations.RunSQL(
        "\n".join(forward), f"REVOKE ALL ON {table} FROM PUBLIC, {WEB}, {WORKER};"
    )


# One question instead of two, for each request; OFFSET 0 has the old value read first.
_ENTER = """
    SELECT before, set_config('qperf.sites', %s, true)
    FROM (SELECT coalesce(current_setting('qperf.sites', true), '') AS before OFFSET 0) now
"""


@contextmanager
def site_scope(site_ids: Iterable[int], *, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Open a transaction (or savepoint) that sees exactly the rows of ``site_ids``.

    Scopes nest; leaving the inner one brings the outer one back.
    """
    value = ",".join(str(int(site_id)) for site_id in sorted(set(site_ids)))
    connection = connections[using]
    is_inner = connection.in_atomic_block
    with transaction.atomic(using=using):
        with connection.cursor() as cursor:
            cursor.execute(_ENTER, [value])
            before = cursor.fetchone()[0]
        yield
        # A released savepoint keeps its settings; an exception rolls them back by itself, and so
        # does the end of the transaction.
        if is_inner and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('qperf.sites', %s, true)", [before])


def _check_name(table: str) -> None:
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", table):
        raise ValueError(f"not a table name: {table!r}")


def _grant_sequences(table: str, role: str) -> str:
    return f"""
        DO $$
        DECLARE sequence_name regclass;
        BEGIN
            FOR sequence_name IN
                SELECT objid::regclass FROM pg_depend JOIN pg_class ON pg_class.oid = objid
                WHERE refobjid = '{table}'::regclass AND deptype IN ('a', 'i') AND relkind = 'S'
            LOOP
                EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE %s TO {role}', sequence_name);
            END LOOP;
        END $$;
    """
