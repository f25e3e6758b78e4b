"""The C-STORE and C-ECHO receiver.

Unknown callers are refused when they ask for an association, and the trail says so. What comes is
streamed to disk and answered once it is durable (spool.py).
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.db import DatabaseError, close_old_connections, transaction
from pynetdicom import AE, _config, evt
from pynetdicom.sop_class import Verification

from analysis.dicom.inspection import ENCAPSULATED, IMAGE_CLASSES, NATIVE
from analysis.dicom.values import clean
from qperfweb.accounts.models import Site
from qperfweb.core import audit

from .callers import Caller, caller_of
from .spool import Delivery

logger = logging.getLogger(__name__)
# It tells of every object; what came is in the trail and the delivery.
logging.getLogger("pynetdicom").setLevel(logging.WARNING)

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
MOST_ASSOCIATIONS = 16
IDLE_S = 120.0
PDU_BYTES = 256 * 1024
MOST_PDU_BYTES = 4 * PDU_BYTES
"""Who sends more in one piece than it was told to is cut off: a piece is held in memory."""

REFUSAL_NOTED_EVERY_S = 600.0
MOST_REFUSALS_KNOWN = 1000

_TRANSIENT, _BY_PRESENTATION, _CONGESTION = 0x02, 0x03, 0x01
_NOT_RECOGNISED = 0x03
_CALLED_NOT_RECOGNISED = 0x07


class Listener:
    """Receives for one AE title; ``start`` returns at once, ``stop`` waits for what has come."""

    def __init__(self, title: str, callers: Callable[[], Sequence[Caller]]) -> None:
        """callers: asked anew for every association."""
        self._title = title
        self._callers = callers
        self._refused: dict[tuple[str, str], float] = {}
        self._known: dict[Any, Caller] = {}
        self._deliveries: dict[Any, Delivery] = {}
        self._ended: list[Delivery] = []
        self._lock = threading.Lock()
        self._server: Any = None

    @property
    def port(self) -> int:
        return int(self._server.socket.getsockname()[1])

    def start(self, host: str, port: int) -> None:
        # Datasets go to a file as they arrive: the size of an object is not bound by memory.
        _config.STORE_RECV_CHUNKED_DATASET = True
        ae = AE(ae_title=self._title)
        ae.maximum_associations = MOST_ASSOCIATIONS
        ae.maximum_pdu_size = PDU_BYTES
        ae.network_timeout = IDLE_S
        ae.add_supported_context(Verification)
        for sop_class in IMAGE_CLASSES:
            ae.add_supported_context(sop_class, sorted(NATIVE | ENCAPSULATED))
        handlers = [
            (evt.EVT_CONN_OPEN, _prepare),
            (evt.EVT_DATA_RECV, _acknowledge_at_once),
            (evt.EVT_REQUESTED, self._requested),
            (evt.EVT_C_ECHO, lambda event: SUCCESS),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_RELEASED, self._released),
            (evt.EVT_ABORTED, self._broken),
            (evt.EVT_CONN_CLOSE, self._broken),
        ]
        self._server = ae.start_server((host, port), block=False, evt_handlers=handlers)

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
        with self._lock:
            waiting = [*self._deliveries.values(), *self._ended]
            for delivery in self._deliveries.values():
                delivery.end(complete=False)
            self._deliveries.clear()
        for delivery in waiting:
            delivery.wait(60)

    def _requested(self, event: Any) -> None:
        request, address = event.assoc.requestor.primitive, event.assoc.requestor.address
        if request.called_ae_title.strip() != self._title:
            self._refuse(event, _CALLED_NOT_RECOGNISED, "is not what we are called")
            return
        try:
            caller = caller_of(self._callers(), request.calling_ae_title, address)
        except DatabaseError:
            logger.exception("who may call could not be looked up")
            event.assoc.acse.send_reject(_TRANSIENT, _BY_PRESENTATION, _CONGESTION)
            event.assoc.kill()
            return
        finally:
            close_old_connections()
        if caller is None:
            self._refuse(event, _NOT_RECOGNISED, "is not known here")
        else:
            with self._lock:
                self._known[event.assoc] = caller

    def _refuse(self, event: Any, reason: int, words: str) -> None:
        request, address = event.assoc.requestor.primitive, event.assoc.requestor.address
        title = request.called_ae_title if reason == _CALLED_NOT_RECOGNISED else (
            request.calling_ae_title)  # fmt: skip
        logger.warning("association from %s refused: AE title %r %s", address, title, words)
        # Permanent, by the service user.
        event.assoc.acse.send_reject(0x01, 0x01, reason)
        event.assoc.kill()
        self._note_refusal(clean(title)[:16], str(address), words)

    def _note_refusal(self, title: str, address: str, words: str) -> None:
        """In the trail, once in a while for each caller: one that keeps trying must not fill it."""
        now = time.monotonic()
        with self._lock:
            last = self._refused.get((title, address))
            if last is not None and now - last < REFUSAL_NOTED_EVERY_S:
                return
            if len(self._refused) >= MOST_REFUSALS_KNOWN:
                self._refused.clear()
            self._refused[title, address] = now
        try:
            with transaction.atomic():
                details = {"title": title, "address": address, "why": words}
                audit.record(None, "association.refused", None, details=details)
        except DatabaseError:
            logger.exception("a refused association could not be written into the trail")
        finally:
            close_old_connections()

    def _store(self, event: Any) -> int:
        try:
            self._delivery(event.assoc).take(Path(event.dataset_path))
        except OSError:
            logger.exception("an object could not be kept")
            return OUT_OF_RESOURCES
        return SUCCESS

    def _delivery(self, association: Any) -> Delivery:
        """The delivery of an association, begun with its first object."""
        with self._lock:
            known = self._deliveries.get(association)
            if known is not None:
                return known
            caller = self._known[association]  # associations of unknown callers are refused
            try:
                site = Site.objects.get(slug=caller.site)
            finally:
                close_old_connections()
            self._deliveries[association] = made = Delivery(site, caller.title)
            return made

    def _released(self, event: Any) -> None:
        self._end(event.assoc, complete=True)

    def _broken(self, event: Any) -> None:
        self._end(event.assoc, complete=False)

    def _end(self, association: Any, *, complete: bool) -> None:
        _forget_half(association)
        with self._lock:
            self._known.pop(association, None)
            delivery = self._deliveries.pop(association, None)
            if delivery is not None:
                delivery.end(complete=complete)
                self._ended = [d for d in self._ended if d.alive] + [delivery]


def _forget_half(association: Any) -> None:
    """Remove the file of an object that broke off in the middle: pynetdicom leaves it."""
    half = getattr(association.dimse, "message", None)
    file = getattr(half, "_data_set_file", None)
    if file is not None:
        file.close()
        Path(file.name).unlink(missing_ok=True)


def _prepare(event: Any) -> None:
    """Bound what comes in one piece, and send answers at once.

    They are small: waiting to fill a packet makes each object cost 40 ms.
    """
    transport = event.assoc.dul.socket
    receive = transport.recv

    def bounded(count: int) -> bytearray:
        if count > MOST_PDU_BYTES:
            logger.warning("an association is cut off: a PDU of %d bytes", count)
            transport.socket.shutdown(socket.SHUT_RDWR)
            raise OSError("the PDU is too long")
        received: bytearray = receive(count)
        return received

    transport.recv = bounded
    transport.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _acknowledge_at_once(event)


def _acknowledge_at_once(event: Any) -> None:
    """A sender that fills its packets (storescu does) waits for this, 40 ms by default.

    Linux forgets the wish with time, so it is said again with every message.
    """
    transport = event.assoc.dul.socket
    if hasattr(socket, "TCP_QUICKACK") and transport is not None and transport.socket is not None:
        transport.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
