"""Make an API token and print it: the only time that it can be read."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from qperfweb.accounts.models import ApiToken, Site, User
from qperfweb.accounts.tokens import create_token
from qperfweb.core.audit import record
from qperfweb.core.rls import site_scope


class Command(BaseCommand):
    help = "Print a new API token for a person at one site; send it as 'Authorization: Bearer ...'."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--site", help="slug; not needed when the person has one site only")
        parser.add_argument(
            "--scope",
            choices=ApiToken.Scope.values,
            default=ApiToken.Scope.ALL,
            help="read; send (and read); all that the person may do except signing (default)",
        )
        parser.add_argument("--days", type=int, default=90, help="how long it is valid (90)")
        parser.add_argument("--name", default="command line", help="what it is for")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username__iexact=options["username"], is_active=True).first()
        if user is None:
            raise CommandError(f"there is no active person {options['username']}")
        site = _site(user, options["site"])
        with site_scope([site.pk]):
            token = create_token(
                user,
                site,
                scope=options["scope"],
                name=options["name"],
                valid_for=timedelta(days=options["days"]),
            )
            details = {"scope": options["scope"], "days": options["days"]}
            record(None, "token.created", user, site=site, details=details)
        self.stdout.write(token)


def _site(user: User, slug: str | None) -> Site:
    sites = {site.slug: site for site in Site.objects.filter(memberships__user=user)}
    if slug is None and len(sites) == 1:
        return next(iter(sites.values()))
    if slug is None:
        belongs = ", ".join(sorted(sites)) or "no site"
        raise CommandError(f"{user.username} belongs to {belongs}: name one with --site")
    if slug not in sites:
        raise CommandError(f"{user.username} does not belong to a site {slug}")
    return sites[slug]
