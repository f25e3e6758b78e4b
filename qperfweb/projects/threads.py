"""Questions of a project to the site of a case: asked, answered, closed, asked again."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from qperfweb.core import audit
from qperfweb.core.errors import Conflict, Invalid, NotAllowed
from qperfweb.core.permissions import Verb, can, sites_of

from .models import Case, ProjectState, QueryMessage, QueryState, SiteQuery
from .roles import standing

Kind = QueryMessage.Kind

AFTER = {
    Kind.QUESTION: QueryState.OPEN,
    Kind.ANSWER: QueryState.ANSWERED,
    Kind.CLOSING: QueryState.CLOSED,
    Kind.REOPENING: QueryState.OPEN,
}
POSSIBLE = {
    QueryState.OPEN: (Kind.ANSWER, Kind.CLOSING),
    QueryState.ANSWERED: (Kind.ANSWER, Kind.CLOSING, Kind.REOPENING),
    QueryState.CLOSED: (Kind.REOPENING,),
}


@transaction.atomic
def query_open(case: Case, user: Any, *, subject: str, text: str) -> SiteQuery:
    """Ask the site of a case. Raises NotAllowed for somebody without a part in the project."""
    if case.project.state != ProjectState.OPEN:
        raise Conflict("Queries are asked while the project is open.", code="state")
    if not _asks(case, user):
        raise NotAllowed("Only members of the project ask about its cases.")
    if not subject.strip() or not text.strip():
        raise Invalid("Write a subject and a question.", field="subject")
    query = SiteQuery.objects.create(
        site_id=case.site_id,
        project=case.project,
        case=case,
        subject=subject.strip()[:160],
        opened_by=user,
    )
    _say(query, user, Kind.QUESTION, text)
    return query


@transaction.atomic
def query_say(query: SiteQuery, user: Any, *, kind: str, text: str) -> SiteQuery:
    """Answer, close or ask again. The site answers; who asked, or manages, closes and reopens."""
    query = SiteQuery.objects.select_for_update(of=("self",)).get(pk=query.pk)
    if query.project.state != ProjectState.OPEN:
        raise Conflict("The project is locked.", code="state")
    if Kind(kind) not in POSSIBLE[QueryState(query.state)]:
        raise Conflict(f"This query is {query.get_state_display().lower()}.", code="state")
    may = can(user, Verb.ANSWER_QUERY, query) if kind == Kind.ANSWER else _owns(query, user)
    if not may:
        raise NotAllowed
    if kind != Kind.CLOSING and not text.strip():
        raise Invalid("Write something first.", field="text")
    _say(query, user, Kind(kind), text)
    return query


def visible_queries(user: Any) -> QuerySet[SiteQuery]:
    """Queries to the user's sites that they may answer, and those of projects they run or asked."""
    seen = Q(site_id__in=sites_of(user, Verb.ANSWER_QUERY))
    seen |= Q(project__site_id__in=sites_of(user, Verb.MANAGE_PROJECT)) | Q(opened_by=user)
    rows = SiteQuery.objects.filter(seen).select_related("project", "case", "site", "opened_by")
    return rows.order_by("-id")


def steps_for(query: SiteQuery, user: Any) -> list[str]:
    """What this user may do with a query now."""
    if query.project.state != ProjectState.OPEN:
        return []
    answers, owns = can(user, Verb.ANSWER_QUERY, query), _owns(query, user)
    return [
        kind.value
        for kind in POSSIBLE[QueryState(query.state)]
        if (answers if kind == Kind.ANSWER else owns)
    ]


def _say(query: SiteQuery, user: Any, kind: QueryMessage.Kind, text: str) -> None:
    QueryMessage.objects.create(
        site_id=query.site_id,
        project_id=query.project_id,
        query=query,
        kind=kind,
        text=text.strip()[:4000],
        author=user,
        author_name=user.display_name,
    )
    if query.state != AFTER[kind]:
        query.state = AFTER[kind]
        query.save(update_fields=["state"])
    audit.record(user, f"query.{kind.value}", query, details={"project": query.project_id})


def _asks(case: Case, user: Any) -> bool:
    own = standing(case.project, user)
    if own.manages or own.adjudicates:
        return True
    return own.reads and case.assignments.filter(reader=user).exists()


def _owns(query: SiteQuery, user: Any) -> bool:
    return query.opened_by_id == user.pk or standing(query.project, user).manages
