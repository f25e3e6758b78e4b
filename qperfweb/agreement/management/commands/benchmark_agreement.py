"""How long the agreement page takes over a large cohort: manage.py benchmark_agreement [--json]

Wants an empty, migrated database of its own (``./run benchmark --only agreement_p95_ms`` makes one
and throws it away). Seeds signed readings with 16 segments each, then asks the API what the page
asks, through the whole request path. ``--plans`` prints how PostgreSQL finds the rows.
"""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from qperfweb.accounts.models import Membership, Site, User
from qperfweb.core.permissions import Role
from qperfweb.core.processor_time import processor_s
from qperfweb.core.rls import site_scope

STUDIES = 100_000
STUDIES_PER_PATIENT = 4
TARGET_MS = 2000.0
ROUNDS = 3

QUESTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"measure": "mpr"},
    {"scope": "global"},
    {"subset": "edited"},
    {"subset": "scratch"},
    {"segment": 7},
    {"manufacturer": "SIEMENS"},
    {"signed_from": "2026-01-01"},
    {"comparison": "readers"},
)
"""What an auditor asks: the first view, each kind of filter, each comparison."""


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--studies", type=int, default=STUDIES)
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--plans", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if Site.objects.exists():
            raise CommandError(
                "This database holds sites: benchmarks fill a database, so give them an empty one "
                "(./run benchmark --only agreement_p95_ms does)."
            )
        begun = time.perf_counter()
        site, auditor = seed(options["studies"])
        seeded = time.perf_counter() - begun
        with override_settings(ALLOWED_HOSTS=["*"]):
            found = measure(auditor) | {"studies": options["studies"], "seed_s": seeded}
            if options["json"]:
                self.stdout.write(json.dumps({"rows": [found]}))
                return
            if options["plans"]:
                self.stdout.write(plans(site, auditor))
        for question in found["questions"]:
            self.stdout.write(
                f"{question['median_ms']:8.1f} ms, processors {question['processor_ms']:6.0f} ms, "
                f"{question['answer_kib']:5.0f} KiB  "
                f"{question['asked'] or 'first view'}"
            )
        self.stdout.write(
            f"agreement_p95_ms {found['value']:.0f} ms over {found['studies']} studies with "
            f"{16 * found['studies']} segments (seeded in {seeded:.0f} s; "
            f"target {TARGET_MS:.0f} ms)"
        )


def seed(studies: int) -> tuple[Site, User]:
    """The cohort of seed.sql and somebody who may look at it."""
    site = Site.objects.create(slug="benchmark-agreement", name="Benchmark")
    auditor = User.objects.create_user("benchmark-agreement", full_name="Benchmark")
    Membership.objects.create(user=auditor, site=site, role=Role.AUDITOR)
    values = {
        "studies": studies, "per_patient": STUDIES_PER_PATIENT, "site": site.pk,
        "reader": auditor.pk,
    }  # fmt: skip
    script = Path(__file__).with_name("seed.sql").read_text(encoding="utf-8")
    # As the owner: neither web nor worker may write both runs and readings.
    with psycopg.connect(settings.DATABASE_URLS["owner"], autocommit=True) as owner:
        owner.execute("SELECT set_config('qperf.sites', %s, false)", [str(site.pk)])
        for statement in filter(str.strip, script.split(";\n")):
            owner.execute(statement, values)
        # The planner must know the rows, as autovacuum sees to in a database that lives.
        owner.execute("ANALYZE")
    return site, auditor


def plans(site: Site, auditor: User) -> str:
    """How PostgreSQL finds the rows of the first view: EXPLAIN of each query of more than a ms."""
    client = _signed_in(auditor)
    with CaptureQueriesContext(connection) as asked:
        client.get("/api/agreement/")
    told = []
    with site_scope([site.pk]), connection.cursor() as cursor:
        for query in asked.captured_queries:
            if float(query["time"]) > 0.001 and query["sql"].startswith("SELECT"):
                cursor.execute("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) " + query["sql"])
                told += [query["sql"][:300], *(row[0] for row in cursor.fetchall()), ""]
    return "\n".join(told)


def _signed_in(auditor: User) -> Client:
    client = Client()
    client.force_login(auditor, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def measure(auditor: User) -> dict[str, Any]:
    """The benchmark's row, with each question."""
    client = _signed_in(auditor)
    questions, all_ms = [], []
    for asked in QUESTIONS:
        times, length, spent = [], 0, processor_s()
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            answer = client.get("/api/agreement/", asked)
            times.append((time.perf_counter() - begun) * 1000)
            length = len(answer.content)
            if answer.status_code != 200:
                raise CommandError(f"agreement answered {answer.status_code} to {asked}")
        all_ms += times
        questions.append(
            {
                "asked": asked,
                "median_ms": sorted(times)[ROUNDS // 2],
                "processor_ms": (processor_s() - spent) * 1000 / ROUNDS,
                "answer_kib": length / 1024,
            }
        )
    value = sorted(all_ms)[int(0.95 * (len(all_ms) - 1))]
    return {
        "name": "agreement_p95_ms", "value": value, "unit": "ms", "reference": "target",
        "reference_value": TARGET_MS, "ratio": value / TARGET_MS, "questions": questions,
    }  # fmt: skip
