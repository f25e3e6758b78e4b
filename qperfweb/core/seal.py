"""Seal the trail: committed events are chained in batches, per site, under a key that PostgreSQL
never sees.

Events are inserted unchained, so that no request waits for another. Every few seconds
``seal_trail`` gathers what was committed since, in one batch per site (and one for the events of
the installation itself). A seal lists its events, each with a keyed digest, and carries an HMAC
over that list and over the seal before it. The head of each chain is also appended to the anchor
file and to the log. ``core/verify.py`` holds the database against both.

Who holds the key and can rewrite the anchors can rewrite the trail; docs/security.md says so.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from qperfweb.core.anchors import AnchorFile
from qperfweb.core.models import TrailEvent, TrailSeal
from qperfweb.core.rls import site_scope

log = logging.getLogger(__name__)

SCHEMA = "qperf-trail-1"
BATCH = 2000
LATE = timedelta(hours=1)
"""No transaction lasts this long: an event that claims to be older than a seal by more than this,
and is not in it, was not there when that seal was made."""

_ONE_SEALER = 0x7172_6C73  # an advisory lock: two workers must not continue one chain


def seal_trail() -> int:
    """Seal every committed event that no seal holds yet; the number of events sealed."""
    sites = all_site_ids()
    anchors = AnchorFile(settings.TRAIL_ANCHORS)
    sealed = 0
    with site_scope(sites), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_SEALER])
        for site_id in (None, *sites):
            sealed += _seal_site(site_id)
    if not sealed:
        return 0
    # After the commit: an anchor of a seal that was rolled back would look like tampering, while
    # a seal whose anchor is missing after a crash gets it here the next time.
    with site_scope(sites):
        heads = anchors.heads()
        for site_id in (None, *sites):
            seals = seals_of(site_id).filter(number__gt=heads.get(site_id, 0)).order_by("number")
            for seal in seals.iterator(chunk_size=500):
                anchors.append(site_id, seal.number, seal.mac)
                log.info("trail sealed: site %s number %d head %s", site_id, seal.number, seal.mac)
    return sealed


def all_site_ids() -> list[int]:
    """Every site. Sites live in accounts, which is above this package."""
    sites: Any = apps.get_model("accounts", "Site")
    return list(sites.objects.order_by("id").values_list("id", flat=True))


def unsealed(site_id: int | None) -> QuerySet[TrailEvent]:
    """Events of a chain that no seal holds, in the order of their ids."""
    recent: set[int] = set()
    floor = 0
    since = timezone.now() - LATE
    for rows, last_id, sealed_at in (
        seals_of(site_id).order_by("-number").values_list("rows", "last_id", "sealed_at")
    ):
        if sealed_at < since:
            floor = last_id
            break
        recent.update(event_id for event_id, _ in rows)
    # A transaction may commit after one that drew a higher id; below the floor nothing is late.
    events = TrailEvent.objects.filter(Q(site_id=site_id), id__gt=floor)
    return events.exclude(id__in=recent).order_by("id")


def seals_of(site_id: int | None) -> QuerySet[TrailSeal]:
    return TrailSeal.objects.filter(Q(site_id=site_id))


def row_digest(event: TrailEvent) -> str:
    """Keyed digest of everything that an event says."""
    # Events from before addresses were kept have none.
    address = {"address": event.address} if event.address else {}
    return _mac(
        address
        | {
            "id": event.pk,
            "site": event.site_id,
            "at": _moment(event.at),
            "actor": event.actor_id,
            "actor_name": event.actor_name,
            "action": event.action,
            "object_type": event.object_type,
            "object_id": event.object_id,
            "reason": event.reason,
            "details": event.details,
            "request_id": event.request_id,
        }
    )


def seal_mac(seal: TrailSeal) -> str:
    """HMAC over a seal: its place in the chain, the seal before it, and its list of events."""
    return _mac(
        {
            "site": seal.site_id,
            "number": seal.number,
            "previous": seal.previous,
            "sealed_at": _moment(seal.sealed_at),
            "last_id": seal.last_id,
            "rows": seal.rows,
        }
    )


def _seal_site(site_id: int | None) -> int:
    # One moment for all seals of this call: after an outage they hold events of many hours, which
    # must not look as if they had come after the first of them.
    now = timezone.now()
    head = seals_of(site_id).order_by("-number").first()
    sealed = 0
    for batch in _batches(unsealed(site_id).iterator(chunk_size=BATCH)):
        head = _next_seal(site_id, head, batch, now)
        sealed += len(batch)
    return sealed


def _batches(events: Iterator[TrailEvent]) -> Iterator[list[TrailEvent]]:
    while batch := list(islice(events, BATCH)):
        yield batch


def _next_seal(
    site_id: int | None, head: TrailSeal | None, events: Sequence[TrailEvent], now: datetime
) -> TrailSeal:
    rows = [[event.pk, row_digest(event)] for event in events]
    seal = TrailSeal(
        site_id=site_id,
        number=head.number + 1 if head else 1,
        previous=head.mac if head else "",
        sealed_at=now,
        last_id=max([event.pk for event in events] + ([head.last_id] if head else [])),
        rows=rows,
    )
    seal.mac = seal_mac(seal)
    with transaction.atomic():
        seal.save(force_insert=True)
    return seal


def _mac(content: dict[str, Any]) -> str:
    text = json.dumps({"schema": SCHEMA} | content, sort_keys=True, separators=(",", ":"))
    return hmac.new(settings.TRAIL_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
