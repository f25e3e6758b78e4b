"""Who may send and where results go: what the server's operator set, then what sites set.

The operator's are in the environment (QPERF_DICOM_CALLERS, QPERF_DICOM_DESTINATIONS) and win; a
site's administrator sets the others on the network page. Both are read anew for every association
and every round of sending, so that a change holds at once.
"""

from __future__ import annotations

from urllib.parse import quote

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from qperfweb.accounts.models import Site
from qperfweb.core.rls import site_scope

from . import models
from .callers import Caller, parse_callers
from .destinations import Destination, parse_destinations


def callers_of_operator() -> list[Caller]:
    return parse_callers(settings.DICOM_CALLERS)


def known_callers() -> list[Caller]:
    """Everybody who may send, over all sites."""
    known = callers_of_operator()
    taken = {(c.title, c.host) for c in known}
    with site_scope(Site.objects.values_list("id", flat=True)):
        rows = list(models.Caller.objects.select_related("site"))
    known += [
        Caller(title=row.title, host=row.host, site=row.site.slug)
        for row in rows
        if (row.title, row.host) not in taken
    ]
    return known


def destinations_of_operator(site: Site) -> list[Destination]:
    known = parse_destinations(settings.DICOM_DESTINATIONS)
    return [one for one in known if one.site == site.slug]


def known_destinations(site: Site) -> list[Destination]:
    """Where results of a site may go. The caller has opened the site's scope."""
    known = destinations_of_operator(site)
    taken = {one.name for one in known}
    rows = models.SendTarget.objects.filter(site=site)
    return known + [destination_of(row, site) for row in rows if row.name not in taken]


def destination_of(row: models.SendTarget, site: Site) -> Destination:
    scheme, _, rest = row.address.partition("://")
    secret = open_secret(row.secret)
    if secret and row.kind != models.SendTarget.Kind.DICOM:
        rest = f":{quote(secret, safe='')}@{rest}"
    prefix = "fhir+" if row.kind == models.SendTarget.Kind.FHIR else ""
    return Destination(
        site=site.slug, name=row.name, address=f"{prefix}{scheme}://{rest}", send=row.send
    )


def seal_secret(text: str) -> bytes | None:
    """A token under the installation's key: a copy of the database alone opens nothing."""
    return Fernet(settings.IDENTITY_KEY).encrypt(text.encode()) if text else None


def open_secret(sealed: bytes | None) -> str:
    if sealed is None:
        return ""
    try:
        return Fernet(settings.IDENTITY_KEY).decrypt(bytes(sealed)).decode()
    except InvalidToken:  # sealed under another key: the destination will ask for a new token
        return ""
