"""What a user is in a project: follows from membership of the project and the role at its site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from qperfweb.core.permissions import Verb, can, sites_of

from .models import Project, ProjectMember, ProjectRole, ProjectState


@dataclass(frozen=True, kw_only=True)
class Standing:
    """manages: sets up, opens, locks. audits: sees progress and what was locked."""

    manages: bool
    reads: bool
    adjudicates: bool
    audits: bool
    exports: bool

    @property
    def any(self) -> bool:
        return self.manages or self.reads or self.adjudicates or self.audits


def standing(project: Project, user: Any) -> Standing:
    """The user's part in a project. A reader manages nothing before it is locked."""
    own = set(
        project.members.filter(user=user, ended_at=None).values_list("role", flat=True)
        if sites_of(user)
        else ()
    )
    reads = ProjectRole.READER in own
    locked = project.state == ProjectState.LOCKED
    return Standing(
        manages=can(user, Verb.MANAGE_PROJECT, project) and not reads,
        reads=reads and bool(sites_of(user, Verb.EDIT_READING)),
        adjudicates=ProjectRole.ADJUDICATOR in own and bool(sites_of(user, Verb.REVIEW)),
        audits=can(user, Verb.VIEW_TRAIL, project),
        exports=locked and can(user, Verb.EXPORT, project),
    )


def visible_projects(user: Any) -> QuerySet[Project]:
    """Projects that a user manages, audits or takes part in, newest first."""
    sites = {*sites_of(user, Verb.MANAGE_PROJECT), *sites_of(user, Verb.VIEW_TRAIL)}
    own = ProjectMember.objects.filter(user=user, ended_at=None).values("project_id")
    return Project.objects.filter(Q(site_id__in=sites) | Q(pk__in=own)).order_by("-id")
