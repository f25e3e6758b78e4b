"""What an administrator sees of the installation: workers, queue, disk, models, self-test."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from qperfweb.accounts.models import Site
from qperfweb.core.rls import site_scope

from .models import SelfTestResult

DISK_WARNING = 0.80
BACKUP_WARNING = timedelta(days=2)

STAGE_SECONDS = """
    SELECT stage.key, percentile_cont(0.5) WITHIN GROUP (ORDER BY stage.value::float),
           percentile_cont(0.95) WITHIN GROUP (ORDER BY stage.value::float)
    FROM (SELECT timings_s FROM runs_analysisrun WHERE state = 'succeeded'
          AND finished_at > now() - interval '1 day' ORDER BY finished_at DESC LIMIT 500) run,
         jsonb_each_text(run.timings_s) stage
    GROUP BY stage.key ORDER BY stage.key
"""
"""Median and 95th percentile per stage, of the newest analyses of 24 hours."""


@dataclass(frozen=True, kw_only=True)
class Backup:
    """complete: no file was missing. with_files: objects and bundles too, not only rows."""

    at: datetime
    mebibytes: float
    with_files: bool
    complete: bool
    old: bool


@dataclass(frozen=True, kw_only=True)
class Worker:
    id: int
    last_heartbeat: datetime
    alive: bool


@dataclass(frozen=True, kw_only=True)
class Queue:
    name: str
    waiting: int
    running: int
    failed_today: int


def workers() -> list[Worker]:
    """Worker connections that the queue knows; each worker process holds two."""
    return [
        Worker(id=row[0], last_heartbeat=row[1], alive=row[2])
        for row in rows_of(
            "SELECT id, last_heartbeat, last_heartbeat > now() - interval '40 seconds' "
            "FROM procrastinate_workers ORDER BY id"
        )
    ]


def queues() -> list[Queue]:
    """Jobs per queue. Queue tables hold no patient data and belong to no site."""
    return [
        Queue(name=row[0], waiting=row[1], running=row[2], failed_today=row[3])
        for row in rows_of(
            "SELECT queue_name, count(*) FILTER (WHERE status = 'todo'), "
            "count(*) FILTER (WHERE status = 'doing'), "
            "count(*) FILTER (WHERE status = 'failed' AND scheduled_at > now() - interval '1 day') "
            "FROM procrastinate_jobs GROUP BY queue_name ORDER BY queue_name"
        )
    ]


def disk() -> dict[str, Any]:
    """Space where the store lies, and whether it is getting short."""
    settings.STORE_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    usage = shutil.disk_usage(settings.STORE_DIR)
    share = usage.used / usage.total
    return {
        "free_gib": usage.free / 2**30,
        "total_gib": usage.total / 2**30,
        "used_percent": 100 * share,
        "short": share > DISK_WARNING,
    }


def last_backup() -> Backup | None:
    """The last one that ./run backup made on this machine, wherever the file is now."""
    try:
        noted = json.loads((settings.STATE_DIR / "last-backup.json").read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    at = datetime.fromisoformat(noted["at"])
    return Backup(
        at=at,
        mebibytes=int(noted["bytes"]) / 2**20,
        with_files=noted["with_files"] == "True",
        complete=noted["complete"] == "True",
        old=timezone.now() - at > BACKUP_WARNING,
    )


def activity() -> dict[str, Any]:
    """Analyses of all sites in numbers: running now, ended within 24 hours, seconds per stage."""
    with site_scope(Site.objects.values_list("pk", flat=True)):
        return {
            "running": rows_of(
                "SELECT id, stage, progress * 100, attempt, "
                "extract(epoch FROM now() - heartbeat_at) "
                "FROM runs_analysisrun WHERE state = 'running' ORDER BY id"
            ),
            "ended": rows_of(
                "SELECT state, failure_code, count(*) FROM runs_analysisrun "
                "WHERE finished_at > now() - interval '1 day' "
                "GROUP BY state, failure_code ORDER BY count(*) DESC"
            ),
            "stages": rows_of(STAGE_SECONDS),
        }


def last_self_test() -> SelfTestResult | None:
    return SelfTestResult.objects.order_by("-at").first()


def rows_of(query: str) -> list[tuple[Any, ...]]:
    """Rows of one fixed statement; those of sites only inside their scope."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
