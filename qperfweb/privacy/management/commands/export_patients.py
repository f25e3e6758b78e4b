"""``export_patients SLUG --out FOLDER``: what is held about a site's patients, with identity."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from qperfweb.core.errors import UserError
from qperfweb.core.rls import site_scope
from qperfweb.privacy.copies import write_patient_copy
from qperfweb.privacy.management.site_command import SiteCommand
from qperfweb.studies.models import Patient


class Command(SiteCommand):
    help = (
        "Write everything that is held about the patients of a site, one zip each: identity, "
        "images, readings, reports, who looked. For a patient's right of access, or to move a "
        "site elsewhere. The zips name the patients: guard them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--out", required=True, type=Path, metavar="FOLDER")
        parser.add_argument("--reason", required=True, help="why, for the trail")
        parser.add_argument(
            "--patient", type=int, action="append", metavar="NUMBER", help="these patients alone"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        site = self.site(options["site"])
        folder: Path = options["out"]
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with site_scope([site.pk]):
            rows = Patient.objects.filter(site=site).select_related("identity").order_by("pk")
            if options["patient"]:
                rows = rows.filter(pk__in=options["patient"])
            patients = [patient for patient in rows if not patient.is_erased]
        if not patients:
            raise CommandError("there is no such patient at this site")
        for patient in patients:
            with site_scope([site.pk]):
                self._one(patient, folder, options["reason"])

    def _one(self, patient: Patient, folder: Path, reason: str) -> None:
        part = folder / f"patient-{patient.pk}.part"
        try:
            with part.open("wb") as file:
                images = write_patient_copy(patient, None, file, reason=reason)
            part.rename(folder / f"patient-{patient.pk}.zip")
        except UserError as error:
            raise CommandError(f"patient {patient.pk}: {error.message}") from error
        finally:
            part.unlink(missing_ok=True)
        self.stdout.write(f"patient {patient.pk}: {images} images")
