"""What was set aside waits here for a person: take the object in after all, or leave it out."""

from __future__ import annotations

from typing import Any, Literal

from django.db import transaction
from django.utils import timezone

from analysis.dicom import Refusal
from qperfweb.core import audit
from qperfweb.core.errors import Conflict, Invalid

from . import storage
from .indexing import Arrival, index_arrivals
from .inspector import inspect_staged
from .models import IntakeProblem, Study
from .services import study_classify
from .signals import study_received
from .storage import StoredObject

Resolution = Literal["take", "leave"]


@transaction.atomic
def problem_resolve(
    problem: IntakeProblem, *, user: Any, resolution: Resolution, reason: str
) -> IntakeProblem:
    """Decide about a set-aside object.

    take: it does belong to that patient or study; it joins the record as if it came now.
    leave: it stays out; its bytes stay in the store.

    Raises Invalid without a reason, or for taking an object whose UID names another content:
    what was received first is never replaced. Raises Conflict when somebody was faster.
    """
    problem = IntakeProblem.objects.select_for_update().get(pk=problem.pk)
    if problem.kind != IntakeProblem.Kind.SET_ASIDE:
        raise Invalid("Only what was set aside can be decided about.")
    if problem.resolution:
        raise Conflict("Somebody has already decided about this object; reload the page.")
    if not reason.strip():
        raise Invalid("Please give a reason.", field="reason")
    if resolution == "take":
        _take(problem)
    problem.resolution = resolution
    problem.resolved_by = user
    problem.resolved_at = timezone.now()
    problem.save(update_fields=["resolution", "resolved_by", "resolved_at"])
    audit.record(user, "intake.decided", problem, reason=reason, details={"resolution": resolution})
    return problem


def _take(problem: IntakeProblem) -> None:
    if problem.code == "uid-reused":
        raise Invalid(
            "The object that was received first under this UID is never replaced; "
            "send the other one under a UID of its own."
        )
    path = storage.object_path(problem.sha256)
    file = StoredObject(sha256=problem.sha256, size_bytes=path.stat().st_size, path=path)
    (facts,) = inspect_staged([(problem.file_name, file)])
    if isinstance(facts, Refusal):
        raise Invalid(facts.message)
    arrival = Arrival(name=problem.file_name, facts=facts, file=file, trusted=True)
    (outcome,), studies = index_arrivals(problem.batch, [arrival])
    if outcome.status != "accepted":
        raise Conflict(outcome.message)
    for study in studies:
        study.last_received_at = timezone.now()
        study.save(update_fields=["last_received_at"])
        study_classify(study)
        study_received.send(sender=Study, study=study, settle_now=False)
