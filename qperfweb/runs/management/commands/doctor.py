"""Hold rows and files against each other; mend what a crash or a lost disk left behind."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from qperfweb.accounts.models import Site
from qperfweb.core import audit
from qperfweb.core.errors import UserError
from qperfweb.core.rls import site_scope
from qperfweb.runs import doctor


class Command(BaseCommand):
    help = (
        "Find files without rows, rows without files, half-done files and runs that nobody works "
        "on. Only says what it would do; --mend does it. Exit code 1 while something needs a "
        "person or was not mended."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--mend", action="store_true", help="do what it says")
        parser.add_argument(
            "--verify", action="store_true", help="read every file and check its hash, too"
        )
        parser.add_argument(
            "--from", dest="source", type=Path, help="a store folder to bring files back from"
        )
        parser.add_argument(
            "--minutes",
            type=float,
            default=60.0,
            help="leave younger files alone: they may be under way (60)",
        )
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        source = options["source"]
        if source and not source.is_dir():
            raise CommandError(f"--from: there is no folder {source}")
        with site_scope(Site.objects.values_list("pk", flat=True)):
            found = list(
                doctor.examine(
                    age_s=60 * options["minutes"], verify=options["verify"], source=source
                )
            )
        told = [self._treat(finding, options) for finding in found]
        if options["json"]:
            self.stdout.write(json.dumps({"findings": told}))
        elif not found:
            self.stdout.write("Rows and files fit; nothing is stuck.")
        if options["mend"] and found:
            audit.record(None, "doctor.mended", details=dict(Counter(f.kind for f in found)))
        left = sum(not one["mended"] for one in told)
        if left:
            verb = (
                "could not be mended" if options["mend"] else "found; --mend puts right what it can"
            )
            raise CommandError(f"{left} of {len(told)} {verb}.")

    def _treat(self, finding: doctor.Finding, options: dict[str, Any]) -> dict[str, Any]:
        mended, problem = False, ""
        if options["mend"] and finding.mend is not None:
            try:
                with site_scope(Site.objects.values_list("pk", flat=True)):
                    finding.mend()
                mended = True
            except (UserError, OSError) as error:
                problem = str(error)
        if not options["json"]:
            state = "mended" if mended else "would" if finding.mend else "PERSON"
            self.stdout.write(f"{state:6} {finding.kind}: {finding.what}: {finding.remedy}")
            if problem:
                self.stdout.write(f"       that failed: {problem}")
        return {
            "kind": finding.kind,
            "what": finding.what,
            "remedy": finding.remedy,
            "can_be_mended": finding.mend is not None,
            "harmless": finding.kind in doctor.HARMLESS,
            "mended": mended,
        }
