"""The trail on its way to a log server: framed, complete, and never lost."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager

import pytest

from qperfweb.core import audit
from qperfweb.core.checks import check_trail_sink
from qperfweb.core.models import TrailShipment
from qperfweb.core.rls import site_scope
from qperfweb.core.seal import seal_trail
from qperfweb.core.sink import ship_trail, sink_of
from qperfweb.core.tasks import ship_trail as ship_trail_task


@contextmanager
def log_server():
    """A TCP log server; ``.received`` holds its messages after the block."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = threading.Thread(target=_take, args=(server,), daemon=True)
        taken.received = b""
        taken.port = server.getsockname()[1]
        taken.start()
        yield taken
        taken.join(5)


def _take(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        while piece := connection.recv(65536):
            threading.current_thread().received += piece


def unframed(stream: bytes) -> list[str]:
    """Octet counting (RFC 6587): length, space, message."""
    found = []
    while stream:
        length, _, rest = stream.partition(b" ")
        found.append(rest[: int(length)].decode())
        stream = rest[int(length) :]
    return found


@pytest.fixture
def sealed(site, other_site, as_worker):
    with site_scope([site.pk, other_site.pk]):
        audit.record(None, "study.viewed", site=site, details={"n": 1}, reason="größer\nzwei")
        audit.record(None, "study.viewed", site=other_site)
        audit.record(None, "person.signed_in")
    with as_worker():
        seal_trail()
    return site


def shipped(settings, as_worker, form="json") -> list[str]:
    settings.TRAIL_SINK_FORMAT = form
    with log_server() as server:
        settings.TRAIL_SINK = f"tcp://127.0.0.1:{server.port}"
        with as_worker():
            ship_trail()
    return unframed(server.received)


def test_every_sealed_event_is_sent_once_as_json_in_syslog(sealed, settings, as_worker):
    lines = shipped(settings, as_worker)
    assert len(lines) == 3
    assert all(
        line.startswith("<85>1 20") and " qperfweb - trail - \ufeff{" in line for line in lines
    )
    events = [json.loads(line.partition("\ufeff")[2]) for line in lines]
    assert [event["site"] for event in events] == [None, "north", "south"]
    assert events[1]["reason"] == "größer\nzwei"
    assert "\n" not in lines[1]
    assert shipped(settings, as_worker) == []


def test_the_same_as_dicom_audit_messages(sealed, settings, as_worker):
    lines = shipped(settings, as_worker, form="dicom")
    assert len(lines) == 3
    assert all("DICOM+RFC3881" in line and "<AuditMessage>" in line for line in lines)


def test_a_log_server_that_is_down_costs_no_event(sealed, settings, as_worker, caplog):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings.TRAIL_SINK = f"tcp://127.0.0.1:{port}"
    with as_worker():
        ship_trail_task(timestamp=0)
    assert "the log server of the trail cannot be reached" in caplog.text
    assert not TrailShipment.objects.filter(number__gt=0).exists()
    assert len(shipped(settings, as_worker)) == 3


def test_datagrams_reach_a_log_server_too(sealed, settings, as_worker):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        settings.TRAIL_SINK = f"udp://127.0.0.1:{server.getsockname()[1]}"
        with as_worker():
            assert ship_trail() == 3
        assert server.recv(65536).startswith(b"<85>1 ")


def test_nothing_is_sent_where_no_log_server_is_named(sealed, as_worker):
    with as_worker():
        assert ship_trail() == 0


@pytest.mark.parametrize(
    ("address", "form"), [("log.example", "json"), ("ftp://log", "json"), ("tls://log", "xml")]
)
def test_a_wrong_setting_is_found_at_start_up(address, form, settings):
    with pytest.raises(ValueError, match="QPERF_TRAIL_SINK"):
        sink_of(address, form)
    settings.TRAIL_SINK, settings.TRAIL_SINK_FORMAT = address, form
    assert [error.id for error in check_trail_sink(None)] == ["qperf.E008"]
