"""Remove images that a site keeps no longer; results, arrays and readings stay as they are.

The worker does it every hour by the site's own rule (``Policy.images_kept_days``), and the page of
the site's administrators says beforehand what is due. Each study is one event of the trail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from qperfweb.accounts.models import Site
from qperfweb.core import audit
from qperfweb.core.rls import site_scope
from qperfweb.studies.cleaning import delete_unnamed
from qperfweb.studies.models import Instance, Series, Study

from .erasure import BUSY
from .holds import hold_of, holds_standing
from .pseudonyms import policy_of

AT_ONCE = 200
"""Studies of a site that one round removes images of; the next round takes the next ones."""
SOON = timedelta(days=14)


@dataclass(frozen=True, kw_only=True)
class Due:
    """A study whose images go at ``at``, and how much that is."""

    study: Study
    at: datetime
    objects: int
    megabytes: int


def images_due(site_id: int, *, within: timedelta = timedelta(0)) -> list[Due]:
    """Studies whose images are older than the site keeps them, or will be ``within``, oldest first.

    Studies that are being received or analysed wait until that is done, and those of patients
    whose images are held until the hold ends.
    """
    days = policy_of(site_id).images_kept_days
    if days is None:
        return []
    kept = timedelta(days=days)
    rows: QuerySet[Study] = Study.objects.filter(
        site_id=site_id,
        last_received_at__lt=timezone.now() + within - kept,
        series__instances__isnull=False,
    ).exclude(Q(state__in=BUSY) | Q(patient__in=holds_standing().values("patient")))
    counted = rows.annotate(
        objects_held=Count("series__instances"), bytes_held=Sum("series__instances__size_bytes")
    )
    return [
        Due(
            study=study,
            at=study.last_received_at + kept,
            objects=study.objects_held,
            megabytes=study.bytes_held // 2**20,
        )
        for study in counted.order_by("last_received_at")[:AT_ONCE]
    ]


def retention_carry_out() -> Iterator[tuple[Site, Due]]:
    """Remove what is due at every site; yields each study once its images are gone."""
    for site in Site.objects.order_by("pk"):
        with site_scope([site.pk]):
            due = images_due(site.pk)
        for one in due:
            with site_scope([site.pk]):
                if _images_remove(one):
                    yield site, one


@transaction.atomic
def _images_remove(due: Due) -> bool:
    """False where the study was sent anew in the meantime, is held or is being analysed."""
    study = Study.objects.select_for_update(of=("self",)).get(pk=due.study.pk)
    if study.last_received_at != due.study.last_received_at or study.state in BUSY:
        return False
    if hold_of(study.patient) is not None:
        return False
    objects = Instance.objects.filter(series__study=study)
    hashes = set(objects.values_list("sha256", flat=True))
    objects.delete()
    Series.objects.filter(study=study).delete()
    days = policy_of(study.site_id).images_kept_days
    audit.record(
        None, "study.images_removed", study, reason=f"The site keeps images {days} days.",
        details={"objects": due.objects, "megabytes": due.megabytes},
    )  # fmt: skip
    transaction.on_commit(lambda: delete_unnamed(hashes))
    return True
