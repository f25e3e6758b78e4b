"""``retention [--remove]``: images that sites keep no longer, and removing them now."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from qperfweb.accounts.models import Site
from qperfweb.core.rls import site_scope
from qperfweb.privacy.retention import SOON, Due, images_due, retention_carry_out


class Command(BaseCommand):
    help = (
        "List the studies whose images are due by their sites' rules, now or within two weeks. The "
        "worker removes them every hour; --remove does it now."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--remove", action="store_true", help="remove what is due now")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["remove"]:
            for site, due in retention_carry_out():
                self._line("removed", site, due)
            return
        for site in Site.objects.order_by("pk"):
            with site_scope([site.pk]):
                for due in images_due(site.pk, within=SOON):
                    self._line(f"due {due.at:%Y-%m-%d}", site, due)

    def _line(self, what: str, site: Site, due: Due) -> None:
        self.stdout.write(
            f"{what}: {site.slug}, study {due.study.pk}, {due.objects} objects, {due.megabytes} MiB"
        )
