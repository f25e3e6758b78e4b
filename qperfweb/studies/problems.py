"""What was set aside waits here for a person, together with what came with it.

Objects that were set aside for the same reason and name the same study and person are one group and
are decided about together: one mistyped header sets hundreds of images aside.

take    they do belong to that patient or study and join the record as if they came now
other   they belong to another person, who gets a record of their own under the same ID
leave   they stay out; their files stay in the store
reject  they stay out and their files are deleted
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from django.db import transaction
from django.db.models import Count, Max, Min, QuerySet
from django.utils import timezone

from analysis.dicom import Refusal
from qperfweb.core import audit
from qperfweb.core.errors import Conflict, Invalid

from . import storage
from .cleaning import delete_unnamed
from .indexing import Arrival, index_arrivals
from .inspector import inspect_staged
from .models import Instance, IntakeProblem, Study
from .services import study_classify
from .signals import study_received
from .storage import StoredObject

Resolution = Literal["take", "other", "leave", "reject"]

_POSSIBLE: dict[str, tuple[Resolution, ...]] = {
    "identity-conflict": ("take", "other", "leave", "reject"),
    "study-of-another-patient": ("take", "leave", "reject"),
    "uid-reused": ("leave", "reject"),
}


def resolutions_of(problem: IntakeProblem) -> tuple[Resolution, ...]:
    """What can be decided about an object that was set aside for this reason."""
    possible = _POSSIBLE.get(problem.code, ("leave", "reject"))
    # One study is one person's: an object of a known study cannot be another person's.
    return tuple(one for one in possible if one != "other" or problem.study_id is None)


def open_groups(site_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Groups that wait for a decision, newest first: reason, count, first and last arrival."""
    waiting = IntakeProblem.objects.filter(
        site_id__in=site_ids, kind=IntakeProblem.Kind.SET_ASIDE, resolution=""
    )
    columns = ("site__name", "code", "study_instance_uid", "identity_digest", "study_id")
    rows = waiting.values(*columns).annotate(
        count=Count("id"), id=Min("id"), since=Min("created_at"), last=Max("created_at")
    )
    return list(rows.order_by("-last")[:500])


def group_of(problem: IntakeProblem) -> QuerySet[IntakeProblem]:
    """The objects that are decided about together with this one, itself among them."""
    if not problem.study_instance_uid:  # set aside by an older release
        return IntakeProblem.objects.filter(pk=problem.pk)
    return IntakeProblem.objects.filter(
        site_id=problem.site_id,
        kind=problem.kind,
        code=problem.code,
        study_instance_uid=problem.study_instance_uid,
        identity_digest=problem.identity_digest,
        study_id=problem.study_id,
        resolution=problem.resolution,
    ).order_by("id")


def problem_resolve(
    problem: IntakeProblem, *, user: Any, resolution: Resolution, reason: str
) -> IntakeProblem:
    """Decide about one set-aside object; see ``group_resolve``."""
    (decided,) = _resolve([problem.pk], user=user, resolution=resolution, reason=reason)
    return decided


def group_resolve(
    problem: IntakeProblem, *, user: Any, resolution: Resolution, reason: str
) -> list[IntakeProblem]:
    """Decide about an object and all that belong to its group, all of them or none.

    Raises Invalid without a reason or for what cannot be decided (what was received first under a
    UID is never replaced), Conflict when somebody was faster.
    """
    ids = list(group_of(problem).values_list("pk", flat=True))
    return _resolve(ids or [problem.pk], user=user, resolution=resolution, reason=reason)


@transaction.atomic
def _resolve(
    ids: Sequence[int], *, user: Any, resolution: Resolution, reason: str
) -> list[IntakeProblem]:
    rows = IntakeProblem.objects.select_for_update(of=("self",)).select_related("batch")
    problems = list(rows.filter(pk__in=ids).order_by("id"))
    for problem in problems:
        if problem.kind != IntakeProblem.Kind.SET_ASIDE:
            raise Invalid("Only what was set aside can be decided about.")
        if problem.resolution:
            raise Conflict("Somebody has already decided about this object; reload the page.")
        if resolution == "take" and problem.code == "uid-reused":
            raise Invalid(
                "The object that was received first under this UID is never replaced; "
                "send the other one under a UID of its own."
            )
        if resolution not in resolutions_of(problem):
            raise Invalid("This cannot be decided about such an object.", field="resolution")
    if not reason.strip():
        raise Invalid("Please give a reason.", field="reason")
    if resolution in ("take", "other"):
        _take(problems, apart=resolution == "other")
    now = timezone.now()
    for problem in problems:
        problem.resolution, problem.resolved_by, problem.resolved_at = resolution, user, now
        problem.save(update_fields=["resolution", "resolved_by", "resolved_at"])
        details = {"resolution": resolution}
        audit.record(user, "intake.decided", problem, reason=reason, details=details)
    if resolution == "reject":
        hashes = {problem.sha256 for problem in problems}
        transaction.on_commit(lambda: delete_unnamed(hashes))
    return problems


def _take(problems: Sequence[IntakeProblem], *, apart: bool) -> None:
    files = [(problem.file_name, _file_of(problem)) for problem in problems]
    arrivals = []
    for (name, file), facts in zip(files, inspect_staged(files), strict=True):
        if isinstance(facts, Refusal):
            raise Invalid(facts.message)
        arrivals.append(Arrival(name=name, facts=facts, file=file, trusted=True, apart=apart))
    outcomes, studies = index_arrivals(problems[0].batch, arrivals)
    for outcome in outcomes:
        if outcome.status != "accepted":
            raise Conflict(outcome.message)
    for study in studies:
        study.last_received_at = timezone.now()
        study.save(update_fields=["last_received_at"])
        study_classify(study)
        study_received.send(sender=Study, study=study, settle_now=False)


def _file_of(problem: IntakeProblem) -> StoredObject:
    path = storage.object_path(problem.sha256)
    if not path.exists():
        raise Invalid("The file of this object is missing in the store.")
    return StoredObject(sha256=problem.sha256, size_bytes=path.stat().st_size, path=path)


def arrival_facts(problem: IntakeProblem) -> Any:
    """The header facts of a set-aside object; None when its file is gone or cannot be read."""
    path = storage.object_path(problem.sha256)
    if not path.exists():
        return None
    (facts,) = inspect_staged([(problem.file_name, _file_of(problem))])
    return None if isinstance(facts, Refusal) else facts


def known_instance(problem: IntakeProblem) -> Instance | None:
    """What was received before under the same SOP Instance UID."""
    rows = Instance.objects.select_related("series__study")
    return rows.filter(site_id=problem.site_id, sop_instance_uid=problem.sop_instance_uid).first()
