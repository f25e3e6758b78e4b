"""Other studies beside the open one: the next to read, and earlier ones of the same patient."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Q, When

from qperfweb.core.permissions import Verb, sites_of
from qperfweb.studies.models import Study, StudyState

from .content import empty_content
from .priors import difference, prior_values, priors_of
from .queries import content_of, newest_revision, reading_for, values_of


def next_study(study: Study, user: Any) -> int | None:
    """The study to read after this one: the oldest that waits and is the user's, else nobody's."""
    waiting = Study.objects.filter(
        state=StudyState.READY, site_id__in=sites_of(user, Verb.EDIT_READING)
    ).exclude(pk=study.pk)
    theirs = Q(assigned_to=user.pk)
    mine_first = Case(When(theirs, then=0), default=1)
    ordered = waiting.filter(Q(assigned_to=None) | theirs).order_by(
        mine_first, "last_received_at", "id"
    )
    return ordered.values_list("pk", flat=True).first()


def priors_state(study: Study, user: Any) -> list[dict[str, Any]]:
    """Every prior with its values, and the difference of what the user sees now from it."""
    priors = list(priors_of(study, user))
    reading = reading_for(study, user)
    run = reading.run if reading else study.runs.filter(state="succeeded").order_by("-id").first()
    if run is None or not priors:
        return []
    content = content_of(newest_revision(reading)) if reading else empty_content()
    acquired, document = values_of(run, content), run.document or {"acquisitions": []}
    found = []
    for prior in priors:
        values = prior_values(prior)
        change = difference(document, acquired, values)
        found.append(
            {
                **{k: v for k, v in values.items() if k != "sha256"},
                "description": prior.study.description,
                "difference": change["rows"],
                "unlike": change["unlike"],
            }
        )
    return found
