"""Read the trail: what a person may see of it, narrowed by study, person, action and day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.apps import apps
from django.db.models import Q, QuerySet

from qperfweb.core.models import TrailEvent
from qperfweb.core.permissions import Verb, is_system_administrator, sites_of


@dataclass(frozen=True, kw_only=True)
class TrailFilter:
    """study: its id. person: a user name. action: how it begins. since, until: days in UTC."""

    study: int | None = None
    person: str = ""
    action: str = ""
    since: date | None = None
    until: date | None = None


def visible_to(user: Any) -> QuerySet[TrailEvent]:
    """Events of the sites whose trail ``user`` may see, and of the installation.

    Of the installation's events (sign-ins, accounts) a system administrator sees all, others
    those by or about members of their sites.
    """
    sites = sites_of(user, Verb.VIEW_TRAIL)
    seen = Q(site_id__in=sites)
    if is_system_administrator(user):
        return TrailEvent.objects.filter(seen | Q(site=None))
    members: Any = apps.get_model("accounts", "Membership").objects.filter(site_id__in=sites)
    people = list(members.values_list("user_id", flat=True).distinct())
    about = Q(object_type="accounts.user", object_id__in=[str(pk) for pk in people])
    return TrailEvent.objects.filter(seen | Q(site=None) & (Q(actor_id__in=people) | about))


def narrowed(events: QuerySet[TrailEvent], wanted: TrailFilter) -> QuerySet[TrailEvent]:
    """The events that a filter lets through, newest first."""
    if wanted.study is not None:
        events = events.filter(of_study(wanted.study))
    if wanted.person:
        events = events.filter(actor_name__iexact=wanted.person)
    if wanted.action:
        events = events.filter(action__startswith=wanted.action)
    if wanted.since:
        events = events.filter(at__gte=_midnight(wanted.since))
    if wanted.until:
        events = events.filter(at__lt=_midnight(wanted.until) + timedelta(days=1))
    return events.select_related("site").order_by("-at", "-id")


def of_study(study_id: int) -> Q:
    """Events about a study or about a record that names it: its runs, readings, series, problems.

    Other sites' records are not found (row-level security), so their ids widen nothing.
    """
    found = Q(object_type="studies.study", object_id=str(study_id))
    for model in apps.get_models():
        names = {field.name for field in model._meta.concrete_fields}
        if model.__module__.startswith("qperfweb.") and {"site", "study"} <= names:
            rows: Any = model._default_manager.filter(study_id=study_id)
            ids = [str(pk) for pk in rows.values_list("pk", flat=True)]
            found |= Q(object_type=model._meta.label_lower, object_id__in=ids)
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
