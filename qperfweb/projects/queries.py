"""Reads of this package, as the plain values that the pages show. No automated or read value
leaves here before its project is locked, except to adjudicators about their cases."""

from __future__ import annotations

from typing import Any

from qperfweb.accounts.models import User
from qperfweb.core.permissions import Verb, can
from qperfweb.reviews.models import Reading, ReadingState
from qperfweb.studies.identity import open_identity

from .adjudication import decision_json, readings_of_case
from .analysis_settings import why_not
from .models import (
    Adjudication,
    AssignmentKind,
    Case,
    CaseKind,
    Project,
    ProjectRole,
    ProjectState,
    QueryState,
)
from .opening import case_take_result
from .reading import assignments_with_readings, is_signed, list_of, next_of
from .repeats import repeatability
from .roles import Standing, standing
from .rules import limits_of
from .services import NEEDED_OF
from .training import training_result
from .values import values_of_readings


def project_row(project: Project, user: Any) -> dict[str, Any]:
    """One line of the list of projects, as far as it concerns this user."""
    own = standing(project, user)
    rows = project.assignments.filter(waived_reason="").exclude(kind=AssignmentKind.THIRD)
    if not (own.manages or own.adjudicates or own.audits):
        rows = rows.filter(reader=user)
    signed = rows.filter(readings__state=ReadingState.SIGNED).count()
    return {
        "id": project.pk,
        "name": project.name,
        "purpose": project.purpose,
        "site": project.site.name,
        "state": project.state,
        "state_words": project.get_state_display(),
        "cases": project.cases.count(),
        "to_read": rows.count(),
        "signed": signed,
        "parts": _parts(own),
        "undecided": project.adjudications.filter(decisions=0).count()
        if own.adjudicates or own.manages
        else 0,
    }


def project_state(project: Project, user: Any) -> dict[str, Any]:
    """Everything that the project's page shows this user."""
    own = standing(project, user)
    locked = project.state == ProjectState.LOCKED
    sees_all = own.manages or own.audits or own.adjudicates or locked
    state = project_row(project, user) | {
        "may": {
            "manage": own.manages and not locked,
            "read": own.reads,
            "adjudicate": own.adjudicates,
            "export": own.exports,
        },
        "blinding": project.blinding,
        "blinding_words": project.get_blinding_display(),
        "repeat_percent": project.repeat_percent if own.manages or locked else None,
        "limits": project.limits,
        "limit_words": [limit.words for limit in limits_of(project.limits)],
        "training": project.training,
        "analysis_settings": _settings(project),
        "opened_at": _moment(project.opened_at),
        "locked_at": _moment(project.locked_at),
        "locked_by": project.locked_by.display_name if project.locked_by else None,
        "content_sha256": project.content_sha256,
        "case_count": project.case_count or project.cases.count(),
        "members": _members(project) if sees_all else [],
        "queries_open": project.queries.exclude(state=QueryState.CLOSED).count(),
        "mine": _mine(project, user) if own.reads else None,
        "progress": _progress(project) if sees_all else None,
        "adjudications": _adjudications(project, own, locked),
        "repeatability": repeatability(project) if locked else [],
    }
    if own.manages and project.state == ProjectState.SETUP:
        state["candidates"] = _candidates(project)
    return state


def adjudication_state(adjudication: Adjudication, user: Any) -> dict[str, Any]:
    """A disagreement with its readings side by side: values, who, and what was decided."""
    case = adjudication.case
    readings = readings_of_case(case)
    values = values_of_readings(readings)
    identity = open_identity(getattr(case.study.patient, "identity", None))
    third = case.assignments.filter(kind=AssignmentKind.THIRD, reader=user).first()
    return {
        "id": adjudication.pk,
        "project": {"id": case.project_id, "name": case.project.name},
        "case": case.number,
        "study": case.study_id,
        "patient_name": identity.display_name,
        "patient_id": identity.patient_id,
        "differences": adjudication.differences,
        "readings": [
            {
                "id": reading.pk,
                "label": chr(ord("A") + place),
                "reader": reading.reader.display_name,
                "third": reading.assignment.kind == AssignmentKind.THIRD,
                "signed_at": _moment(reading.signed_at),
                "values": [
                    {"name": name, "segment": segment, "value": value}
                    for (name, segment), value in sorted(values[reading.pk].items())
                ],
            }
            for place, reading in enumerate(readings)
            if reading.assignment is not None
        ],
        "decisions": [
            decision_json(decision) for decision in adjudication.all_decisions.order_by("-number")
        ],
        "third": third.pk if third else None,
        "open": case.project.state == ProjectState.OPEN,
    }


def _parts(own: Standing) -> list[str]:
    named = {"manages": "manager", "reads": "reader", "adjudicates": "adjudicator"}
    parts = [word for field, word in named.items() if getattr(own, field)]
    return parts or (["auditor"] if own.audits else [])


def _mine(project: Project, user: Any) -> dict[str, Any]:
    """The reader's own list; numbers are places on it, so that a repeat looks like any other."""
    turn = next_of(project, user)
    training = training_result(project, user)
    return {
        "next": turn.pk if turn else None,
        "training": {
            "total": training.total,
            "read": training.read,
            "passed": training.passed,
            "needed": training.needed,
            "round": training.round,
            "allowed": training.allowed,
            "failed": training.failed,
        },
        "list": [
            {
                "assignment": one.pk,
                "number": place,
                "training": one.kind == AssignmentKind.TRAINING,
                "state": _reading_state(one),
            }
            for place, one in enumerate(list_of(project, user), start=1)
        ],
    }


def _progress(project: Project) -> dict[str, Any]:
    """Readers by cases: who has read what. States only, no value."""
    cases = list(project.cases.select_related("study", "site"))
    rows = assignments_with_readings(project.assignments.all())
    readers = list(
        User.objects.filter(pk__in={row.reader_id for row in rows}).order_by("full_name", "id")
    )
    cells: dict[tuple[int, int], list[str]] = {}
    for row in rows:
        state = "waived" if row.waived_reason else _reading_state(row)
        kind = "" if row.kind in (AssignmentKind.FIRST, AssignmentKind.TRAINING) else f"{row.kind} "
        cells.setdefault((row.case_id, row.reader_id), []).append(f"{kind}{state}")
    adjudicated = {a.case_id: a for a in project.adjudications.all()}
    queried = set(
        project.queries.exclude(state=QueryState.CLOSED).values_list("case_id", flat=True)
    )
    return {
        "readers": [
            {
                "id": reader.pk,
                "name": reader.display_name,
                "signed": sum(is_signed(r) for r in rows if r.reader_id == reader.pk),
                "total": sum(r.reader_id == reader.pk and not r.waived_reason for r in rows),
                "training_failed": training_result(project, reader).failed,
            }
            for reader in readers
        ],
        "cases": [
            {
                "id": case.pk,
                "number": case.number,
                "study": case.study_id,
                "site": case.site.name,
                "kind": case.kind,
                "problem": _problem(project, case),
                "query": case.pk in queried,
                "adjudication": _adjudication_word(adjudicated.get(case.pk)),
                "cells": [cells.get((case.pk, reader.pk), []) for reader in readers],
            }
            for case in cases
        ],
    }


def _problem(project: Project, case: Case) -> str:
    if project.analysis_settings is None or project.state == ProjectState.LOCKED:
        return ""
    return "" if case_take_result(case).run_id else why_not(case.study, project.analysis_settings)


def _adjudication_word(adjudication: Adjudication | None) -> str:
    if adjudication is None:
        return ""
    return "decided" if adjudication.decisions else "open"


def _adjudications(project: Project, own: Standing, locked: bool) -> list[dict[str, Any]]:
    if not (own.adjudicates or own.manages or locked):
        return []
    return [
        {
            "id": one.pk,
            "case": one.case.number,
            "differences": len(one.differences),
            "decisions": one.decisions,
        }
        for one in project.adjudications.select_related("case").order_by("decisions", "id")
    ]


def _members(project: Project) -> list[dict[str, Any]]:
    rows = project.members.filter(ended_at=None).select_related("user").order_by("role", "id")
    return [
        {
            "id": row.pk,
            "user": row.user_id,
            "name": row.user.display_name,
            "role": row.role,
        }
        for row in rows
    ]


def _candidates(project: Project) -> dict[str, list[dict[str, Any]]]:
    """Who could read or adjudicate: people with the role at the project's sites."""
    sites = {case.site_id: case.site for case in project.cases.select_related("site")}
    wanted = list(sites.values()) or [project.site]
    people = (
        User.objects.filter(memberships__site__in=wanted, is_active=True)
        .distinct()
        .order_by("full_name", "id")
    )
    return {
        role.value: [
            {"id": person.pk, "name": person.display_name}
            for person in people
            if all(can(person, NEEDED_OF[role], site) for site in wanted)
        ]
        for role in ProjectRole
    }


def _reading_state(assignment: Any) -> str:
    if not assignment.kept:
        return "waiting"
    return "signed" if is_signed(assignment) else "draft"


def _settings(project: Project) -> dict[str, Any] | None:
    settings = project.analysis_settings
    if settings is None:
        return None
    return {"pipeline_version": settings["pipeline_version"], "models": settings["models"]}


def _moment(moment: Any) -> str | None:
    return moment.isoformat() if moment else None


def studies_to_give(project: Project, user: Any) -> list[dict[str, Any]]:
    """Studies with a result that the user may give to the project and that it does not have."""
    from qperfweb.core.permissions import sites_of
    from qperfweb.studies.models import Study

    rows = (
        Study.objects.filter(
            site_id__in=sites_of(user, Verb.MANAGE_PROJECT), runs__state="succeeded"
        )
        .exclude(project_cases__project=project)
        .select_related("patient__identity", "site")
        .distinct()
        .order_by("-study_date", "-id")[:500]
    )
    return [
        {
            "id": study.pk,
            "patient_name": (
                who := open_identity(getattr(study.patient, "identity", None))
            ).display_name,
            "patient_id": who.patient_id,
            "study_date": study.study_date.isoformat() if study.study_date else None,
            "site": study.site.name,
            "sequence_class": study.sequence_class,
            "field_strength_t": study.field_strength_t,
        }
        for study in rows
    ]


def cases_in_setup(project: Project) -> list[dict[str, Any]]:
    """The cases while they can still be changed, with the readings that could be a reference."""
    rows = project.cases.select_related("study__patient__identity", "site")
    found = []
    for case in rows:
        who = open_identity(getattr(case.study.patient, "identity", None))
        references = Reading.objects.filter(study=case.study, state=ReadingState.SIGNED).filter(
            assignment=None
        )
        found.append(
            {
                "id": case.pk,
                "number": case.number,
                "patient_name": who.display_name,
                "patient_id": who.patient_id,
                "site": case.site.name,
                "training": case.kind == CaseKind.TRAINING,
                "reference": case.reference_id,
                "references": [
                    {"id": r.pk, "words": f"{r.reader.display_name}, {r.signed_at:%Y-%m-%d}"}
                    for r in references.select_related("reader")
                    if r.signed_at is not None
                ],
            }
        )
    return found
