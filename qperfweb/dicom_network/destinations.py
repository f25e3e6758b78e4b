"""Where results are sent, and how they get there."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from .guard import checked_address
from .http import PATIENCE_S, post
from .models import ResultObject
from .multipart import new_boundary, write_parts
from .transcoding import EXPLICIT_LITTLE

Objects = Sequence[tuple[ResultObject, Any]]


class NotDelivered(Exception):
    """The destination did not take everything; the text says why, and names no patient."""


@dataclass(frozen=True, kw_only=True)
class Destination:
    """address: dicom://AET@host:port, http(s) of a DICOMweb service, fhir+http(s) of a FHIR server.

    Its password is a token, sent as Bearer. send: what goes there by itself (SendWhen); "" as the
    installation says. free: named by the operator of the server, who may send anywhere.
    """

    site: str
    name: str
    address: str
    send: str = ""
    free: bool = False

    @property
    def is_fhir(self) -> bool:
        return self.address.startswith("fhir+")

    def deliver(self, objects: Objects, *, calling: str) -> None:
        """Send (row, path) pairs. Raises NotDelivered."""
        with _words_for_failures():
            if self.address.startswith("dicom://"):
                _c_store(self, objects, calling)
            else:
                _stow(self, objects)

    def deliver_fhir(self, transaction: dict[str, Any]) -> None:
        """Post a FHIR transaction bundle. Raises NotDelivered."""
        headers = {
            "Content-Type": "application/fhir+json",
            "Accept": "application/fhir+json",
            **_authorization(self.address),
        }
        with _words_for_failures():
            body = json.dumps(transaction).encode()
            status, answer = post(self.address, "", body, headers, free=self.free)
        if status not in (200, 201):
            raise NotDelivered(f"{_shown(self.address)} answered {status}{_diagnosis(answer)}")

    def echo(self, *, calling: str) -> None:
        """Is somebody there? C-ECHO, or a connection. Raises NotDelivered."""
        with _words_for_failures():
            if self.address.startswith("dicom://"):
                association = _associate(self, calling, ["1.2.840.10008.1.1"])
                try:
                    status = association.send_c_echo().get("Status")
                finally:
                    association.release()
                if status != 0x0000:
                    raise NotDelivered("C-ECHO was not answered")
                return
            parts = urlsplit(self.address)
            port = parts.port or (443 if parts.scheme.endswith("https") else 80)
            host = str(parts.hostname)
            target = host if self.free else checked_address(host, port)
            socket.create_connection((target, port), timeout=ECHO_PATIENCE_S).close()


ECHO_PATIENCE_S = 5


@contextmanager
def _words_for_failures() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotDelivered(f"{type(error).__name__}: {error}"[:300]) from error


def _shown(address: str) -> str:
    parts = urlsplit(address)
    return str(parts.hostname) if parts.port is None else f"{parts.hostname}:{parts.port}"


def _authorization(address: str) -> dict[str, str]:
    password = urlsplit(address).password
    return {"Authorization": f"Bearer {unquote(password)}"} if password else {}


def _diagnosis(answer: bytes) -> str:
    """The first code of an OperationOutcome; its words may quote what was sent, a patient's name
    too."""
    try:
        issue = json.loads(answer)["issue"][0]
        return f" ({re.sub(r'[^a-z-]', '', str(issue['code']))[:40]})"
    except (ValueError, KeyError, IndexError, TypeError):
        return ""


def parse_destinations(entries: Iterable[str]) -> list[Destination]:
    """Destinations from ``site/NAME=address``. Raises ImproperlyConfigured."""
    found: list[Destination] = []
    for entry in entries:
        match = re.fullmatch(
            r"([-\w]+)/([-\w]{1,40})=((?:dicom|(?:fhir\+)?https?)://.+)", entry.strip()
        )
        parts = urlsplit(match.group(3)) if match else None
        complete = parts is not None and parts.hostname
        if parts is not None and parts.scheme == "dicom":
            complete = complete and parts.username and _port(parts)
        if match is None or not complete:
            name = entry.partition("=")[0]  # the address may hold a token
            raise ImproperlyConfigured(
                f"QPERF_DICOM_DESTINATIONS: {name!r} is not site/NAME=dicom://AET@host:port, "
                "site/NAME=https://... or site/NAME=fhir+https://..."
            )
        site, name, address = match.groups()
        if any((d.site, d.name) == (site, name) for d in found):
            raise ImproperlyConfigured(f"QPERF_DICOM_DESTINATIONS names {site}/{name} twice")
        found.append(Destination(site=site, name=name, address=address, free=True))
    return found


def _port(parts: Any) -> int | None:
    try:
        port: int | None = parts.port
    except ValueError:
        return None
    return port


def _associate(to: Destination, calling: str, sop_classes: Iterable[str]) -> Any:
    from pynetdicom import AE, evt  # the web server, which knows destinations, needs none of it

    parts = urlsplit(to.address)
    host, port = str(parts.hostname), int(parts.port or 104)
    ae = AE(ae_title=calling)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ae.connection_timeout = PATIENCE_S
    for sop_class in sorted(set(sop_classes)):
        ae.add_requested_context(sop_class, EXPLICIT_LITTLE)
    association = ae.associate(
        host if to.free else checked_address(host, port),
        port,
        ae_title=str(parts.username),
        evt_handlers=[(evt.EVT_CONN_OPEN, _send_at_once)],
    )
    if not association.is_established:
        reason = "refused the association" if association.is_rejected else "does not answer"
        raise NotDelivered(f"{host}:{port} {reason}")
    return association


def _c_store(to: Destination, objects: Objects, calling: str) -> None:
    association = _associate(to, calling, (row.sop_class_uid for row, _ in objects))
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


def _stow(to: Destination, objects: Objects) -> None:
    boundary = new_boundary()
    body = b"".join(
        write_parts((("application/dicom", [path.read_bytes()]) for _, path in objects), boundary)
    )
    headers = {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
        "Accept": "application/dicom+json",
        **_authorization(to.address),
    }
    status, _ = post(to.address, "/studies", body, headers, free=to.free)
    if status != 200:
        raise NotDelivered(f"{_shown(to.address)} answered {status}")
