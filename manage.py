#!/usr/bin/env python3
"""Django's command line. ``./run manage ...`` calls it with the database of this installation."""

import os
import sys

OWNER_COMMANDS = {
    "makemigrations",
    "migrate",
    "optimizemigration",
    "showmigrations",
    "sqlmigrate",
    "squashmigrations",
}
"""Only these connect as the owner of the tables."""

WORKER_COMMANDS = {"run_worker", "procrastinate", "self_test"}


def database_login(arguments: list[str]) -> str:
    """The login that a command needs: owner, worker or web."""
    command = arguments[1] if len(arguments) > 1 else ""
    if command in OWNER_COMMANDS:
        return "owner"
    return "worker" if command in WORKER_COMMANDS else "web"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qperfweb.settings")
    os.environ.setdefault("QPERF_DATABASE_LOGIN", database_login(sys.argv))
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
