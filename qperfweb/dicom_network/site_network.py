"""What a site's administrator sets about the network: callers, destinations."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction

from qperfweb.accounts.models import Site
from qperfweb.core import audit
from qperfweb.core.errors import Conflict, Invalid, NotFound

from .configured import callers_of_operator, destination_of, seal_secret
from .destinations import NotDelivered
from .models import Caller, SendTarget, SendWhen

_TITLE = re.compile(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?")
"""1 to 16 printable characters, no backslash, no blank at either end (PS3.5 6.2, AE)."""
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,255}")
_NAME = re.compile(r"[-\w]{1,40}", re.ASCII)
_SCHEMES = {
    SendTarget.Kind.DICOM: ("dicom",),
    SendTarget.Kind.STOW: ("https", "http"),
    SendTarget.Kind.FHIR: ("https", "http"),
}


@transaction.atomic
def caller_add(site: Site, user: Any, *, title: str, host: str) -> Caller:
    """Let an AE title send to the site. Raises Invalid, Conflict where it sends to another one."""
    title, host = title.strip(), host.strip()
    if not _TITLE.fullmatch(title) or "=" in title or "@" in title:
        raise Invalid("An AE title has 1 to 16 letters, digits or signs.", field="title")
    if host and not _HOST.fullmatch(host):
        raise Invalid("The address is an IP address, or empty for any.", field="host")
    if any((c.title, c.host) == (title, host) for c in callers_of_operator()):
        raise Conflict("The operator of this server has set where this AE title sends to.")
    try:
        with transaction.atomic():
            row = Caller.objects.create(site=site, title=title, host=host)
    except IntegrityError as error:
        raise Conflict("This AE title is in use already; a title belongs to one site.") from error
    audit.record(user, "caller.added", row, details={"title": title, "host": host})
    return row


@transaction.atomic
def caller_remove(site: Site, user: Any, number: int) -> None:
    row = _own(Caller, site, number)
    audit.record(user, "caller.removed", row, details={"title": row.title, "host": row.host})
    row.delete()


@transaction.atomic
def target_add(
    site: Site, user: Any, *, name: str, kind: str, address: str, secret: str, send: str
) -> SendTarget:
    """Add a destination. Raises Invalid, Conflict where its name is taken."""
    name, address = name.strip(), address.strip()
    if not _NAME.fullmatch(name):
        raise Invalid("A name has 1 to 40 letters, digits, - or _.", field="name")
    if kind not in SendTarget.Kind.values or send not in SendWhen.values:
        raise Invalid("Choose how and when results are sent.", field="kind")
    _check_address(kind, address)
    try:
        with transaction.atomic():
            row = SendTarget.objects.create(
                site=site,
                name=name,
                kind=kind,
                address=address,
                secret=seal_secret(secret.strip()),
                send=send,
            )
    except IntegrityError as error:
        raise Conflict("This site has a destination of that name already.") from error
    details = {"name": name, "kind": kind, "address": address, "send": send}
    audit.record(user, "destination.added", row, details=details)
    return row


@transaction.atomic
def target_remove(site: Site, user: Any, number: int) -> None:
    """Nothing more goes there; what waits in the queue stays unsent."""
    row = _own(SendTarget, site, number)
    audit.record(user, "destination.removed", row, details={"name": row.name})
    row.delete()


def target_echo(site: Site, user: Any, number: int) -> str:
    """Try a destination; a sentence about how it went."""
    row = _own(SendTarget, site, number)
    try:
        destination_of(row, site).echo(calling=settings.DICOM_AE_TITLE)
    except NotDelivered as error:
        answer = f"{row.name} cannot be reached: {error}."
        fine = False
    else:
        answer, fine = f"{row.name} answers.", True
    audit.record(user, "destination.tried", row, details={"name": row.name, "answered": fine})
    return answer


def _check_address(kind: str, address: str) -> None:
    try:
        parts = urlsplit(address)
        whole = bool(parts.hostname) and not parts.password and not parts.query
        port = parts.port
    except ValueError:
        whole, port = False, None
    if (
        not whole
        or parts.scheme not in _SCHEMES[SendTarget.Kind(kind)]
        or not address.isprintable()
    ):
        shown = (
            "dicom://AETITLE@host:port" if kind == SendTarget.Kind.DICOM else "https://host/path"
        )
        raise Invalid(f"The address is {shown}; a token goes into its own field.", field="address")
    if kind == SendTarget.Kind.DICOM and not (parts.username and port):
        raise Invalid("The address is dicom://AETITLE@host:port.", field="address")
    if kind != SendTarget.Kind.DICOM and parts.username:
        raise Invalid("The address names no user; use the field for the token.", field="address")


def _own(model: Any, site: Site, number: int) -> Any:
    row = model.objects.filter(site=site, pk=number).first()
    if row is None:
        raise NotFound()
    return row
