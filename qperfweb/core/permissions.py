"""Who may do what: the one table of roles and verbs, and how to ask it.

``can(user, verb, obj)`` answers for one object (anything with ``site_id``, or a site);
``sites_of(user, verb)`` gives the sites where the answer is yes. A system administrator runs the
installation and has no patient data without a membership. What is finer than role and site (only
the reader of a draft edits it, a second reader is blinded) lives with the objects concerned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from django.db import models
from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class Role(models.TextChoices):
    """What a member of a site is there."""

    TECHNOLOGIST = "technologist", "Technologist"
    READER = "reader", "Reader"
    REVIEWER = "reviewer", "Core-lab reviewer"
    AUDITOR = "auditor", "Auditor"
    SITE_ADMIN = "site_admin", "Site administrator"


class Verb(models.TextChoices):
    """What can be done with the records of a site."""

    VIEW_STUDY = "study.view", "See studies, images and results"
    UPLOAD = "study.upload", "Send or import DICOM"
    CLASSIFY = "study.classify", "Correct what a series was taken for; settle what was set aside"
    ASSIGN_STUDY = "study.assign", "Give studies to readers"
    START_RUN = "run.start", "Start, repeat and cancel analyses"
    VIEW_READING = "reading.view", "See readings and their history"
    EDIT_READING = "reading.edit", "Read a study: edit contours and values"
    SIGN_READING = "reading.sign", "Sign a reading, add an addendum"
    REVIEW = "reading.review", "Read again blinded, adjudicate"
    MANAGE_PROJECT = "project.manage", "Set up, open and lock projects with the site's studies"
    ANSWER_QUERY = "query.answer", "Answer a project's questions for the site"
    EXPORT = "report.export", "Take out reports and results"
    VIEW_AGREEMENT = "agreement.view", "See automated against manual"
    VIEW_TRAIL = "trail.view", "See who did what"
    REIDENTIFY = "identity.reveal", "Ask who a pseudonym stands for"
    MANAGE_SITE = "site.manage", "Members, tokens and settings of a site"


_LOOK = {Verb.VIEW_STUDY, Verb.VIEW_READING}
_SEND = {Verb.UPLOAD, Verb.CLASSIFY, Verb.START_RUN, Verb.ANSWER_QUERY}

ALLOWED: Mapping[Role, frozenset[Verb]] = {
    Role.TECHNOLOGIST: frozenset({*_LOOK, *_SEND}),
    Role.READER: frozenset(
        {
            *_LOOK,
            *_SEND,
            Verb.ASSIGN_STUDY,
            Verb.EDIT_READING,
            Verb.SIGN_READING,
            Verb.EXPORT,
            Verb.VIEW_AGREEMENT,
        }
    ),
    Role.REVIEWER: frozenset(
        {
            *_LOOK,
            Verb.ASSIGN_STUDY,
            Verb.START_RUN,
            Verb.EDIT_READING,
            Verb.SIGN_READING,
            Verb.REVIEW,
            Verb.MANAGE_PROJECT,
            Verb.EXPORT,
            Verb.VIEW_AGREEMENT,
        }
    ),
    Role.AUDITOR: frozenset({*_LOOK, Verb.EXPORT, Verb.VIEW_AGREEMENT, Verb.VIEW_TRAIL}),
    Role.SITE_ADMIN: frozenset(
        {
            *_LOOK,
            *_SEND,
            Verb.ASSIGN_STUDY,
            Verb.MANAGE_PROJECT,
            Verb.VIEW_TRAIL,
            Verb.REIDENTIFY,
            Verb.MANAGE_SITE,
        }
    ),
}


class Person(Protocol):
    """What this module needs of a user."""

    is_authenticated: bool
    is_active: bool
    token_verbs: frozenset[str] | None

    def roles_by_site(self) -> dict[int, set[Role]]: ...


def sites_of(user: Any, verb: str | None = None) -> list[int]:
    """Ids of the sites where ``user`` may do ``verb`` (None: where the user is a member at all)."""
    if not user.is_authenticated or not user.is_active:
        return []
    person: Person = user
    if verb is not None and person.token_verbs is not None and verb not in person.token_verbs:
        return []
    return sorted(
        site_id
        for site_id, roles in person.roles_by_site().items()
        if verb is None or any(verb in ALLOWED[role] for role in roles)
    )


def can(user: Any, verb: str, obj: Any) -> bool:
    """May ``user`` do ``verb`` with ``obj``: a record with ``site_id``, or a site itself?"""
    site_id = obj.site_id if hasattr(obj, "site_id") else obj.pk
    return site_id in sites_of(user, verb)


def is_system_administrator(user: Any) -> bool:
    """May ``user`` run the installation: people, sites, status? Never through a token."""
    return bool(
        user.is_authenticated
        and user.is_active
        and user.is_system_administrator
        and user.token_verbs is None
    )


class MayDo(BasePermission):
    """DRF: the view names its verb per HTTP method, ``verbs = {"GET": Verb.VIEW_STUDY, ...}``.

    A view or a method without a verb is refused. Objects outside the user's sites are not found in
    the first place (row-level security); this decides what may be done with those inside.
    """

    message = "You do not have the role for this at this site."

    def has_permission(self, request: Request, view: Any) -> bool:
        verb = verb_of(request, view)
        return verb is not None and bool(sites_of(request.user, verb))

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        verb = verb_of(request, view)
        return verb is not None and can(request.user, verb, obj)


def verb_of(request: Request, view: Any) -> str | None:
    """The verb that ``view`` names for the method of ``request``."""
    method = "GET" if request.method in ("HEAD", "OPTIONS") else request.method
    verbs: Mapping[str, str] = getattr(view, "verbs", {})
    return verbs.get(method or "")
