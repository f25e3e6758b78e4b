"""Send the trail to a log server as it grows: syslog (RFC 5424) with JSON or DICOM audit messages.

What was sealed is sent, seal by seal, and how far each chain has come is kept in the database: a
log server that does not answer costs no event, they follow when it answers again (at least once, so
an event may come twice). ``QPERF_TRAIL_SINK`` names it: ``udp://host:514``, ``tcp://host:601`` or
``tls://host:6514``; a stream frames its messages by their length (RFC 6587, RFC 5425).
"""

from __future__ import annotations

import json
import logging
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from qperfweb.core import atna
from qperfweb.core.models import TrailEvent, TrailShipment
from qperfweb.core.rls import site_scope
from qperfweb.core.seal import all_site_ids, seals_of

log = logging.getLogger(__name__)

PRIORITY = 85
"""Facility authpriv (10), severity notice (5): what PS3.15 A.6 asks for."""

MESSAGE_IDS = {"json": "trail", "dicom": "DICOM+RFC3881"}
TIMEOUT_S = 5.0
LARGEST_DATAGRAM = 65_000

Send = Callable[[bytes], None]


class Sink(NamedTuple):
    """Where the trail goes, and in which form."""

    transport: str
    host: str
    port: int
    form: str


class SinkError(ValueError):
    """QPERF_TRAIL_SINK is no address of a log server."""


def sink_of(address: str, form: str) -> Sink | None:
    """The sink that the settings name; None when they name none. Raises SinkError."""
    if not address:
        return None
    parts = urlsplit(address)
    usual = {"udp": 514, "tcp": 601, "tls": 6514}
    if parts.scheme not in usual or not parts.hostname:
        raise SinkError("QPERF_TRAIL_SINK is udp://host:port, tcp://host:port or tls://host:port")
    if form not in MESSAGE_IDS:
        raise SinkError("QPERF_TRAIL_SINK_FORMAT is json or dicom")
    return Sink(parts.scheme, parts.hostname, parts.port or usual[parts.scheme], form)


def ship_trail() -> int:
    """Send what was sealed since the last time; the number of events sent.

    Raises OSError when the log server cannot be reached; what was sent until then is noted.
    """
    sink = sink_of(settings.TRAIL_SINK, settings.TRAIL_SINK_FORMAT)
    if sink is None:
        return 0
    sent = 0
    sites = all_site_ids()
    with _connection(sink) as send:
        for site_id in (None, *sites):
            with site_scope(sites):
                sent += _ship_chain(sink, site_id, send)
    return sent


def _ship_chain(sink: Sink, site_id: int | None, send: Send) -> int:
    chain = "installation" if site_id is None else f"site {site_id}"
    with transaction.atomic():
        shipment, _ = TrailShipment.objects.get_or_create(chain=chain)
        # One worker at a time sends a chain; another finds its rows locked and waits.
        shipment = TrailShipment.objects.select_for_update().get(pk=shipment.pk)
        sent = 0
        seals = seals_of(site_id).filter(number__gt=shipment.number).order_by("number")
        try:
            for seal in seals.iterator(chunk_size=20):
                ids = [event_id for event_id, _ in seal.rows]
                rows = TrailEvent.objects.select_related("site").filter(pk__in=ids).order_by("id")
                for line in lines(rows, sink.form):
                    send(line)
                    sent += 1
                shipment.number = seal.number
        finally:
            shipment.save(update_fields=["number", "shipped_at"])
    return sent


def lines(events: Iterable[TrailEvent], form: str) -> Iterator[bytes]:
    """One syslog message per event."""
    rows = list(events)
    texts = atna.messages(rows) if form == "dicom" else map(_json, rows)
    host = socket.gethostname()[:255] or "-"
    for event, text in zip(rows, texts, strict=True):
        at = event.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        header = f"<{PRIORITY}>1 {at} {host} qperfweb - {MESSAGE_IDS[form]} - "
        yield header.encode() + b"\xef\xbb\xbf" + text.encode()


def _json(event: TrailEvent) -> str:
    """What an event says; ids only, as in the trail itself."""
    facts = {
        "id": event.pk,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "site": event.site.slug if event.site else None,
        "person": event.actor_name,
        "person_id": event.actor_id,
        "address": event.address,
        "action": event.action,
        "object_type": event.object_type,
        "object_id": event.object_id,
        "reason": event.reason,
        "details": event.details,
        "request_id": event.request_id,
    }
    return json.dumps(facts, sort_keys=True, separators=(",", ":"))


@contextmanager
def _connection(sink: Sink) -> Iterator[Send]:
    if sink.transport == "udp":
        family, kind, protocol, _, target = socket.getaddrinfo(
            sink.host, sink.port, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, protocol) as datagrams:
            datagrams.connect(target)
            yield lambda line: datagrams.sendall(line[:LARGEST_DATAGRAM])
        return
    with socket.create_connection((sink.host, sink.port), TIMEOUT_S) as plain:
        if sink.transport == "tcp":
            yield lambda line: plain.sendall(b"%d %s" % (len(line), line))
            return
        trusted = ssl.create_default_context(cafile=settings.TRAIL_SINK_CA or None)
        with trusted.wrap_socket(plain, server_hostname=sink.host) as secure:
            yield lambda line: secure.sendall(b"%d %s" % (len(line), line))
            # Closing over what the server sent and nobody read (its session tickets) would reset
            # the connection and lose the last events; the orderly end reads it.
            with suppress(OSError):
                secure.unwrap()
