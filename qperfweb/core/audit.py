"""Write the trail. Every change that a person or a program makes to a site's records goes here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models.functions import Now

from qperfweb.core.models import TrailEvent
from qperfweb.core.request_id import current_request_address, current_request_id

ONE_SITTING = timedelta(minutes=10)


def record(
    user: Any,
    action: str,
    obj: models.Model | None = None,
    *,
    site: Any = None,
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> TrailEvent:
    """Add one event in the current transaction: it stands exactly when the change stands.

    Parameters
    ----------
    user
        Who did it; None for the system itself.
    action
        What was done, as ``noun.verb`` in the past, e.g. ``reading.signed``.
    obj
        The record it was done to. Its ``site_id`` names the site unless ``site`` does.
    reason
        What the person gave as the reason.
    details
        Further facts as JSON: ids and values, never patient data.
    """
    person = user if user is not None and user.is_authenticated else None
    return TrailEvent.objects.create(
        site_id=_site_id(obj, site),
        actor=person,
        actor_name=person.username if person else "system",
        action=action,
        object_type=obj._meta.label_lower if obj is not None else "",
        object_id=str(obj.pk) if obj is not None else "",
        reason=reason,
        details=details or {},
        request_id=current_request_id(),
        address=current_request_address()[:45],
    )


def record_access(user: Any, action: str, obj: models.Model, *, site: Any = None) -> None:
    """Add an event unless the same person did the same with ``obj`` within ONE_SITTING.

    For what a viewer or a program does hundreds of times in a row: images, arrays, lists.
    """
    known = TrailEvent.objects.filter(
        # With the time, the index of recent events: a site that is looked at for years has too
        # many of its own to go through at each look.
        site_id=_site_id(obj, site),
        object_type=obj._meta.label_lower,
        object_id=str(obj.pk),
        actor=user,
        action=action,
        at__gt=Now() - ONE_SITTING,
    )
    if not known.exists():
        record(user, action, obj, site=site)


def _site_id(obj: models.Model | None, site: Any) -> Any:
    return site.pk if site is not None else getattr(obj, "site_id", None)
