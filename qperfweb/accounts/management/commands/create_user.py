"""Make a person, or give one another password or role."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from qperfweb.accounts.models import Site
from qperfweb.accounts.services import member_ensure, person_ensure
from qperfweb.core.errors import Invalid
from qperfweb.core.permissions import Role


class Command(BaseCommand):
    help = "Make a person. The password is asked for, or read from standard input in a pipe."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--full-name", default="")
        parser.add_argument("--email", default="")
        parser.add_argument("--site", action="append", default=[], help="slug; may be repeated")
        parser.add_argument("--role", choices=Role.values, help="role at the sites")
        parser.add_argument(
            "--administrator", action="store_true", help="system administrator, no patient data"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["site"]) != bool(options["role"]):
            raise CommandError("--site and --role belong together")
        sites = []
        for slug in options["site"]:
            site = Site.objects.filter(slug=slug).first()
            if site is None:
                raise CommandError(f"there is no site {slug}: ./run manage create_site")
            sites.append(site)
        try:
            user = person_ensure(
                options["username"],
                _password(),
                full_name=options["full_name"],
                email=options["email"],
                is_system_administrator=options["administrator"],
            )
        except Invalid as error:
            raise CommandError(error.message) from error
        for site in sites:
            member_ensure(user, site, Role(options["role"]))
        self.stdout.write(f"{user.username} can sign in")


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Again: "):
        raise CommandError("the two passwords differ")
    return password
