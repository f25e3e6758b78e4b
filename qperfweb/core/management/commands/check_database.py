"""Say in one line whether the database can be served: login, schema."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from qperfweb.core.logins import PrivilegedLogin
from qperfweb.core.schema import schema_state


class Command(BaseCommand):
    help = (
        "Exit with 0 when the database's login is bound by row-level security and its schema is "
        "that of this release; otherwise say what is wrong."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            state = schema_state()
        except PrivilegedLogin as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            reason = (str(error).strip().splitlines() or ["no answer"])[0]
            raise CommandError(f"the database cannot be used: {reason}") from error
        if not state.fits:
            raise CommandError(state.problem)
        self.stdout.write("the database fits")
