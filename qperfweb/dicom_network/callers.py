"""Who may send over DICOM associations, and which site receives what they send."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A calling AE title; host: the one address that it may call from, "" for any."""

    title: str
    host: str
    site: str


def parse_callers(entries: Iterable[str]) -> list[Caller]:
    """Callers from ``TITLE=site`` or ``TITLE@host=site``.

    Raises ImproperlyConfigured for anything else and for a title that is named twice with one host:
    an AE title belongs to exactly one site.
    """
    callers: list[Caller] = []
    for entry in entries:
        found = re.fullmatch(r"([^@=\\]{1,16})(?:@([^=]+))?=([-\w]+)", entry.strip())
        if found is None:
            raise ImproperlyConfigured(
                f"QPERF_DICOM_CALLERS: {entry!r} is not TITLE=site or TITLE@address=site"
            )
        title, host, site = found.groups()
        caller = Caller(title=title.strip(), host=(host or "").strip(), site=site)
        if any((c.title, c.host) == (caller.title, caller.host) for c in callers):
            raise ImproperlyConfigured(f"QPERF_DICOM_CALLERS names {title} twice")
        callers.append(caller)
    return callers


def caller_of(callers: Iterable[Caller], title: str, host: str) -> Caller | None:
    """Who calls under that title from that address; None: nobody that we know."""
    named = [c for c in callers if c.title == title.strip()]
    exact = next((c for c in named if c.host == host), None)
    return exact or next((c for c in named if not c.host), None)
