"""Write every segment of a cohort into one file for analysis elsewhere."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError

from qperfweb.accounts.models import Site
from qperfweb.core import audit
from qperfweb.core.rls import site_scope
from qperfweb.core.tables import write_csv, write_parquet
from qperfweb.runs.cohort_table import COLUMNS, cohort_rows


class Command(BaseCommand):
    help = (
        "Write one row per segment and condition, patients by pseudonym, as .parquet or .csv. The "
        "newest analysis of each study; --all-runs the older ones, too."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="ends with .parquet or .csv")
        parser.add_argument("--site", action="append", default=[], help="slug (every site)")
        parser.add_argument("--from", dest="taken_from", type=date.fromisoformat, metavar="DATE")
        parser.add_argument("--to", dest="taken_to", type=date.fromisoformat, metavar="DATE")
        parser.add_argument("--all-runs", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        write = {".parquet": write_parquet, ".csv": write_csv}.get(file.suffix)
        if write is None:
            raise CommandError(f"{file.name} ends neither with .parquet nor with .csv.")
        sites = dict(Site.objects.values_list("slug", "pk"))
        if unknown := set(options["site"]) - set(sites):
            raise CommandError(f"There is no site {sorted(unknown)[0]}.")
        chosen = [sites[slug] for slug in options["site"]] or list(sites.values())
        # Whoever sees the file's name sees the whole file: a broken one never carries it.
        unfinished = file.with_name(f".{file.name}.unfinished")
        try:
            with site_scope(chosen), open_private(unfinished) as target:
                rows = cohort_rows(
                    sites=chosen,
                    taken_from=options["taken_from"],
                    taken_to=options["taken_to"],
                    newest_only=not options["all_runs"],
                )
                write(COLUMNS, rows, target)
                audit.record(None, "cohort.exported", details={"sites": sorted(chosen)})
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)
        self.stdout.write(f"{file}: {file.stat().st_size / 2**20:.1f} MiB")


def open_private(file: Path) -> BinaryIO:
    """A new file that only its owner may read."""
    file.unlink(missing_ok=True)
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
