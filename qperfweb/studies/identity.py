"""Who a patient is, kept apart from everything else and encrypted under a key of their own.

The rest of the system knows a patient by pseudonym. Equality and search work on keyed hashes of
normalised text; the master secret stays outside PostgreSQL (settings.IDENTITY_KEY), so a copy of
the database alone names nobody, and dropping one patient's key erases one patient.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import unicodedata
from dataclasses import asdict, dataclass
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from .models import Patient, PatientIdentity

SHORTEST_SEARCH = 2
"""Letters that a search must have; shorter beginnings would match almost everyone."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What DICOM says about a person. ``birth_date`` is ISO (YYYY-MM-DD) or empty."""

    patient_id: str
    issuer: str = ""
    name: str = ""
    birth_date: str = ""
    sex: str = ""

    @property
    def display_name(self) -> str:
        """The DICOM person name as people write it: FAMILY, Given."""
        family, _, rest = self.name.split("=")[0].partition("^")
        given = " ".join(part for part in rest.split("^")[:2] if part)
        return f"{family}, {given}" if given else family

    def conflicts_with(self, other: Identity) -> list[str]:
        """Names of the facts that contradict each other; a missing fact contradicts nothing."""
        pairs = {
            "name": (_plain(self.name), _plain(other.name)),
            "birth date": (self.birth_date, other.birth_date),
            "sex": (self.sex.upper(), other.sex.upper()),
        }
        return [fact for fact, (a, b) in pairs.items() if a and b and a != b]


ERASED = Identity(patient_id="erased", name="Erased")


def identity_digest(identity: Identity, *, apart: str = "") -> str:
    """Keyed hash of issuer and ID: what makes two deliveries the same patient.

    ``apart`` is the UID of a study whose patient a person decided to be another one than the known
    patient of the same ID.
    """
    text = f"{identity.issuer.strip()}\0{identity.patient_id.strip()}"
    return _keyed("identity", f"{text}\0{apart}" if apart else text)


def search_tokens(identity: Identity) -> list[str]:
    """Keyed hashes of every beginning of every name word and of the ID."""
    words = {*_plain(identity.name).split(), _plain(identity.patient_id).replace(" ", "")}
    beginnings = {w[:n] for w in words for n in range(SHORTEST_SEARCH, min(len(w), 24) + 1)}
    return sorted(_token(beginning) for beginning in beginnings)


def query_tokens(text: str) -> list[str]:
    """Tokens that a patient must all have to match what a user typed."""
    return [_token(word[:24]) for word in _plain(text).split() if len(word) >= SHORTEST_SEARCH]


def seal(patient: Patient, identity: Identity) -> PatientIdentity:
    """Write (or replace) a patient's identity and the hashes that find it."""
    patient.search_tokens = search_tokens(identity)
    patient.save(update_fields=["search_tokens"])
    row, _ = PatientIdentity.objects.update_or_create(
        patient=patient, defaults={"site_id": patient.site_id, **sealed(identity)}
    )
    return row


def sealed(identity: Identity) -> dict[str, bytes]:
    """Columns of an identity row: a key of its own, wrapped, and the identity under that key."""
    key = Fernet.generate_key()
    return {
        "wrapped_key": _master().encrypt(key),
        "sealed": Fernet(key).encrypt(json.dumps(asdict(identity)).encode()),
    }


def open_identity(row: PatientIdentity | None) -> Identity:
    """The identity behind a row; ERASED where its key was destroyed."""
    if row is None or row.wrapped_key is None:
        return ERASED
    try:
        key = _master().decrypt(bytes(row.wrapped_key))
        return Identity(**json.loads(Fernet(key).decrypt(bytes(row.sealed))))
    except InvalidToken as error:
        raise IdentityKeyMissing from error


class IdentityKeyMissing(RuntimeError):
    """The identity key does not open this database's patients; restore the key it was made with."""

    def __str__(self) -> str:
        return str(self.__doc__)


@lru_cache(maxsize=1)
def _master() -> Fernet:
    return Fernet(settings.IDENTITY_KEY)


def _token(text: str) -> str:
    return _keyed("search", text)[:24]


def _keyed(purpose: str, text: str) -> str:
    key = hashlib.sha256(f"{purpose}:".encode() + settings.IDENTITY_KEY.encode()).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _plain(text: str) -> str:
    """Lower case, no accents, DICOM separators as spaces: how names are compared."""
    decomposed = unicodedata.normalize("NFKD", text.replace("^", " ").replace("=", " "))
    kept = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(kept.casefold().replace(",", " ").split())
