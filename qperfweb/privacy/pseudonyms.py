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
from qperfweb.studies.identity import Identity, identity_digest, open_identity, seal
from qperfweb.studies.indexing import NO_ID
from qperfweb.studies.models import Patient, PatientIdentity

from .deidentification.engine import Person
from .models import Policy, Pseudonym

LONGEST_SHIFT_DAYS = 3650


class SamePseudonym(Exception):
    """Another person is known under the same ID; ``facts`` names what contradicts."""

    def __init__(self, facts: list[str]) -> None:
        super().__init__(", ".join(facts))
        self.facts = facts


def person_for(patient: Patient, *, also_known: tuple[str, ...] = ()) -> Person:
    """The pseudonym, date shift and key of a patient; made at the first time.

    Whoever lost their identity on arrival keeps that name, and their dates are not moved again.

    Raises Invalid for a patient whose identity was erased: their objects name nobody to look for.
    """
    row = PatientIdentity.objects.filter(patient=patient).first()
    if row is None or row.wrapped_key is None:
        raise Invalid("The identity of this patient was erased; nothing can be taken out.")
    identity = open_identity(row)
    secret = _secret(patient.site_id)
    link = Pseudonym.objects.filter(patient=patient).first()
    if link is not None and link.name == identity.patient_id:
        return Person(
            name=link.name, shift_days=0, key=secret, known=_words(_opened(link)[0], also_known)
        )
    digest = hmac.new(secret, patient.pseudonym.bytes, hashlib.sha256).digest()
    name, shift = f"QP-{digest[:5].hex().upper()}", _shift(digest)
    if link is None:
        _link(patient, name, identity, shift)
    return Person(name=name, shift_days=shift, key=secret, known=_words(identity, also_known))


def person_arriving(
    site_id: int, identity: Identity, *, also_known: tuple[str, ...] = (), user: Any = None
) -> Person:
    """Whose objects arrive at a site that keeps no identity; patient and way back are made here.

    Raises SamePseudonym when the ID is known with another name, birth date or sex.
    """
    secret = _secret(site_id)
    digest = hmac.new(secret, f"arrival:{identity_digest(identity)}".encode(), hashlib.sha256)
    name, shift = f"QP-{digest.digest()[:8].hex().upper()}", _shift(digest.digest())
    outside = Identity(patient_id=name, name=name)
    patient, _ = Patient.objects.get_or_create(
        site_id=site_id, identity_digest=identity_digest(outside)
    )
    # Of two deliveries that bring a new patient at once, the second one waits here.
    Patient.objects.select_for_update().get(pk=patient.pk)
    link = Pseudonym.objects.filter(patient=patient).first()
    if link is None:
        seal(patient, outside)
        _link(patient, name, identity, shift)
        audit.record(user, "patient.pseudonymised", patient, details={"name": name})
    else:
        contradictions = _opened(link)[0].conflicts_with(identity)
        if contradictions:
            raise SamePseudonym(contradictions)
    return Person(name=name, shift_days=shift, key=secret, known=_words(identity, also_known))


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
    return _opened(row)


def policy_of(site_id: int) -> Policy:
    """The rules of a site; the usual ones where it has none of its own."""
    return Policy.objects.filter(site_id=site_id).first() or Policy(site_id=site_id)


def _link(patient: Patient, name: str, identity: Identity, shift_days: int) -> None:
    sealed = json.dumps({"identity": asdict(identity), "shift_days": shift_days})
    Pseudonym.objects.create(
        site_id=patient.site_id, patient=patient, name=name, sealed=_box().encrypt(sealed.encode())
    )


def _opened(row: Pseudonym) -> tuple[Identity, int]:
    opened = json.loads(_box().decrypt(bytes(row.sealed)))
    return Identity(**opened["identity"]), int(opened["shift_days"])


def _words(identity: Identity, also_known: tuple[str, ...]) -> tuple[str, ...]:
    """What must not be found in a cleaned object; a made-up ID names nobody."""
    known = () if identity.patient_id.startswith(NO_ID) else (identity.patient_id,)
    return tuple(word for word in (identity.name, *known, *also_known) if word)


def _shift(digest: bytes) -> int:
    return -1 - int.from_bytes(digest[8:12], "big") % LONGEST_SHIFT_DAYS


def _secret(site_id: int) -> bytes:
    return _derived(f"deidentification:{site_id}")


def _derived(purpose: str) -> bytes:
    return hmac.new(settings.IDENTITY_KEY.encode(), purpose.encode(), hashlib.sha256).digest()


def _box() -> Fernet:
    return Fernet(urlsafe_b64encode(_derived("reidentification")))
