"""``import_dicom --site SLUG PATH...``: take folders, files and zips into a site."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analysis.dicom.reading import walk
from qperfweb.accounts.models import Site
from qperfweb.core import audit
from qperfweb.core.errors import UserError
from qperfweb.core.rls import site_scope
from qperfweb.studies.intake import batch_begin, batch_finish, receive
from qperfweb.studies.models import IntakeBatch, IntakeSource
from qperfweb.studies.outcomes import Outcome


class Command(BaseCommand):
    """Import DICOM from folders, files and zips; what cannot be used is listed with its reason."""

    help = (
        "Import DICOM from folders, files and zips into a site. What cannot be used is listed with "
        "its reason; the rest is kept. Exit code 1 when nothing at all could be used."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", type=Path)
        parser.add_argument("--site", metavar="SLUG", help="the site; not needed if there is one")
        parser.add_argument("--quiet", action="store_true", help="no progress, only the report")

    def handle(self, *args: Any, **options: Any) -> None:
        site = _site(options["site"])
        missing = [str(path) for path in options["paths"] if not path.exists()]
        if missing:
            raise CommandError(f"There is no file or folder {', '.join(missing)}.")
        with site_scope([site.pk]):
            batch = batch_begin(site, IntakeSource.COMMAND)
        try:
            counts, studies = self._receive(batch, options["paths"], quiet=options["quiet"])
        except UserError as error:
            raise CommandError(error.message) from error
        with site_scope([site.pk]):
            batch_finish(batch, studies)
            audit.record(None, "intake.received", batch, details=dict(counts))
        if not counts["accepted"] and not counts["duplicate"]:
            raise CommandError("Nothing could be imported; the reasons are listed above.")

    def _receive(
        self, batch: IntakeBatch, paths: list[Path], *, quiet: bool
    ) -> tuple[Counter[str], set[int]]:
        counts: Counter[str] = Counter()
        studies: set[int] = set()
        begun = time.monotonic()
        live = not quiet and sys.stderr.isatty()
        # One transaction and one scope per chunk: what has arrived stays, whatever comes later.
        chunks = receive(batch, walk(paths))
        while True:
            with site_scope([batch.site_id]):
                outcomes = next(chunks, None)
            if outcomes is None:
                break
            for outcome in outcomes:
                counts[outcome.status] += 1
                if outcome.status == "accepted" and outcome.study_id:
                    studies.add(outcome.study_id)
                self._report(outcome)
            if live:
                rate = sum(counts.values()) / (time.monotonic() - begun)
                self.stderr.write(f"\r{_summary(counts)}, {rate:.0f} objects/s ", ending="")
        seconds = time.monotonic() - begun
        if live:
            self.stderr.write("")
        rate = sum(counts.values()) / max(seconds, 1e-6)
        self.stdout.write(f"{_summary(counts)} in {seconds:.1f} s ({rate:.0f} objects/s)")
        return counts, studies

    def _report(self, outcome: Outcome) -> None:
        if outcome.status in ("refused", "set_aside"):
            word = outcome.status.replace("_", " ")
            self.stderr.write(f"{word}: {outcome.name}: {outcome.message}")


def _site(slug: str | None) -> Site:
    if slug:
        site = Site.objects.filter(slug=slug).first()
        if site is None:
            known = ", ".join(Site.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no site {slug!r}; there are: {known}.")
        return site
    sites = list(Site.objects.all()[:2])
    if len(sites) != 1:
        raise CommandError("Say which site with --site SLUG.")
    return sites[0]


def _summary(counts: Counter[str]) -> str:
    parts = [f"{counts['accepted']} imported"]
    for status, words in (
        ("duplicate", "known already"),
        ("set_aside", "set aside"),
        ("refused", "refused"),
    ):
        if counts[status]:
            parts.append(f"{counts[status]} {words}")
    return ", ".join(parts)
