"""Migration helper: a child row and its parent belong to one site, and PostgreSQL enforces it.

Django's foreign keys know one column; a second, composite key (site_id, parent_id) references the
parent's UNIQUE (site_id, id), so that no code path can hang one site's row under another's.
"""

from __future__ import annotations

from django.db import migrations


def same_site(child: str, column: str, parent: str) -> migrations.RunSQL:
    """Operation: ``child (site_id, column)`` references ``parent (site_id, id)``.

    The parent table needs a unique constraint over (site_id, id). A NULL column is not checked.
    """
    name = f"{child}_{column}_same_site"
    return migrations.RunSQL(
        f"""
        ALTER TABLE {child} ADD CONSTRAINT {name}
        FOREIGN KEY (site_id, {column}) REFERENCES {parent} (site_id, id)
        DEFERRABLE INITIALLY DEFERRED;
        """,
        f"ALTER TABLE {child} DROP CONSTRAINT {name};",
    )
