"""Put checked objects into Patient, Study, Series and Instance; set conflicts aside.

Identity conflicts are decided by people (DESIGN: patient identity = site + issuer + ID): the same
ID with another name, birth date or sex, or one study under two identities, is never merged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from django.utils import timezone

from analysis.dicom import HeaderFacts, to_store

from . import storage
from .identity import Identity, identity_digest, open_identity, seal
from .models import (
    Instance,
    IntakeBatch,
    IntakeProblem,
    Patient,
    PatientIdentity,
    Series,
    Study,
)
from .outcomes import Outcome
from .storage import StoredObject

_MESSAGES = {
    "uid-reused": "Another object with the same SOP Instance UID but other content was received "
    "before; this one is set aside.",
    "identity-conflict": "The same patient ID was received with another {facts}; the object is set "
    "aside until a person decides.",
    "study-of-another-patient": "The same study was received under another patient ID; the object "
    "is set aside until a person decides.",
}
NO_ID = "no ID, study "
"""How the made-up ID of a patient without one begins."""

DUPLICATE = "The same object was received before; nothing changed."


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A checked object on its way in.

    trusted: a person decided that its identity is right. apart: that its person is another one than
    the known patient of the same ID, and gets a record of their own. name_kept: rows may hold the
    name of the file; without it, the name is for the sender's answer alone.
    """

    name: str
    facts: HeaderFacts
    file: StoredObject
    trusted: bool = False
    apart: bool = False
    name_kept: bool = True


class SetAside(Exception):
    """This object needs a person's decision."""

    def __init__(self, code: str, study: Study | None = None, **words: str) -> None:
        super().__init__(code)
        self.code = code
        self.study = study
        self.message = _MESSAGES[code].format(**words)


def index_arrivals(
    batch: IntakeBatch, arrivals: Sequence[Arrival]
) -> tuple[list[Outcome], list[Study]]:
    """Outcomes in order, and the studies that grew. Call in a transaction; files are kept here."""
    return _Indexer(batch).run(arrivals)


class _Indexer:
    """One chunk: rows found or made once are remembered for the rest of the chunk."""

    def __init__(self, batch: IntakeBatch) -> None:
        self.batch = batch
        self.site_id = batch.site_id
        self.patients: dict[str, tuple[Patient, Identity]] = {}
        self.studies: dict[str, Study] = {}
        self.series: dict[str, Series] = {}
        self.grown: dict[int, Study] = {}
        self.known: dict[str, tuple[str, int]] = {}
        self.instances: list[Instance] = []
        self.problems: list[IntakeProblem] = []
        self.kept: list[StoredObject] = []

    def run(self, arrivals: Sequence[Arrival]) -> tuple[list[Outcome], list[Study]]:
        uids = [a.facts.sop_instance_uid for a in arrivals]
        rows = Instance.objects.filter(site_id=self.site_id, sop_instance_uid__in=uids)
        columns = ("sop_instance_uid", "sha256", "series__study_id")
        self.known = {uid: (sha, study) for uid, sha, study in rows.values_list(*columns)}
        outcomes = [self._take(arrival) for arrival in arrivals]
        storage.keep_all(self.kept)  # before its rows can be seen
        Instance.objects.bulk_create(self.instances)
        IntakeProblem.objects.bulk_create(self.problems)
        return outcomes, list(self.grown.values())

    def _take(self, arrival: Arrival) -> Outcome:
        facts, file = arrival.facts, arrival.file
        try:
            known = self.known.get(facts.sop_instance_uid)
            if known:
                if known[0] != file.sha256:
                    raise SetAside("uid-reused", self._study_by_id(known[1]))
                if not storage.object_path(file.sha256).exists():
                    self.kept.append(file)  # its file was lost: sending again brings it back
                return Outcome(
                    name=arrival.name,
                    status="duplicate",
                    code="duplicate",
                    message=DUPLICATE,
                    study_id=known[1],
                    sop_instance_uid=facts.sop_instance_uid,
                )
            study = self._study(arrival)
        except SetAside as reason:
            return self._set_aside(arrival, reason)
        self.kept.append(file)
        self.instances.append(self._instance(facts, self._series(study, facts), file))
        self.known[facts.sop_instance_uid] = (file.sha256, study.pk)
        self.grown[study.pk] = study
        return Outcome(
            name=arrival.name,
            status="accepted",
            study_id=study.pk,
            sop_instance_uid=facts.sop_instance_uid,
        )

    def _study(self, arrival: Arrival) -> Study:
        facts = arrival.facts
        uid = facts.study_instance_uid
        study = self.studies.get(uid) or self._locked_study(uid)
        identity = identity_of(facts)
        digest = identity_digest(identity)
        if arrival.apart and study is None:
            digest = identity_digest(identity, apart=uid)
        if study is not None:
            apart = study.patient.identity_digest == identity_digest(identity, apart=uid)
            if apart:
                # A person decided once that this study's patient has this ID in error or by chance.
                digest = study.patient.identity_digest
            if study.patient.identity_digest != digest and not arrival.trusted:
                raise SetAside("study-of-another-patient", study)
            if study.patient.identity_digest == digest:
                self._patient(identity, digest, study, arrival.trusted)
            self.studies[uid] = study
            return study
        patient = self._patient(identity, digest, None, arrival.trusted)
        study, made = Study.objects.get_or_create(
            site_id=self.site_id,
            study_instance_uid=uid,
            defaults=_study_facts(facts) | {"patient": patient},
        )
        if not made:  # another delivery was faster, perhaps with another patient
            return self._study(arrival)
        self.studies[uid] = study
        return study

    def _locked_study(self, uid: str) -> Study | None:
        rows = Study.objects.select_for_update(of=("self",)).select_related("patient")
        return rows.filter(site_id=self.site_id, study_instance_uid=uid).first()

    def _study_by_id(self, study_id: int) -> Study | None:
        return Study.objects.filter(pk=study_id).first()

    def _patient(
        self, identity: Identity, digest: str, study: Study | None, trusted: bool
    ) -> Patient:
        if digest not in self.patients:
            patient, made = Patient.objects.get_or_create(
                site_id=self.site_id, identity_digest=digest
            )
            if made:
                seal(patient, identity)
                self.patients[digest] = (patient, identity)
            else:
                row = PatientIdentity.objects.filter(patient=patient).first()
                self.patients[digest] = (patient, open_identity(row))
        patient, known = self.patients[digest]
        conflicts = known.conflicts_with(identity)
        if conflicts and not trusted:
            raise SetAside("identity-conflict", study, facts=" and another ".join(conflicts))
        return patient

    def _series(self, study: Study, facts: HeaderFacts) -> Series:
        uid = facts.series_instance_uid
        key = f"{study.pk}/{uid}"
        if key not in self.series:
            self.series[key], _ = Series.objects.get_or_create(
                study=study,
                series_instance_uid=uid,
                defaults={
                    "site_id": self.site_id,
                    "series_number": facts.series_number,
                    "description": facts.series_description[:128],
                    "modality": facts.modality[:16],
                },
            )
        return self.series[key]

    def _instance(self, facts: HeaderFacts, series: Series, file: StoredObject) -> Instance:
        return Instance(
            site_id=self.site_id,
            series=series,
            sop_instance_uid=facts.sop_instance_uid,
            sop_class_uid=facts.sop_class_uid,
            transfer_syntax_uid=facts.transfer_syntax_uid,
            instance_number=facts.instance_number,
            frame_count=facts.frame_count,
            rows=facts.rows,
            columns=facts.columns,
            sha256=file.sha256,
            size_bytes=file.size_bytes,
            facts=to_store(facts),
            received_at=timezone.now(),
        )

    def _set_aside(self, arrival: Arrival, reason: SetAside) -> Outcome:
        self.kept.append(arrival.file)
        self.problems.append(
            IntakeProblem(
                site_id=self.site_id,
                batch=self.batch,
                study=reason.study,
                kind=IntakeProblem.Kind.SET_ASIDE,
                code=reason.code,
                message=reason.message,
                file_name=arrival.name[:1000] if arrival.name_kept else "",
                sop_instance_uid=arrival.facts.sop_instance_uid,
                study_instance_uid=arrival.facts.study_instance_uid,
                identity_digest=identity_digest(identity_of(arrival.facts)),
                sha256=arrival.file.sha256,
            )
        )
        return Outcome(
            name=arrival.name,
            status="set_aside",
            code=reason.code,
            message=reason.message,
            study_id=reason.study.pk if reason.study else None,
            sop_instance_uid=arrival.facts.sop_instance_uid,
        )


def identity_of(facts: HeaderFacts) -> Identity:
    """The person in a header. Without an ID, the study alone says who it is: never merged."""
    born = _date(facts.patient_birth_date)
    return Identity(
        patient_id=facts.patient_id or f"{NO_ID}{facts.study_instance_uid}",
        issuer=facts.issuer_of_patient_id,
        name=facts.patient_name,
        birth_date=born.isoformat() if born else "",
        sex=facts.patient_sex,
    )


def _study_facts(facts: HeaderFacts) -> dict[str, Any]:
    return {
        "accession_number": facts.accession_number[:64],
        "description": facts.study_description[:128],
        "study_date": _date(facts.study_date),
        "study_time": _time(facts.study_time),
        "institution": facts.institution[:128],
        "manufacturer": facts.manufacturer[:64],
        "scanner_model": facts.model_name[:64],
        "field_strength_t": facts.field_strength_t,
        "last_received_at": timezone.now(),
    }


def _date(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None


def _time(text: str) -> time | None:
    digits = text.replace(":", "").split(".")[0].ljust(6, "0")
    try:
        return time(int(digits[:2]), int(digits[2:4]), int(digits[4:6]))
    except ValueError:
        return None
