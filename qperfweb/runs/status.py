"""What an administrator sees of the installation: workers, queue, disk, models, self-test."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from .models import SelfTestResult

DISK_WARNING = 0.80


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
        for row in _rows(
            "SELECT id, last_heartbeat, last_heartbeat > now() - interval '40 seconds' "
            "FROM procrastinate_workers ORDER BY id"
        )
    ]


def queues() -> list[Queue]:
    """Jobs per queue. Queue tables hold no patient data and belong to no site."""
    return [
        Queue(name=row[0], waiting=row[1], running=row[2], failed_today=row[3])
        for row in _rows(
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


def last_self_test() -> SelfTestResult | None:
    return SelfTestResult.objects.order_by("-at").first()


def _rows(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
