"""How a reader does on the training studies: each compared with its reference reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .models import Assignment, AssignmentKind, Project
from .rules import Training, differences, training_of
from .values import signed_reading, values_of_readings


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """total, read, passed: studies of the newest round. allowed: the project's studies are open.

    failed: everything is read and too few studies are passed.
    """

    total: int
    read: int
    passed: int
    needed: float
    round: int

    @property
    def allowed(self) -> bool:
        return self.total == 0 or (self.read == self.total and self._enough)

    @property
    def failed(self) -> bool:
        return 0 < self.total == self.read and not self._enough

    @property
    def _enough(self) -> bool:
        return self.passed >= self.needed * self.total - 1e-9


def training_result(project: Project, reader: Any) -> TrainingResult:
    """Where a reader stands; without a training rule or training studies everything is allowed."""
    rule = training_of(project.training)
    rows = Assignment.objects.filter(
        project=project, reader=reader, kind=AssignmentKind.TRAINING
    ).select_related("case__reference")
    newest = max((row.round for row in rows), default=1)
    current = [row for row in rows if row.round == newest]
    if rule is None:
        current = []
    read = {row.pk: reading for row in current if (reading := signed_reading(row)) is not None}
    passed = sum(_passes(row, read[row.pk], rule) for row in current if row.pk in read and rule)
    return TrainingResult(
        total=len(current),
        read=len(read),
        passed=passed,
        needed=rule.share if rule else 0.0,
        round=newest,
    )


def _passes(assignment: Assignment, reading: Any, rule: Training) -> bool:
    reference = assignment.case.reference
    assert reference is not None  # a check constraint says so
    values = values_of_readings([reading, reference])
    return not differences([values[reading.pk], values[reference.pk]], [rule.limit])
