"""Where results are sent, and how they get there."""

from __future__ import annotations

import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from .models import ResultObject
from .multipart import new_boundary, write_parts
from .pixels import EXPLICIT_LITTLE

PATIENCE_S = 60


class NotDelivered(Exception):
    """The destination did not take everything; the text says why, and names no patient."""


@dataclass(frozen=True, kw_only=True)
class Destination:
    """address: dicom://AET@host:port, or http(s) of a DICOMweb service (password = token)."""

    site: str
    name: str
    address: str

    def send(self, objects: Sequence[tuple[ResultObject, Any]], *, calling: str) -> None:
        """Send (row, path) pairs. Raises NotDelivered."""
        try:
            if self.address.startswith("dicom://"):
                _c_store(self.address, objects, calling)
            else:
                _stow(self.address, objects)
        except OSError as error:
            raise NotDelivered(f"{type(error).__name__}: {error}"[:300]) from error


def parse_destinations(entries: Iterable[str]) -> list[Destination]:
    """Destinations from ``site/NAME=address``. Raises ImproperlyConfigured."""
    found: list[Destination] = []
    for entry in entries:
        match = re.fullmatch(r"([-\w]+)/([-\w]{1,40})=((?:dicom|https?)://.+)", entry.strip())
        parts = urlsplit(match.group(3)) if match else None
        complete = parts is not None and parts.hostname
        if parts is not None and parts.scheme == "dicom":
            complete = complete and parts.username and _port(parts)
        if match is None or not complete:
            name = entry.partition("=")[0]  # the address may hold a token
            raise ImproperlyConfigured(
                f"QPERF_DICOM_DESTINATIONS: {name!r} is not site/NAME=dicom://AET@host:port "
                "or site/NAME=https://..."
            )
        site, name, address = match.groups()
        if any((d.site, d.name) == (site, name) for d in found):
            raise ImproperlyConfigured(f"QPERF_DICOM_DESTINATIONS names {site}/{name} twice")
        found.append(Destination(site=site, name=name, address=address))
    return found


def _port(parts: Any) -> int | None:
    try:
        port: int | None = parts.port
    except ValueError:
        return None
    return port


def _c_store(address: str, objects: Sequence[tuple[ResultObject, Any]], calling: str) -> None:
    from pynetdicom import AE, evt  # the web server, which knows destinations, needs none of it

    parts = urlsplit(address)
    ae = AE(ae_title=calling)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ae.connection_timeout = PATIENCE_S
    for sop_class in sorted({row.sop_class_uid for row, _ in objects}):
        ae.add_requested_context(sop_class, EXPLICIT_LITTLE)
    association = ae.associate(
        parts.hostname,
        parts.port,
        ae_title=str(parts.username),
        evt_handlers=[(evt.EVT_CONN_OPEN, _send_at_once)],
    )
    if not association.is_established:
        reason = "refused the association" if association.is_rejected else "does not answer"
        raise NotDelivered(f"{parts.hostname}:{parts.port} {reason}")
    try:
        for row, path in objects:
            try:
                status = association.send_c_store(path).get("Status")
            except (ValueError, RuntimeError) as error:
                raise NotDelivered(f"{row.sop_class_uid}: {error}"[:300]) from error
            # 0000 is success, Bxxx a warning with the object kept.
            if status is None or (status != 0x0000 and status >> 12 != 0xB):
                shown = "no answer" if status is None else f"status {status:04X}"
                raise NotDelivered(f"{row.modality} {row.sop_instance_uid}: {shown}")
    finally:
        association.release()


def _send_at_once(event: Any) -> None:
    event.assoc.dul.socket.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _stow(address: str, objects: Sequence[tuple[ResultObject, Any]]) -> None:
    parts = urlsplit(address)
    host = parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"
    boundary = new_boundary()
    body = b"".join(
        write_parts((("application/dicom", [path.read_bytes()]) for _, path in objects), boundary)
    )
    headers = {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
        "Accept": "application/dicom+json",
    }
    if parts.password:
        headers["Authorization"] = f"Bearer {parts.password}"
    request = urllib.request.Request(
        f"{parts.scheme}://{host}{parts.path.rstrip('/')}/studies", data=body, headers=headers
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        status = error.code
        error.close()
    if status != 200:
        raise NotDelivered(f"{host} answered {status}")
