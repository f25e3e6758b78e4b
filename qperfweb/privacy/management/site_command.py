"""What commands about one site have in common."""

from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from qperfweb.accounts.models import Site


class SiteCommand(BaseCommand):
    """A command whose first argument is the short name of a site."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("site", metavar="SLUG")

    def site(self, slug: str) -> Site:
        """Raises CommandError where there is no such site."""
        found = Site.objects.filter(slug=slug).first()
        if found is None:
            raise CommandError(f"there is no site {slug}")
        return found
