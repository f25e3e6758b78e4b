"""Does the database fit the code: which migrations are missing, which are from a newer release."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

Name = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class SchemaState:
    """``missing``: known to the code, not applied. ``unknown``: applied, not known to the code."""

    missing: tuple[Name, ...]
    unknown: tuple[Name, ...]

    @property
    def fits(self) -> bool:
        return not self.missing and not self.unknown

    @property
    def problem(self) -> str:
        """One line for whoever has to mend it; empty when there is nothing to mend."""
        if self.unknown:
            newest = ".".join(self.unknown[-1])
            return (
                f"the database belongs to a newer release (it has {newest}, which this code does "
                "not know): install that release or restore a backup of this one"
            )
        if self.missing:
            count = len(self.missing)
            return f"the database needs {count} migration(s): ./run manage migrate"
        return ""


def schema_state() -> SchemaState:
    """Compare the database's applied migrations with those of the code."""
    known = _migrations_of_the_code()
    applied = set(MigrationRecorder(connection).applied_migrations())
    return SchemaState(
        missing=tuple(sorted(known - applied)), unknown=tuple(sorted(applied - known))
    )


def refuse_a_newer_database(**signal_arguments: Any) -> None:
    """Before migrating: an older release must not touch what a newer one made."""
    state = schema_state()
    if state.unknown:
        raise CommandError(state.problem)


@lru_cache(maxsize=1)
def _migrations_of_the_code() -> frozenset[Name]:
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
