"""Figures for Prometheus, in its text format: what waits, how long stages take, what fails, disk.

Counts over all sites; nothing here says anything about a patient or a site.
"""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from qperfweb.accounts.models import Site
from qperfweb.core.errors import error_body, error_response
from qperfweb.core.rls import site_scope

from . import status

Sample = tuple[Mapping[str, str], float]

_OPEN_RUNS = """
    SELECT state, count(*), coalesce(extract(epoch FROM now() - min(queued_at)), 0)
    FROM runs_analysisrun WHERE state IN ('queued', 'running') GROUP BY state
"""
_ENDED_RUNS = """
    SELECT state, failure_code, count(*) FROM runs_analysisrun
    WHERE finished_at > now() - interval '1 hour' GROUP BY state, failure_code
"""
_WHOLE_RUNS = """
    SELECT percentile_cont(array[0.5, 0.95])
           WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - queued_at))
    FROM runs_analysisrun WHERE state = 'succeeded' AND finished_at > now() - interval '1 day'
"""
_STUDIES = "SELECT state, count(*) FROM studies_study GROUP BY state"


@require_safe
def metrics_page(request: HttpRequest) -> HttpResponse:
    """For a scraper on this machine, or one that knows QPERF_METRICS_TOKEN as its password."""
    if not _may_look(request):
        return error_response(
            request, 403, error_body("not_allowed", "Metrics are not for this address.")
        )
    with site_scope(Site.objects.values_list("pk", flat=True)):
        lines = list(_lines())
    kind = "text/plain; version=0.0.4; charset=utf-8"
    return HttpResponse("\n".join(lines) + "\n", content_type=kind)


def _may_look(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        try:
            password = base64.b64decode(given).decode().partition(":")[2]
        except ValueError:
            return False
        return scheme.lower() == "basic" and hmac.compare_digest(password, settings.METRICS_TOKEN)
    # A proxy on this machine passes on requests from everywhere.
    forwarded = request.headers.get("X-Forwarded-For") or request.headers.get("Forwarded")
    return request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1") and not forwarded


def _lines() -> Iterator[str]:
    for name, help_text, samples in _figures():
        yield f"# HELP qperf_{name} {help_text}"
        yield f"# TYPE qperf_{name} gauge"
        for labels, value in samples:
            words = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
            yield f"qperf_{name}{{{words}}} {value:.10g}" if words else f"qperf_{name} {value:.10g}"


def _figures() -> Iterator[tuple[str, str, Iterable[Sample]]]:
    queues = status.queues()
    yield "jobs_waiting", "Jobs that wait, by queue.", _of(queues, "waiting")
    yield "jobs_running", "Jobs that are being done, by queue.", _of(queues, "running")
    yield "jobs_failed_day", "Jobs that failed in 24 hours, by queue.", _of(queues, "failed_today")
    open_runs = status.rows_of(_OPEN_RUNS)
    yield (
        "runs_open",
        "Analyses that wait or run.",
        [({"state": state}, number) for state, number, _ in open_runs],
    )
    yield (
        "runs_open_oldest_seconds",
        "Age of the oldest of them.",
        [({"state": state}, age) for state, _, age in open_runs],
    )
    yield (
        "runs_ended_hour",
        "Analyses that ended in the last hour, by state and reason.",
        [({"state": s, "reason": reason}, n) for s, reason, n in status.rows_of(_ENDED_RUNS)],
    )
    yield (
        "run_seconds",
        "Seconds from asked for to done, over 24 hours.",
        _quantiles({}, status.rows_of(_WHOLE_RUNS)[0][0]),
    )
    yield (
        "stage_seconds",
        "Seconds of each stage of an analysis, over 24 hours.",
        [
            sample
            for stage, *values in status.rows_of(status.STAGE_SECONDS)
            for sample in _quantiles({"stage": stage}, values)
        ],
    )
    yield (
        "studies",
        "Studies by where they stand.",
        [({"state": state}, number) for state, number in status.rows_of(_STUDIES)],
    )
    alive = sum(worker.alive for worker in status.workers())
    yield "worker_connections_alive", "Worker connections heard of in 40 s.", [({}, alive)]
    disk = status.disk()
    yield "disk_free_bytes", "Free space where the store lies.", [({}, disk["free_gib"] * 2**30)]
    yield "disk_used_ratio", "Used share of that disk.", [({}, disk["used_percent"] / 100)]
    size = status.rows_of("SELECT pg_database_size(current_database())")[0][0]
    yield "database_bytes", "Size of the database.", [({}, size)]
    test = status.last_self_test()
    passed = [({}, float(test.passed))] if test else []
    yield "self_test_passed", "Did the last self-test pass?", passed
    backup = status.last_backup()
    ages = [({}, time.time() - backup.at.timestamp())] if backup else []
    yield "backup_age_seconds", "Time since the last backup.", ages


def _of(queues: Iterable[status.Queue], field: str) -> list[Sample]:
    return [({"queue": queue.name}, getattr(queue, field)) for queue in queues]


def _quantiles(labels: Mapping[str, str], values: Any) -> list[Sample]:
    return [
        ({**labels, "quantile": quantile}, float(value))
        for quantile, value in zip(("0.5", "0.95"), values or (), strict=False)
    ]


def _escaped(text: str) -> str:
    return json.dumps(text)[1:-1]
