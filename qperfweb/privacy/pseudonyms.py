"""Who gets which name in what leaves the site, and who may ask who that is.

A patient keeps one pseudonym and one shift of dates at a site, so that what is sent at different
times belongs together. The way back is encrypted under a key of its own outside the database.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import asdict
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings

from qperfweb.accounts.models import Site
from qperfweb.core import audit
from qperfweb.core.errors import Invalid, NotAllowed, NotFound
from qperfweb.core.permissions import Verb, can
from qperfweb.studies.identity import Identity, open_identity
from qperfweb.studies.models import Patient, PatientIdentity

from .deidentification.engine import Person
from .models import Policy, Pseudonym

LONGEST_SHIFT_DAYS = 3650


def person_for(patient: Patient, *, also_known: tuple[str, ...] = ()) -> Person:
    """The pseudonym, date shift and key of a patient; made at the first time.

    Raises Invalid for a patient whose identity was erased: their objects name nobody to look for.
    """
    row = PatientIdentity.objects.filter(patient=patient).first()
    if row is None or row.wrapped_key is None:
        raise Invalid("The identity of this patient was erased; nothing can be taken out.")
    identity = open_identity(row)
    secret = _derived(f"deidentification:{patient.site_id}")
    digest = hmac.new(secret, patient.pseudonym.bytes, hashlib.sha256).digest()
    name = f"QP-{digest[:5].hex().upper()}"
    shift = -1 - int.from_bytes(digest[8:12], "big") % LONGEST_SHIFT_DAYS
    known = (identity.name, identity.patient_id, *also_known)
    if not Pseudonym.objects.filter(patient=patient).exists():
        sealed = json.dumps({"identity": asdict(identity), "shift_days": shift})
        Pseudonym.objects.create(
            site_id=patient.site_id,
            patient=patient,
            name=name,
            sealed=_box().encrypt(sealed.encode()),
        )
    return Person(name=name, shift_days=shift, key=secret, known=tuple(k for k in known if k))


def reidentify(user: Any, site: Site, name: str, *, reason: str) -> tuple[Identity, int]:
    """Who a pseudonym stands for, and by how many days dates were moved. Recorded with its reason.

    Raises NotAllowed without the permission, Invalid without a reason, NotFound.
    """
    if not can(user, Verb.REIDENTIFY, site):
        raise NotAllowed("You may not ask who somebody is.")
    if not reason.strip():
        raise Invalid("Please give a reason.", field="reason")
    row = Pseudonym.objects.filter(site=site, name=name.strip().upper()).first()
    if row is None:
        raise NotFound("There is no such pseudonym at this site.")
    audit.record(user, "identity.revealed", row.patient, reason=reason, details={"name": row.name})
    opened = json.loads(_box().decrypt(bytes(row.sealed)))
    return Identity(**opened["identity"]), int(opened["shift_days"])


def policy_of(site_id: int) -> Policy:
    """The rules of a site; the usual ones where it has none of its own."""
    return Policy.objects.filter(site_id=site_id).first() or Policy(site_id=site_id)


def _derived(purpose: str) -> bytes:
    return hmac.new(settings.IDENTITY_KEY.encode(), purpose.encode(), hashlib.sha256).digest()


def _box() -> Fernet:
    return Fernet(urlsafe_b64encode(_derived("reidentification")))
