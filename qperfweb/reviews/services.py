"""Writes of this package: open a reading, edit it, take back, discard.

Every edit is one transaction that locks the reading, checks that its author saw the newest
revision, adds a revision with the whole content after it, and rewrites the rows of final values.
Nothing is overwritten: undo, too, adds a revision.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from qperfweb.core import audit
from qperfweb.core.errors import Conflict, Invalid, NotAllowed
from qperfweb.runs.models import RunState
from qperfweb.runs.results import all_flags
from qperfweb.runs.services import study_state_refresh
from qperfweb.studies.models import Study

from .carry_over import newest_result, plan
from .content import Content, apply_edit, empty_content
from .figures import figures_of
from .models import (
    Reading,
    ReadingFigure,
    ReadingRevision,
    ReadingSegment,
    ReadingState,
    RevisionKind,
)
from .priors import chosen_prior
from .queries import content_of, history_of, newest_revision, values_of
from .recompute import check_contours, slice_document
from .sight import sight_of


@transaction.atomic
def reading_open(study: Study, user: Any) -> Reading:
    """The user's draft of the study's newest result; made when there is none.

    Raises Conflict when there is no result to read or the study is signed already.
    """
    run = study.runs.filter(state=RunState.SUCCEEDED).order_by("-id").first()
    if run is None:
        raise Conflict("There is no result to read yet.", code="no_result")
    own = study.readings.filter(assignment=None)
    draft = own.filter(reader=user, state=ReadingState.DRAFT).order_by("-id").first()
    if draft is not None:
        return draft
    if own.filter(state=ReadingState.SIGNED, run=run).exists():
        raise Conflict("This result is signed. Add an addendum instead.", code="signed")
    try:
        with transaction.atomic():
            reading = Reading.objects.create(
                site_id=study.site_id, study=study, run=run, reader=user
            )
    except IntegrityError:  # the same user opened it in another window at the same moment
        return Reading.objects.get(run=run, reader=user, state=ReadingState.DRAFT, assignment=None)
    _add_revision(reading, user, RevisionKind.OPENED, empty_content(), history=_NO_HISTORY)
    study_state_refresh(study)
    audit.record(user, "reading.opened", reading)
    return reading


@transaction.atomic
def reading_open_assigned(assignment: Any, user: Any) -> Reading:
    """The reading that fills a place on a project's list; made when there is none.

    It is read on the result that the project fixed for its case, whatever came later.
    """
    case = assignment.case
    there = assignment.readings.exclude(state=ReadingState.DISCARDED).first()
    if there is not None:
        return there
    try:
        with transaction.atomic():
            reading = Reading.objects.create(
                site_id=case.site_id,
                study=case.study,
                run=case.run,
                reader=user,
                assignment=assignment,
            )
    except IntegrityError:  # the same user opened it in another window at the same moment
        return assignment.readings.exclude(state=ReadingState.DISCARDED).get()
    _add_revision(reading, user, RevisionKind.OPENED, empty_content(), history=_NO_HISTORY)
    audit.record(user, "reading.opened", reading, details={"project": assignment.project_id})
    return reading


@transaction.atomic
def reading_edit(reading: Reading, user: Any, edit: Mapping[str, Any]) -> Reading:
    """Apply one edit to a draft and return the reading at its new revision.

    Raises Conflict when somebody edited since ``base_revision`` or the reading is signed, Invalid
    when the edit makes no sense, NotAllowed when the draft is another reader's.
    """
    reading = lock_draft(reading, user, edit["base_revision"])
    kind = edit["kind"]
    if kind in ("undo", "redo"):
        _step(reading, user, kind)
    else:
        newest = newest_revision(reading)
        content, change = apply_edit(
            newest.state["content"],
            _checked(reading, edit),
            author=user.display_name,
            at=timezone.now().isoformat(timespec="seconds"),
            revision=reading.revision + 1,
        )
        history = {"undo": [*newest.state["history"]["undo"], newest.number], "redo": []}
        reason = str(edit.get("reason") or "")
        _add_revision(reading, user, kind, content, history=history, change=change, reason=reason)
    audit.record(
        user, f"reading.{kind}", reading, reason=str(edit.get("reason") or ""),
        details={"revision": reading.revision},
    )  # fmt: skip
    return reading


@transaction.atomic
def reading_discard(reading: Reading, user: Any, base_revision: int) -> Reading:
    """Give up a draft. It stays in the record as discarded."""
    reading = lock_draft(reading, user, base_revision)
    reading.state = ReadingState.DISCARDED
    reading.save(update_fields=["state", "updated_at"])
    study_state_refresh(reading.study)
    audit.record(user, "reading.discarded", reading)
    return reading


@transaction.atomic
def reading_carry_over(reading: Reading, user: Any, base_revision: int) -> Reading:
    """A new draft on the study's newest result with what still fits; the old one is discarded.

    Raises Conflict when there is no newer result.
    """
    old = lock_draft(reading, user, base_revision)
    if old.assignment_id is not None:
        raise Conflict("The project fixes the result that is read.", code="newest")
    run = newest_result(old.study, old.run)
    found = plan(old.run, run, content_of(newest_revision(old)))
    old.state = ReadingState.DISCARDED
    old.save(update_fields=["state", "updated_at"])
    new = Reading.objects.create(site_id=old.site_id, study=old.study, run=run, reader=user)
    _add_revision(
        new, user, RevisionKind.OPENED, found.content, history=_NO_HISTORY,
        change={"carried_over_from": old.pk},
    )  # fmt: skip
    audit.record(user, "reading.carried_over", new, details={"from": old.pk})
    return new


def lock_draft(reading: Reading, user: Any, base_revision: int) -> Reading:
    """The reading, locked for this transaction, after checking that the user may change it now."""
    locked = (
        Reading.objects.select_for_update(of=("self",))
        .select_related("run", "study")
        .get(pk=reading.pk)
    )
    check_own_draft(locked, user)
    if locked.revision != base_revision:
        newest = newest_revision(locked)
        raise Conflict(
            f"{newest.author_name} changed this reading in another window.",
            code="conflict",
            detail={"current_revision": locked.revision, "author": newest.author_name},
        )
    return locked


def check_own_draft(reading: Reading, user: Any) -> None:
    """Raises Conflict for a reading that is no draft, NotAllowed for another reader's."""
    if reading.state != ReadingState.DRAFT:
        raise Conflict("This reading is signed and cannot be changed.", code="signed")
    if reading.reader_id != user.pk:
        raise NotAllowed(f"This draft belongs to {reading.reader.display_name}.")


_NO_HISTORY: dict[str, list[int]] = {"undo": [], "redo": []}


def _step(reading: Reading, user: Any, kind: str) -> None:
    """Undo or redo: a new revision with the content of an earlier one."""
    newest = newest_revision(reading)
    undo, redo = history_of(newest)
    stack = undo if kind == "undo" else redo
    if not stack:
        raise Invalid(f"There is nothing to {kind}.", field="kind")
    target = reading.revisions.get(number=stack[-1])
    history = (
        {"undo": undo[:-1], "redo": [*redo, newest.number]}
        if kind == "undo"
        else {"undo": [*undo, newest.number], "redo": redo[:-1]}
    )
    _add_revision(
        reading, user, kind, target.state["content"], history=history,
        change={"to_content_of": target.number},
    )  # fmt: skip


def _add_revision(
    reading: Reading,
    user: Any,
    kind: str,
    content: Content,
    *,
    history: Mapping[str, list[int]],
    change: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    reading.revision += 1
    ReadingRevision.objects.create(
        site_id=reading.site_id,
        reading=reading,
        number=reading.revision,
        kind=kind,
        author=user,
        author_name=user.display_name,
        reason=reason[:500],
        change=dict(change or {}),
        state={"content": content, "history": dict(history)},
    )
    reading.save(update_fields=["revision", "updated_at"])
    _write_values(reading, content)


def _write_values(reading: Reading, content: Content) -> None:
    """Rewrite the rows that search, agreement and export read."""
    ReadingSegment.objects.filter(reading=reading).delete()
    seen: set[tuple[str, int]] = set()
    rows = []
    for acquired in values_of(reading.run, content):
        for number, value in acquired.segments.items():
            # A repeated acquisition of one condition is shown but not part of the reading's table.
            if (acquired.condition, number) in seen:
                continue
            seen.add((acquired.condition, number))
            rows.append(
                ReadingSegment(
                    site_id=reading.site_id,
                    reading=reading,
                    condition=acquired.condition,
                    segment=number,
                    quantity=value.quantity,
                    automated_value=value.automated_value,
                    contour_value=value.contour_value,
                    typed_value=value.typed_value,
                    final_value=value.value,
                    final_standard_error=value.standard_error,
                    endo=value.endo,
                    epi=value.epi,
                    source=value.source,
                    set_at_revision=value.set_at_revision,
                    not_measured_reason=(value.not_measured_reason or "")[:200],
                )
            )
    ReadingSegment.objects.bulk_create(rows)
    ReadingFigure.objects.filter(reading=reading).delete()
    ReadingFigure.objects.bulk_create(figures_of(reading, content))


def _checked(reading: Reading, edit: Mapping[str, Any]) -> dict[str, Any]:
    """The edit with what it names looked up in the run."""
    run, checked = reading.run, dict(edit)
    kind = edit["kind"]
    if kind in ("override", "comparison") and not sight_of(reading).numbers:
        raise Invalid("Values are hidden in this project: draw the contours instead.", field="kind")
    if kind == "contour":
        checked["contours"] = check_contours(run, edit["slice"], edit["contours"])
    elif kind in ("contour_reset", "quality"):
        slice_document(run, edit["slice"])
    elif kind in ("override", "override_reset", "segment_status", "visual"):
        there = {(a.condition, n) for a in values_of(run, empty_content()) for n in a.segments}
        wanted = edit.get("segments") or [edit["segment"]]
        if any((edit["condition"], segment) not in there for segment in wanted):
            raise Invalid("This result has no such segment.", field="segment")
    elif kind == "acknowledge":
        known = {flag["id"] for flag in all_flags(run.document or {})}
        if not set(edit.get("flags") or [edit.get("flag")]) <= known:
            raise Invalid("This result has no such flag.", field="flag")
    elif kind == "comparison":
        prior = edit.get("prior")
        checked["comparison"] = (
            chosen_prior(reading.study, prior, reading.reader) if prior else None
        )
    return checked
