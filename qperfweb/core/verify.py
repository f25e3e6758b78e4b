"""Hold the trail against its seals and anchors, and say in words what does not fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection
from django.db.models import Q

from qperfweb.core.anchors import AnchorFile
from qperfweb.core.models import TrailEvent, TrailSeal
from qperfweb.core.rls import site_scope
from qperfweb.core.seal import LATE, all_site_ids, row_digest, seal_mac, seals_of

PROTECTED = ("core_trailevent", "core_trailseal")


@dataclass(kw_only=True)
class Verification:
    """problems: tampering, the first one first. tail: ids of events that wait for their seal."""

    problems: list[str] = field(default_factory=list)
    tail: list[int] = field(default_factory=list)
    events: int = 0
    seals: int = 0


def verify_trail() -> Verification:
    """Check every chain, the anchors, and that the tables are still protected."""
    found = Verification()
    anchors: dict[int | None, dict[int, str]] = defaultdict(dict)
    for anchor in AnchorFile(settings.TRAIL_ANCHORS).lines(found.problems):
        known = anchors[anchor.site_id].setdefault(anchor.number, anchor.mac)
        if known != anchor.mac:
            found.problems.append(
                f"{chain_name(anchor.site_id)}: the anchor file has two heads "
                f"for seal {anchor.number}"
            )
    found.problems += _protection_problems()
    sites = set(all_site_ids()) | {site_id for site_id in anchors if site_id is not None}
    with site_scope(sites):
        for site_id in (None, *sorted(sites)):
            _verify_chain(site_id, anchors[site_id], found)
    return found


def chain_name(site_id: int | None) -> str:
    return "installation" if site_id is None else f"site {site_id}"


def _verify_chain(site_id: int | None, anchors: dict[int, str], found: Verification) -> None:
    name = chain_name(site_id)
    sealed: set[int] = set()
    before: TrailSeal | None = None
    earlier: TrailSeal | None = None  # the last seal of an earlier sealing
    for seal in seals_of(site_id).order_by("number").iterator(chunk_size=100):
        found.seals += 1
        found.problems += _seal_problems(name, seal, before, anchors)
        if before and before.sealed_at != seal.sealed_at:
            earlier = before
        rows = [(int(event_id), digest) for event_id, digest in seal.rows]
        found.problems += _row_problems(name, seal, rows, earlier)
        sealed.update(event_id for event_id, _ in rows)
        before = seal
    found.events += len(sealed)
    last = before.number if before else 0
    for number in sorted(number for number in anchors if number > last):
        found.problems.append(
            f"{name}: seal {number} stands in the anchor file but not in the database: removed, "
            "or the database is an older backup"
        )
    for event in TrailEvent.objects.filter(Q(site_id=site_id)).order_by("id").iterator():
        if event.pk not in sealed:
            if before and event.at < before.sealed_at - LATE:
                found.problems.append(_added(name, event, before))
            else:
                found.tail.append(event.pk)


def _seal_problems(
    name: str, seal: TrailSeal, before: TrailSeal | None, anchors: dict[int, str]
) -> Iterator[str]:
    expected = before.number + 1 if before else 1
    if seal.number != expected:
        yield f"{name}: seal {expected} was removed"
    elif seal.previous != (before.mac if before else ""):
        yield f"{name}: seal {seal.number} does not continue the seal before it"
    if seal.mac != seal_mac(seal):
        yield f"{name}: seal {seal.number} was changed or made under another key"
    elif anchors.get(seal.number, seal.mac) != seal.mac:
        yield f"{name}: seal {seal.number} is not the one in the anchor file"


def _row_problems(
    name: str, seal: TrailSeal, rows: list[tuple[int, str]], earlier: TrailSeal | None
) -> Iterator[str]:
    events = TrailEvent.objects.in_bulk([event_id for event_id, _ in rows])
    where = f"(seal {seal.number}, {seal.sealed_at:%F %T} UTC)"
    for event_id, digest in rows:
        event = events.get(event_id)
        if event is None:
            yield f"{name}: event {event_id} was removed {where}"
        elif row_digest(event) != digest:
            yield f"{name}: event {event_id} was changed {where}"
        elif earlier and event.at < earlier.sealed_at - LATE:
            yield _added(name, event, earlier)


def _added(name: str, event: TrailEvent, seal: TrailSeal) -> str:
    return (
        f"{name}: event {event.pk} was added: it claims {event.at:%F %T} UTC, but was not there "
        f"when seal {seal.number} was made at {seal.sealed_at:%F %T} UTC"
    )


def _protection_problems() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT relname FROM pg_class JOIN pg_trigger ON tgrelid = pg_class.oid
            WHERE tgname = 'append_only' AND tgenabled = 'A' AND relforcerowsecurity
              AND relnamespace = 'public'::regnamespace
            """
        )
        guarded = {name for (name,) in cursor.fetchall()}
    return [
        f"{table}: its protection (trigger append_only, row-level security) is switched off"
        for table in PROTECTED
        if table not in guarded
    ]
