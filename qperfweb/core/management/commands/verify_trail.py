"""Has anybody changed the trail?"""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from qperfweb.core.verify import verify_trail


class Command(BaseCommand):
    help = (
        "Check the trail against its seals and the anchor file. Names every event and seal that "
        "was changed, added or removed, the first one first, and the events that are not sealed "
        "yet. Exit code 1 when something was tampered with."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        found = verify_trail()
        if found.tail:
            ids = f"{found.tail[0]} to {found.tail[-1]}"
            self.stdout.write(f"not sealed yet: {len(found.tail)} events ({ids})")
        self.stdout.write(f"checked: {found.events} sealed events in {found.seals} seals")
        for problem in found.problems[:100]:
            self.stderr.write(problem)
        if found.problems:
            self.stderr.write(f"the trail was tampered with: {len(found.problems)} findings")
            sys.exit(1)
        self.stdout.write("the trail is whole")
