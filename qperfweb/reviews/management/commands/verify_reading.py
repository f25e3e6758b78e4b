"""Is a signed reading still what was signed?"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from qperfweb.accounts.models import Site
from qperfweb.core.rls import site_scope
from qperfweb.reviews.models import Reading, ReadingState
from qperfweb.reviews.verify import verify_reading


class Command(BaseCommand):
    help = (
        "Recompute the hash of signed readings from contours, values, text, versions and stored "
        "arrays, and say what differs from what was signed. Without a number: all of them. Exit "
        "code 1 when something differs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reading", nargs="*", type=int, help="number of a signed reading")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted: list[int] = options["reading"]
        checked = damaged = 0
        seen = set()
        for reading in _signed(wanted):
            seen.add(reading.pk)
            checked += 1
            problems = verify_reading(reading)
            damaged += bool(problems)
            for problem in problems:
                self.stderr.write(f"reading {reading.pk}: {problem}")
            if wanted and not problems:
                self.stdout.write(_as_signed(reading))
        missing = sorted(set(wanted) - seen)
        if missing:
            names = ", ".join(map(str, missing))
            raise CommandError(f"There is no signed reading {names}.")
        self.stdout.write(f"checked: {checked} signed readings")
        if damaged:
            self.stderr.write(f"{damaged} of them are not what was signed")
            sys.exit(1)
        self.stdout.write("all of them are as they were signed")


def _signed(wanted: list[int]) -> Iterator[Reading]:
    for site in Site.objects.order_by("id"):
        with site_scope([site.pk]):
            # Marked signed, or with a signature: taking the mark away must not hide a reading.
            rows = Reading.objects.select_related("run", "study__patient").filter(site=site)
            if wanted:
                rows = rows.filter(pk__in=wanted)
            either = rows.filter(state=ReadingState.SIGNED) | rows.filter(signatures__isnull=False)
            yield from either.distinct().order_by("id")


def _as_signed(reading: Reading) -> str:
    words = [
        f"{s.signer_name}, {s.signed_at:%Y-%m-%d %H:%M:%S} UTC, {s.get_meaning_display()}, "
        f"confirmed by {s.authenticated_by}, sha256 {s.sha256}"
        for s in reading.signatures.order_by("id")
    ]
    return f"reading {reading.pk}: as signed by " + "; ".join(words)
