"""Make a site."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_slug

from qperfweb.accounts.services import site_ensure


class Command(BaseCommand):
    help = "Make a site: a short name for addresses and commands, and the name that people read."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="letters, digits and hyphens, e.g. north")
        parser.add_argument("name", help='e.g. "North Hospital"')

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            validate_slug(options["slug"])
        except ValidationError as error:
            raise CommandError(f"{options['slug']}: {error.messages[0]}") from error
        site = site_ensure(options["slug"], options["name"])
        self.stdout.write(f"{site.slug}: {site.name}")
