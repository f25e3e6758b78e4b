"""Receive DICOM objects from anywhere: check, deduplicate, index, keep; refuse one by one.

Each object is staged in the store, inspected by a child process (inspector.py), and indexed with
its neighbours in one transaction. Refused and set-aside objects become IntakeProblem rows, so
nothing is dropped silently:

duplicate       the same content again: nothing changes
uid-reused      a known SOP Instance UID with other content: set aside
identity-conflict       a known patient ID with another name, birth date or sex: set aside
study-of-another-patient    a known Study UID under another patient ID: set aside
"""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import IO, Any

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from analysis.dicom import HeaderFacts, Refusal
from analysis.dicom.limits import DEFAULT_LIMITS, MIB, Limits
from analysis.dicom.reading import Candidate
from analysis.dicom.refusals import Refused
from analysis.dicom.values import clean
from qperfweb.accounts.models import Site
from qperfweb.core.errors import Unavailable

from . import arrivals as arriving
from . import storage
from .indexing import Arrival, index_arrivals
from .inspector import inspect_staged
from .models import IntakeBatch, IntakeProblem, IntakeSource, Study
from .outcomes import Outcome
from .services import study_classify
from .signals import study_received
from .storage import StoredObject

CHUNK = 48
"""Objects indexed in one transaction: enough to share its cost, few enough to wait for."""


def batch_begin(site: Site, source: IntakeSource, user: Any = None) -> IntakeBatch:
    """Open a delivery. Everything received in it is reported under it."""
    storage.clear_stale_staging()
    return IntakeBatch.objects.create(site=site, source=source, user=user)


def receive(
    batch: IntakeBatch,
    found: Iterable[Candidate | Refusal],
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[list[Outcome]]:
    """Take objects in chunks; yields the outcomes of each chunk once it is committed.

    The caller has opened the batch's site scope. A chunk's objects and its rows become visible
    together.
    """
    waiting = iter(found)
    while chunk := list(islice(waiting, CHUNK)):
        yield _receive_chunk(batch, chunk, limits)


def receive_all(batch: IntakeBatch, found: Iterable[Candidate | Refusal]) -> list[Outcome]:
    """``receive`` in one go."""
    return [outcome for chunk in receive(batch, found) for outcome in chunk]


def batch_finish(batch: IntakeBatch, study_ids: Iterable[int], *, complete: bool = True) -> None:
    """Close a delivery; ``complete``: its sender says that these studies have arrived whole."""
    IntakeBatch.objects.filter(pk=batch.pk, finished_at__isnull=True).update(
        finished_at=timezone.now()
    )
    for study in Study.objects.filter(pk__in=set(study_ids), site_id=batch.site_id):
        study_classify(study)
        study_received.send(sender=Study, study=study, settle_now=complete)


class StoreFull(Unavailable):
    """The server has no disk space left for images; ask its administrator."""


@dataclass(frozen=True)
class _Staged:
    name: str
    file: StoredObject


def _receive_chunk(
    batch: IntakeBatch, chunk: Sequence[Candidate | Refusal], limits: Limits
) -> list[Outcome]:
    staged: list[_Staged] = []
    refused: list[Refusal] = []
    prepared: list[Arrival] = []
    prepare = arriving.preparation_for(batch)
    try:
        for one in chunk:
            try:
                if isinstance(one, Refusal):
                    refused.append(replace(one, where=clean(one.where)))
                else:
                    staged.append(_Staged(clean(one.where), _stage(one, limits)))
            except Refused as reason:
                refused.append(reason.at(clean(one.where)))
        answers = inspect_staged([(s.name, s.file) for s in staged])
        arrivals = []
        for place, answer in zip(staged, answers, strict=True):
            if isinstance(answer, HeaderFacts):
                arrivals.append(Arrival(name=place.name, facts=answer, file=place.file))
            else:
                refused.append(answer)
        if prepare is None:
            return _index(batch, arrivals, refused)
        prepared, more = prepare(arrivals)
        return _index(batch, prepared, [*refused, *more], names_kept=False)
    finally:
        for place in [*staged, *prepared]:
            storage.discard(place.file)


def _stage(candidate: Candidate, limits: Limits) -> StoredObject:
    if candidate.source.size == 0:
        raise Refused("empty")
    if candidate.source.size > limits.object_bytes:
        raise Refused("too-large")
    with candidate.source.open() as file:
        try:
            return storage.stage(_chunks(file, limits.object_bytes))
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
                raise StoreFull from error
            raise Refused("unreadable") from error


def _chunks(file: IO[bytes], most: int) -> Iterator[bytes]:
    total = 0
    while piece := file.read(MIB):
        total += len(piece)
        if total > most:  # a source may hold more than it said
            raise Refused("too-large")
        yield piece


def _index(
    batch: IntakeBatch,
    arrivals: Sequence[Arrival],
    refused: Sequence[Refusal],
    *,
    names_kept: bool = True,
) -> list[Outcome]:
    try:
        return _indexed(batch, arrivals, refused, names_kept)
    except (IntegrityError, OperationalError):
        # Another delivery brought the same rows at the same moment (or both waited for each
        # other); now they are there.
        return _indexed(batch, arrivals, refused, names_kept)


@transaction.atomic
def _indexed(
    batch: IntakeBatch,
    arrivals: Sequence[Arrival],
    refused: Sequence[Refusal],
    names_kept: bool,
) -> list[Outcome]:
    outcomes, studies = index_arrivals(batch, arrivals)
    outcomes += [_refused_outcome(one) for one in refused]
    IntakeProblem.objects.bulk_create(
        IntakeProblem(
            site_id=batch.site_id,
            batch=batch,
            kind=IntakeProblem.Kind.REFUSED,
            code=one.code,
            message=one.message,
            file_name=one.where[:1000] if names_kept else "",
        )
        for one in refused
    )
    now = timezone.now()
    for study in studies:
        Study.objects.filter(pk=study.pk).update(last_received_at=now)
        study.last_received_at = now
        study_received.send(sender=Study, study=study, settle_now=False)
    _count(batch, outcomes)
    return outcomes


def _refused_outcome(one: Refusal) -> Outcome:
    return Outcome(name=one.where, status="refused", code=one.code, message=one.message)


def _count(batch: IntakeBatch, outcomes: Sequence[Outcome]) -> None:
    statuses = Counter(outcome.status for outcome in outcomes)
    IntakeBatch.objects.filter(pk=batch.pk).update(
        accepted=F("accepted") + statuses["accepted"],
        duplicates=F("duplicates") + statuses["duplicate"],
    )
