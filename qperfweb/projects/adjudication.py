"""Disagreements: found when the last reader of a case signs, settled by an adjudicator.

Decisions are only added; the newest holds. Whoever decides names how many decisions they have
seen: two adjudicators at once means that the second is told what the first decided and chooses
again, knowing it. Nothing that either wrote is lost.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from qperfweb.core import audit
from qperfweb.core.errors import Conflict, Invalid, NotAllowed
from qperfweb.core.permissions import Verb, can
from qperfweb.reviews.models import Reading, ReadingState

from .models import (
    Adjudication,
    Assignment,
    AssignmentKind,
    Case,
    Decision,
    Project,
    ProjectMember,
    ProjectRole,
    ProjectState,
)
from .rules import differences, limits_of
from .values import values_of_readings

COMPARED = (AssignmentKind.FIRST, AssignmentKind.THIRD)


def readings_of_case(case: Case, kinds: tuple[str, ...] = COMPARED) -> list[Reading]:
    """The signed readings of a case, readers' before adjudicators'."""
    return list(
        Reading.objects.filter(
            assignment__case=case, assignment__kind__in=kinds, state=ReadingState.SIGNED
        )
        .select_related("reader", "assignment", "run")
        .order_by("assignment__kind", "id")
    )


@transaction.atomic
def adjudication_refresh(case: Case) -> Adjudication | None:
    """Send a case to the adjudicators when all its readers have signed and differ too much."""
    project = Project.objects.select_for_update().get(pk=case.project_id)
    found = Adjudication.objects.filter(case=case).first()
    if found is not None:
        return found
    wanted = case.assignments.filter(kind=AssignmentKind.FIRST, waived_reason="").count()
    readings = readings_of_case(case, (AssignmentKind.FIRST,))
    if len(readings) < max(2, wanted):
        return None
    values = values_of_readings(readings)
    too_far = differences([values[r.pk] for r in readings], limits_of(project.limits))
    if not too_far:
        return None
    adjudication = Adjudication.objects.create(
        site_id=case.site_id,
        project=project,
        case=case,
        differences=[difference.to_json() for difference in too_far],
    )
    audit.record(None, "project.disagreement", case.study, details={"project": project.pk})
    return adjudication


@transaction.atomic
def decision_make(
    adjudication: Adjudication, user: Any, *, reading: Reading, reason: str, seen: int
) -> Decision:
    """Decide which reading counts. ``seen``: how many decisions the user knew of.

    Raises Conflict, with the newest decision in its detail, when there are more.
    """
    adjudication = Adjudication.objects.select_for_update().get(pk=adjudication.pk)
    check_adjudicator(adjudication, user)
    if adjudication.decisions != seen:
        newest = newest_decision(adjudication)
        assert newest is not None  # decisions only grow
        raise Conflict(
            f"{newest.by_name} has decided in the meantime. Keep that decision, or decide again.",
            code="decided",
            detail=decision_json(newest),
        )
    if not reason.strip():
        raise Invalid("Give a reason.", field="reason")
    if all(reading.pk != one.pk for one in readings_of_case(adjudication.case)):
        raise Invalid("Choose one of the signed readings of this case.", field="reading")
    adjudication.decisions += 1
    adjudication.save(update_fields=["decisions"])
    decision = Decision.objects.create(
        site_id=adjudication.site_id,
        project_id=adjudication.project_id,
        adjudication=adjudication,
        number=adjudication.decisions,
        reading=reading,
        reason=reason.strip()[:500],
        by=user,
        by_name=user.display_name,
    )
    audit.record(
        user, "project.adjudicated", adjudication.case.study, reason=reason[:500],
        details={"project": adjudication.project_id, "reading": reading.pk},
    )  # fmt: skip
    return decision


@transaction.atomic
def third_reading_assign(adjudication: Adjudication, user: Any) -> Assignment:
    """Let an adjudicator read the case themselves; the same assignment when asked again."""
    check_adjudicator(adjudication, user)
    assignment, fresh = Assignment.objects.get_or_create(
        project_id=adjudication.project_id,
        case=adjudication.case,
        reader=user,
        kind=AssignmentKind.THIRD,
        round=1,
        defaults={"site_id": adjudication.site_id, "position": 0},
    )
    if fresh:
        audit.record(
            user, "project.third_reading", adjudication.case.study,
            details={"project": adjudication.project_id},
        )  # fmt: skip
    return assignment


def newest_decision(adjudication: Adjudication) -> Decision | None:
    """The decision that holds."""
    return adjudication.all_decisions.order_by("-number").first()


def decision_json(decision: Decision) -> dict[str, Any]:
    return {
        "number": decision.number,
        "reading": decision.reading_id,
        "reason": decision.reason,
        "by": decision.by_name,
        "at": decision.at.isoformat(),
    }


def check_adjudicator(adjudication: Adjudication, user: Any) -> None:
    """Raises NotAllowed or Conflict unless the user may settle this now."""
    member = ProjectMember.objects.filter(
        project_id=adjudication.project_id,
        user=user,
        role=ProjectRole.ADJUDICATOR,
        ended_at=None,
    )
    if not member.exists() or not can(user, Verb.REVIEW, adjudication):
        raise NotAllowed("Only the project's adjudicators settle its disagreements.")
    if adjudication.project.state != ProjectState.OPEN:
        raise Conflict("The project is locked.", code="state")
