"""``erase_site SLUG``: what erasing every patient of a site takes away, and doing it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from qperfweb.accounts.models import Site
from qperfweb.core.rls import site_scope
from qperfweb.privacy.erasure import preview, site_erase
from qperfweb.privacy.management.site_command import SiteCommand
from qperfweb.studies.models import Patient


class Command(SiteCommand):
    help = (
        "Erase every patient of a site: identities, images, arrays, reports and what was set "
        "aside. Signed readings stay under pseudonyms that lead to nobody. Without --yes it says "
        "what would go."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--reason", default="", help="why, for the trail")
        parser.add_argument("--yes", action="store_true", help="do it; it cannot be taken back")

    def handle(self, *args: Any, **options: Any) -> None:
        site = self.site(options["site"])
        if not options["yes"]:
            self._say_what_would_go(site)
            return
        if not options["reason"].strip():
            raise CommandError("say why with --reason; it stands in the trail")
        done, left = site_erase(site, None, reason=options["reason"])
        self.stdout.write(f"{done} patients of {site.slug} were erased")
        for line in left:
            self.stderr.write(f"not erased: {line}")
        if left:
            raise CommandError("some patients are still there; run it again when nothing runs")

    def _say_what_would_go(self, site: Site) -> None:
        with site_scope([site.pk]):
            here = [one for one in Patient.objects.filter(site=site) if not one.is_erased]
            every = [preview(patient) for patient in here]
        self.stdout.write(
            f"{len(here)} patients, {sum(p.studies for p in every)} studies, "
            f"{sum(p.objects for p in every)} objects ({sum(p.megabytes for p in every)} MiB) and "
            f"the arrays of {sum(p.results for p in every)} results would go; "
            f"{sum(p.signed for p in every)} signed readings would stay under a pseudonym. "
            "Nothing was done; add --yes --reason TEXT to do it."
        )
