"""Prove this installation on simulated exams with known flow."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from qperfweb.core import audit
from qperfweb.runs.models import SelfTestResult


class Command(BaseCommand):
    help = (
        "Simulate exams with known flow, analyse them with the installed pipeline and compare. "
        "The result is kept and shown on the status page; exit code 1 when a limit is exceeded."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        from qperfweb.runs import bridge  # loads torch: only here, never in the web process

        result = bridge.self_test()
        row = SelfTestResult.objects.create(passed=result["passed"], document=result)
        audit.record(None, "self_test.run", row, details={"passed": row.passed})
        if options["json"]:
            self.stdout.write(json.dumps(result))
        else:
            self._print(result)
        if not result["passed"]:
            raise CommandError("The self-test failed; do not use this installation for reading.")

    def _print(self, result: dict[str, Any]) -> None:
        for check in result["checks"]:
            value = "missing" if check["value"] is None else f"{check['value']:.3f}"
            verdict = "ok" if check["passed"] else "FAILED"
            limit = f"limit {check['limit']:g} {check['unit']}"
            self.stdout.write(f"{verdict:6} {check['name']}: {value} ({limit})")
        self.stdout.write(
            f"pipeline {result['pipeline_version']}, simulator {result['generator_version']}, "
            f"{result['seconds']:.0f} s"
        )
