"""Migration helper: a table whose rows can be added and read, and nothing else, by anybody."""

from __future__ import annotations

import re

from django.db import migrations

MAKE_REFUSAL_FUNCTION = migrations.RunSQL(
    """
    CREATE FUNCTION qperf_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% on % is refused: its rows are only ever added', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END $$;
    """,
    "DROP FUNCTION qperf_refuse_change();",
)


def append_only(table: str) -> migrations.RunSQL:
    """Operation: refuse UPDATE, DELETE and TRUNCATE on ``table``, for its owner too.

    The trigger is per statement, so a statement that would meet no row (row-level security) is
    refused as well; ENABLE ALWAYS, so ``session_replication_role`` does not switch it off.
    """
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", table):
        raise ValueError(f"not a table name: {table!r}")
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION qperf_refuse_change();
        ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only;
        """,
        f"DROP TRIGGER append_only ON {table};",
    )
