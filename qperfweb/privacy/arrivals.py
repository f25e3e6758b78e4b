"""De-identify on arrival, where a site wants it: what is kept never named anybody.

Each object that was checked is cleaned (PS3.15 Annex E) before anything of it is kept; the file as
it came is deleted. A patient ID always gets the same pseudonym and the same move of dates at a
site, and UIDs are replaced under the site's key, so that what comes later joins what came before.
The way back is one encrypted row per patient.

Two people under one ID must not become one: an ID that is known with another name, birth date or
sex is refused, since setting it aside would keep what the site does not want to have.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from analysis.dicom import HeaderFacts, Refusal
from analysis.dicom.limits import MIB
from qperfweb.core import audit
from qperfweb.studies.arrivals import Preparation
from qperfweb.studies.indexing import Arrival, identity_of
from qperfweb.studies.inspector import inspect_staged
from qperfweb.studies.models import IntakeBatch
from qperfweb.studies.storage import StoredObject, stage, staging_folder

from .deidentification.child import Cleaned, clean_files
from .deidentification.engine import Person
from .pseudonyms import SamePseudonym, person_arriving, policy_of

ANOTHER_PERSON = (
    "The same patient ID was received with another {facts}; at this site nothing is kept that "
    "names a patient, so correct it at the source and send it again."
)
MAY_NAME = "It was not taken, because {reason}; this site keeps nothing that may name a patient."


def preparation_for(batch: IntakeBatch) -> Preparation | None:
    """How the objects of a delivery lose their identity; None where the site keeps it."""
    if not removes_identity(batch.site_id):
        return None
    policy = policy_of(batch.site_id)

    def prepare(arrivals: Sequence[Arrival]) -> tuple[list[Arrival], list[Refusal]]:
        return _prepared(batch, policy.keep, arrivals)

    return prepare


def removes_identity(site_id: int) -> bool:
    """Does the site want no identity kept?"""
    return policy_of(site_id).clean_on_arrival


def _prepared(
    batch: IntakeBatch, keep: list[str], arrivals: Sequence[Arrival]
) -> tuple[list[Arrival], list[Refusal]]:
    refused: list[Refusal] = []
    known: list[tuple[Arrival, Person]] = []
    for arrival in arrivals:
        try:
            known.append((arrival, _person(batch, arrival.facts)))
        except SamePseudonym as conflict:
            message = ANOTHER_PERSON.format(facts=" and another ".join(conflict.facts))
            refused.append(_refusal(arrival, "identity-conflict", message))
    kept: list[tuple[str, StoredObject]] = []
    with TemporaryDirectory(dir=staging_folder()) as folder:
        files = [(arrival.file.path, person) for arrival, person in known]
        cleaned = clean_files(files, Path(folder), keep=keep)
        for (arrival, _), one in zip(known, cleaned, strict=True):
            if one.path is None:
                message = MAY_NAME.format(reason=one.left_out)
                refused.append(_refusal(arrival, "may-name-patient", message))
            else:
                kept.append((arrival.name, _staged(one)))
    taken: list[Arrival] = []
    for (name, file), facts in zip(kept, inspect_staged(kept), strict=True):
        if isinstance(facts, Refusal):
            refused.append(facts)
            file.path.unlink(missing_ok=True)
        else:
            taken.append(Arrival(name=name, facts=facts, file=file, name_kept=False))
    if taken:
        audit.record_access(batch.user, "intake.deidentified", batch)
    return taken, refused


def _person(batch: IntakeBatch, facts: HeaderFacts) -> Person:
    return person_arriving(
        batch.site_id, identity_of(facts), also_known=(facts.accession_number,), user=batch.user
    )


def _refusal(arrival: Arrival, code: str, message: str) -> Refusal:
    return Refusal(where=arrival.name, code=code, message=message)


def _staged(cleaned: Cleaned) -> StoredObject:
    assert cleaned.path is not None
    with cleaned.path.open("rb") as file:
        return stage(iter(lambda: file.read(MIB), b""))
