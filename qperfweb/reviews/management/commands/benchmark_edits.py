"""Time contour edits through the whole of Django's stack, and leave nothing behind."""

from __future__ import annotations

import json
import time
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import ProgrammingError, transaction
from django.test import Client

from qperfweb.accounts.models import Membership, Site
from qperfweb.core.permissions import Role
from qperfweb.core.rls import site_scope
from qperfweb.runs.models import AnalysisRun, RunState

EDITS = 50
LIMIT_MS = 200.0
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class Command(BaseCommand):
    help = (
        "Measure the 95th percentile of 50 contour edits of the newest result (HTTP view, "
        "re-measuring, revision, answer; no network). Everything is rolled back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the row as JSON")
        parser.add_argument("--edits", type=int, default=EDITS, help=f"how many ({EDITS})")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sites = list(Site.objects.values_list("id", flat=True))
        except ProgrammingError as error:
            raise CommandError(
                "edit_p95_ms is left out: this installation's database has no tables yet; "
                "./run demo makes them, and something to edit."
            ) from error
        with site_scope(sites), transaction.atomic():
            times_ms = self._edit_often(options["edits"])
            transaction.set_rollback(True)
        p95 = sorted(times_ms)[round(0.95 * (len(times_ms) - 1))]
        row = {
            "name": "edit_p95_ms",
            "value": p95,
            "unit": "ms",
            "reference": "limit of the design",
            "reference_value": LIMIT_MS,
            "ratio": p95 / LIMIT_MS,
        }
        if options["json"]:
            self.stdout.write(json.dumps({"rows": [row]}))
        else:
            self.stdout.write(
                f"edit_p95_ms {p95:.0f} ms over {len(times_ms)} edits (limit {LIMIT_MS:g})"
            )

    def _edit_often(self, edits: int) -> list[float]:
        run, slice_key, contours = _something_to_edit()
        client = _reader_at(run.site_id)
        opened = _post(client, f"/api/studies/{run.study_id}/readings/", {})
        reading = opened["reading"]
        times_ms = []
        for number in range(edits + 1):
            body = {
                "kind": "contour",
                "slice": slice_key,
                "contours": _scaled(contours, 1 + 0.0008 * (number + 1) * (-1) ** number),
                "base_revision": reading["revision"],
            }
            begun = time.perf_counter()
            reading = _post(client, f"/api/readings/{reading['id']}/edits/", body)["reading"]
            times_ms.append(1000 * (time.perf_counter() - begun))
        # The first edit opens the arrays; a reader meets that once per study.
        return times_ms[1:]


def _something_to_edit() -> tuple[AnalysisRun, str, dict[str, Any]]:
    """The newest result that is nobody's signed reading, one of its slices, its contours."""
    runs = AnalysisRun.objects.filter(state=RunState.SUCCEEDED).exclude(readings__state="signed")
    for run in runs.order_by("-id"):
        newest = run.study.runs.filter(state=RunState.SUCCEEDED).order_by("-id").first()
        for acquisition in (run.document or {})["acquisitions"] if newest == run else ():
            for piece in acquisition["slices"]:
                if piece["contours"]:
                    return run, piece["key"], piece["contours"]
    raise CommandError("There is no unsigned result to edit: import an exam or run the demo first.")


def _reader_at(site_id: int) -> Client:
    user = get_user_model().objects.create_user("benchmark-reader", password=None)
    Membership.objects.create(user=user, site_id=site_id, role=Role.READER)
    client = Client(SERVER_NAME="localhost")
    client.force_login(user, backend=BACKEND)
    return client


def _post(client: Client, url: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(url, body, content_type="application/json")
    if answer.status_code != 200:
        raise CommandError(f"{url} answered {answer.status_code}.")
    found: dict[str, Any] = answer.json()
    return found


def _scaled(contours: dict[str, Any], factor: float) -> dict[str, Any]:
    """The outer contour a little larger or smaller: every edit is one that was never measured."""
    row, column = contours["lv_centre_rc"]
    moved = [
        [row + (r - row) * factor, column + (c - column) * factor] for r, c in contours["epi_rc"]
    ]
    return {**contours, "epi_rc": moved}
