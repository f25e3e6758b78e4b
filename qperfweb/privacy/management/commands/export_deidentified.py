"""``export_deidentified --out FOLDER STUDY...``: studies without identity, one zip each."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from qperfweb.accounts.models import Site
from qperfweb.core.errors import UserError
from qperfweb.core.rls import site_scope
from qperfweb.privacy.taking_out import write_deidentified
from qperfweb.studies.models import Study


class Command(BaseCommand):
    help = (
        "Write studies without the patients' identity (DICOM PS3.15 Annex E), one zip each, named "
        "by pseudonym. What could not be cleaned is left out and listed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("studies", nargs="+", type=int, metavar="STUDY")
        parser.add_argument("--out", required=True, type=Path, metavar="FOLDER")
        parser.add_argument(
            "--with-pictures",
            action="store_true",
            help="take secondary captures and documents along, after somebody looked at them",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        options["out"].mkdir(parents=True, exist_ok=True, mode=0o700)
        found = 0
        for site in Site.objects.order_by("id"):
            with site_scope([site.pk]):
                rows = Study.objects.select_related("patient").filter(
                    site=site, pk__in=options["studies"]
                )
                for study in rows:
                    found += 1
                    self._one(study, options["out"], with_pictures=options["with_pictures"])
        if found < len(set(options["studies"])):
            raise CommandError("Some of these studies do not exist.")

    def _one(self, study: Study, folder: Path, *, with_pictures: bool) -> None:
        part = folder / f"{study.pk}.part"
        try:
            with part.open("wb") as file:
                taken = write_deidentified(study, None, file, with_pictures=with_pictures)
        except UserError as error:
            raise CommandError(f"study {study.pk}: {error.message}") from error
        else:
            part.rename(folder / f"{taken.name}-{study.pk}.zip")
        finally:
            part.unlink(missing_ok=True)
        self.stdout.write(f"study {study.pk}: {taken.objects} objects as {taken.name}")
        for line in taken.left_out:
            self.stderr.write(f"left out {line}")
